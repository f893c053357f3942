package mbox

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// The update: how the file becomes what the plan says, so that a crash or power cut
// at any instant leaves, after the next Open, either the file as it was or as it was
// to become (UPD-4), and a full disk leaves it as it was (UPD-5).
//
// If nothing stays behind the first octet that goes, one ftruncate does it; file
// systems make that atomic. If the fsync after it fails, the mail is gone as long as the
// system runs, and nobody knows for how long (ErrNotDurable).
//
// Otherwise what stays slides towards the front. The outputs, the octets that the new
// file has from there on, are counted in chunks.
// Before the first octet of the file changes, a journal is on the disk: which file,
// which extents stay, a checksum of each chunk of the outputs, and room for a window.
// It is written under a temporary name, and renaming it begins the update. Then:
//
//	step    Let the outputs before p be durable in their places, and let shift be the
//	        distance from p to its source. Writing [p, p+shift) destroys no source
//	        that is still needed. If that is a whole window or more, it is written
//	        straight. If it is less, a window of outputs from p on is put into the
//	        journal with a record that says so, fsync; now their sources may be
//	        destroyed, and outputs are written from p to the end of the window and on
//	        by the shift there. fsync of the file ends the step; only then may the
//	        window area be used again.
//	finish  ftruncate, fsync, unlink of the journal, fsync of its directory. The
//	        caller hears of success after that.
//
// Why each step can be repeated: at any instant each chunk is durable in its place,
// or whole in the journal, or whole at its source. Its checksum tells which, so
// nothing needs to be believed about how far the update had come. Recovery
// (recover.go) finds the first chunk that is not in its place, makes sure of all the
// others, and only then writes: the window again, and on from there with the same
// loop. It never writes anything but outputs into their places, in order, which
// leaves the same three cases, so it can be interrupted as often as one likes.
//
// A record is overwritten in place. When that begins, the window that it spoke of is
// durable in the file, and when the record is torn, or durable before its window is,
// no source of that window has been touched yet: without the window each of its chunks
// is found at its source.
//
// Has the file been cut already? Mail that was delivered between crash and recovery
// lies behind the old end or behind the new one, and stays; so the size does not tell.
// The slide never writes behind the last output: the octets from there to the old end,
// the leftover, are what they were until the cut, and after it there is nothing, or a
// delivery, which begins with an "F" or a line end. If the leftover begins otherwise,
// its first octet tells. If it begins like a delivery, that octet is made a NUL before
// the cut, fsync, and a record says so, fsync: without the record the file has not been
// cut, and with it an octet that is no NUL is one that was delivered.
//
// The two cases so are told apart by one octet and one record, and then each is made
// sure of: before the cut all of the leftover must have its checksum, after it all
// outputs must be in their places. If another program has changed the leftover, even
// when nothing but the cut was missing, the file is not one that the update left.
//
// It need not be the same inode: a spool may be copied after a crash. All that the
// update relies on has checksums; what has none, the octets that go and those before
// the first of them, it does not read. And where mail is equal, it is the same mail.
//
// Mail that was delivered behind the old end while an update was under way moves to
// its place when all outputs are in theirs, before the cut: by an update of its own,
// whose journal takes the place of the first one's in one rename. Until then the first
// one holds, and needs its window no more. So that a full disk does not keep the
// maildrop from being shown, the room of that window, two chunks at least, is given
// back first; the second journal, with a window of one chunk if need be, fits into it. (If
// that is interrupted, and mail comes once more, a third has the room of one chunk.)
//
// What is assumed of the file system: fsync tells the truth; rename, unlink and
// ftruncate are atomic; a write that was not followed by fsync changes nothing but
// the blocks that it is for (in any order, torn anywhere).
//
// What can still go wrong: a program that ignores the delivery locks writes in the
// middle, or another one rewrites the file between crash and recovery; then checksums
// do not fit, nothing is touched, and the journal is set aside for the administrator;
// where it cannot be, the maildrop can only be read. A program that reads the file
// before popper has finished sees mail twice and torn.
// If another program takes the room that the first journal gives back for the second,
// the login is refused until there is room, since mail would be shown twice.
// A journal in a directory that is not looked into any more is not found. A device that
// loses octets of which fsync had an error still shows them until they leave memory:
// so recovery writes all that it relies on once more before its own fsync.

// carryOut makes the file of size octets what p says, and returns when the disk has it.
func (m *Maildrop) carryOut(p plan, size int64, progress func()) error {
	if len(p.keep) == 0 {
		return m.cut(p.size, size)
	}
	where, _, err := m.journalNames()
	if err == nil && m.options.Journal != "" {
		err = os.MkdirAll(m.options.Journal, 0o700)
	}
	if err != nil {
		return notBegun(fmt.Errorf("journal directory: %w", err))
	}
	s, err := m.begin(p, size, where, false, m.options.window, progress)
	if err != nil {
		return notBegun(err)
	}
	defer s.j.f.Close()
	err = s.run(p.to)
	if err == nil {
		err = m.conclude(s, progress)
	}
	switch {
	case err == nil:
		return nil
	case s.touched:
		return fmt.Errorf("%w: %w: journal %s stays", ErrUnfinished, err, s.j.name)
	}
	return notBegun(s.j.cancel(err))
}

// notBegun marks an error before which no octet of the file was changed, and no
// journal stays that would do it later.
func notBegun(err error) error {
	switch {
	case errors.Is(err, ErrUnfinished):
		return err
	case errors.Is(err, unix.EFBIG):
		return fmt.Errorf("%w: %w: raise the limit on the size of files (ulimit -f, LimitFSIZE)", ErrNotBegun, err)
	case noRoom(err):
		return fmt.Errorf("%w: %w: make room or raise the quota, or set a journal directory on a disk that has room", ErrNotBegun, err)
	}
	return fmt.Errorf("%w: %w", ErrNotBegun, err)
}

func noRoom(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}

// cut removes a suffix of the file, which had before octets when it was compared. It
// looks once more, for programs that deliver without our locks.
func (m *Maildrop) cut(size, before int64) error {
	now, err := stat(m.f)
	if err == nil && now.size != before {
		err = fmt.Errorf("%w: %s went from %d to %d octets in spite of the delivery locks: make its programs and this server use the same kinds",
			ErrChanged, m.path, before, now.size)
	}
	if err == nil {
		err = m.f.Truncate(size)
	}
	if err != nil {
		return notBegun(err)
	}
	if err := m.f.Sync(); err != nil {
		return fmt.Errorf("%w: %w: look for errors of the disk in the system's log", ErrNotDurable, err)
	}
	return nil
}

// conclude ends an update whose outputs are in their places. A program that delivers
// without our locks may have done so while they moved, which can take minutes; what it
// brought is carried on. Between this look and the cut it has microseconds left.
func (m *Maildrop) conclude(s *slide, progress func()) error {
	now, err := stat(m.f)
	switch {
	case err != nil:
		return err
	case now.size < s.j.before:
		return fmt.Errorf("%w (cut to %d octets during the update)", errOther, now.size)
	case now.size > s.j.before:
		return m.carryOn(s, now.size, progress)
	}
	return s.finish()
}

// begin makes the journal for an update, with a window of at most so many octets or
// one chunk; the file is not changed yet.
func (m *Maildrop) begin(p plan, size int64, places []string, replace bool, window int64, progress func()) (*slide, error) {
	h := head{before: size, plan: p, chunk: int64(m.options.block)}
	if n := h.planLength(int64(len(p.keep))); n > maxPlan {
		return nil, fmt.Errorf("the journal would be too long (a list of %d octets; %d are allowed): delete neighbouring messages, or fewer at one time",
			n, maxPlan)
	}
	o := newOutputs(m.f, p)
	h.window = windowFor(o, h.chunk, window)
	id, err := stat(m.f)
	if err != nil {
		return nil, err
	}
	h.ino = int64(id.ino)
	if err := m.summarize(&h, o, progress); err != nil {
		return nil, err
	}
	if err := m.probe(p.size - 1); err != nil {
		return nil, err
	}
	j, err := m.makeJournal(h, places, replace)
	if err != nil {
		return nil, err
	}
	return newSlide(m.f, j, progress), nil
}

// summarize computes the checksums of the head.
func (m *Maildrop) summarize(h *head, o outputs, progress func()) error {
	buf := getBlock(m.options.block)
	defer putBlock(buf)
	for p := h.to; p < h.size; p += h.chunk {
		progress()
		b := buf[:min(h.chunk, h.size-p)]
		if err := o.read(b, p); err != nil {
			return err
		}
		h.sums = append(h.sums, sum64(b))
	}
	first, err := octetAt(m.f, h.size)
	if err != nil {
		return err
	}
	if likeDelivery(first) {
		h.mark = first
	}
	h.leftSum, err = h.sumLeftover(m.f, first, progress)
	return err
}

// likeDelivery tells whether what a delivery agent appends can begin with that octet.
func likeDelivery(first byte) bool { return first == 'F' || first == '\r' || first == '\n' }

// sumLeftover is the checksum of what is now where the leftover was, with first for
// its first octet, which may have been marked.
func (h *head) sumLeftover(f file, first byte, progress func()) (uint64, error) {
	buf := getBlock(int(h.chunk))
	defer putBlock(buf)
	sum := sum64([]byte{first})
	for at := h.size + 1; at < h.before; {
		progress()
		b := buf[:min(h.chunk, h.before-at)]
		if err := readFull(f, b, at); err != nil {
			return 0, err
		}
		sum = more64(sum, b)
		at += int64(len(b))
	}
	return sum, nil
}

func octetAt(f file, at int64) (byte, error) {
	var b [1]byte
	err := readFull(f, b[:], at)
	return b[0], err
}

// probe writes the octet at offset at as it is. A limit on the size of files that
// this process may write, or a file system that has become read-only, then shows
// before it is too late.
func (m *Maildrop) probe(at int64) error {
	b, err := octetAt(m.f, at)
	if err != nil {
		return err
	}
	_, err = m.f.WriteAt([]byte{b}, at)
	return err
}
