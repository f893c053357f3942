package mbox

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// The Berkeley popper copied the maildrop to ".user.pop" at login, emptied the
// maildrop, and wrote back at QUIT what was left. A crash left mail in that file,
// and it is merged (BERK-TEMP-1): messages that the maildrop does not hold, counted by
// the hash that makes unique-ids, are appended to it.
//
// Appending must not leave a torn message behind, nor add one twice, and mail that is
// delivered after a crash must stay. So first a record of what is to be appended, and
// where, is made durable in the state directory (mergerecord.go). Then the file is given its new length at
// once, zeros at first, with the room for them reserved; mail delivered from then on
// lies behind. Then the octets are written, fsync. Whatever a crash leaves of them can
// be written again: each is zero or right. When all is durable the old file is emptied,
// and only then removed with the record, since without the right to remove it it would
// be merged again when its messages have been deleted.
//
// Another program's bookkeeping (MBOX-6) is at the front of the maildrop, and the
// Berkeley popper copied it with the rest, so that it is at the front of the old file.
// It is no mail, but other programs number their messages by it, so it is not to be
// lost either. Where it can be found again is at the front of a maildrop only: behind
// other messages it would be a letter. So if the maildrop has neither mail nor
// bookkeeping it is appended like mail, before the rest. If the maildrop has the same,
// that one is newer: it has been at hand since. Otherwise the old file, instead of
// being emptied, is cut down to it, and set aside under a name that tells; so whoever
// misses it can put it back, and no mail lies about twice.
//
// The old file is locked meanwhile (leftover.go). If it is longer in the end than when it
// was read, it is not emptied but read once more; so it is if it has grown since the
// record of an interrupted merge was made.
//
// If it fails half-way (the disk is full), the file is cut back to its old length,
// the old file stays, and the maildrop is served without it.
//
// What can go wrong: a program that ignores the delivery locks appends meanwhile, or one
// that ignores locks rewrites the old file in the same length. A
// state directory that does not outlive a crash (one in memory) leaves the zeros in the
// maildrop; nothing is lost, for the old file is whole, but an administrator must cut
// them away. And if a crash loses the new length, but not the record, and then at least
// as many octets are delivered, they are told from the merged ones by what they are.

// merge appends to the maildrop what old, a mailbox, has and it has not.
func (m *Maildrop) merge(old *journal, progress func()) error {
	r, err := m.mergeBegun(old, progress)
	if err != nil {
		return err
	}
	for range maxReopen {
		begun := r != nil
		if !begun {
			if r, err = m.planMerge(old, progress); err != nil {
				m.warn("mail that an older popper left behind cannot be merged", "file", old.name, "err", err)
				return nil
			}
		}
		if err := m.append(r, begun, progress); err != nil {
			return m.undoMerge(r, old, err)
		}
		if whole, err := m.merged(r, old); err != nil || whole {
			return err
		}
		r = nil // it has grown: once more, for the rest
	}
	m.dropUnborn(m.mergeName())
	m.warn("mail that an older popper left behind was merged, but the file grows while it is read: find and stop the program that writes it",
		"maildrop", m.path, "file", old.name)
	return nil
}

// append carries out r.
func (m *Maildrop) append(r *mergeRecord, begun bool, progress func()) error {
	if r.size == r.to {
		return nil
	}
	if !begun {
		if err := m.lengthen(r); err != nil {
			return err
		}
	}
	return m.write(r, progress)
}

// planMerge finds out which messages of old are to be appended.
func (m *Maildrop) planMerge(old *journal, progress func()) (*mergeRecord, error) {
	here := make(map[uidSum]int)
	id, err := m.eachSum(m.f, m.path, progress, func(sum uidSum, _ extent, _ bool) { here[sum]++ })
	if err != nil {
		return nil, err
	}
	none := len(here) == 0
	r := &mergeRecord{ino: int64(id.ino), before: id.size}
	if r.front, err = missingEnds(m.f, id.size); err != nil {
		return nil, err
	}
	r.to = id.size + r.front
	r.size = r.to
	last, err := m.eachSum(old.f, old.name, progress, func(sum uidSum, e extent, books bool) {
		here[sum]--
		switch {
		case here[sum] >= 0: // the maildrop has it
		case books && !none:
			r.stays = e.end
		default:
			r.add(e.from, e.end)
		}
	})
	r.left = last.size
	if err != nil || r.size == r.to {
		return r, err
	}
	if r.keep[len(r.keep)-1].end == last.size {
		r.back, err = missingEnds(old.f, last.size)
	}
	r.outputs = newOutputs(old.f, r.plan)
	return r, err
}

// eachSum scans mailbox f and calls use for each message, of which the first may be
// bookkeeping.
func (m *Maildrop) eachSum(f file, name string, progress func(), use func(sum uidSum, e extent, books bool)) (identity, error) {
	o := m.options
	o.Unquote = false
	box := &Maildrop{path: name, options: o, f: f}
	var err error
	if box.table, err = scanFile(f, o, progress); err != nil {
		return box.id, err
	}
	books := len(box.hidden)
	box.msgs = append(box.hidden, box.msgs...)
	w := window{m: box, k: -1, buf: getBlock(o.block)}
	defer func() { putBlock(w.buf) }()
	e := essence{to: sha256.New()}
	for i := range box.msgs {
		sum, err := box.sum(i, &w, &e)
		if err != nil {
			return box.id, err
		}
		from, end := box.extent(i)
		use(sum, extent{from, end}, i < books)
	}
	return box.id, nil
}

// missingEnds is how many LFs a file of size octets lacks for a separator line to follow.
func missingEnds(f file, size int64) (int64, error) {
	if size == 0 {
		return 0, nil
	}
	b := make([]byte, min(size, 3))
	if err := readFull(f, b, size-int64(len(b))); err != nil {
		return 0, err
	}
	switch {
	case bytes.HasSuffix(b, []byte("\n\n")), string(b) == "\n\r\n", string(b) == "\r\n", string(b) == "\n":
		return 0, nil
	case b[len(b)-1] == '\n':
		return 1, nil
	}
	return 2, nil
}

// lengthen makes the record durable, and the file as long as it will be.
func (m *Maildrop) lengthen(r *mergeRecord) error {
	if err := m.saveMerge(r); err != nil {
		return err
	}
	err := m.options.disk.Reserve(m.f, r.before, r.end()-r.before)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := m.f.Truncate(r.end()); err != nil {
		return err
	}
	return m.f.Sync()
}

// write writes what is to be appended into its place.
func (m *Maildrop) write(r *mergeRecord, progress func()) error {
	err := r.each(m.options.block, func(b []byte, at int64) error {
		progress()
		_, err := m.f.WriteAt(b, at)
		return err
	})
	if err != nil {
		return err
	}
	return m.f.Sync()
}

// undoMerge cuts the file back, unless mail has been delivered behind the new end;
// then the maildrop cannot be shown until the merge can be finished.
func (m *Maildrop) undoMerge(r *mergeRecord, old *journal, because error) error {
	id, err := stat(m.f)
	if err == nil && id.size > r.end() {
		err = errors.New("mail was delivered behind what is being merged")
	}
	if err == nil {
		err = m.f.Truncate(r.before)
	}
	if err == nil {
		err = m.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("merging %s: %w; cutting back: %w", old.name, because, err)
	}
	m.dropUnborn(m.mergeName())
	m.warn("mail that an older popper left behind cannot be merged now, and stays where it is; the next login tries again: if the disk is full, make room",
		"maildrop", m.path, "file", old.name, "err", because)
	return nil
}

// merged takes away the old file, whose mail is durable in the maildrop, up to the
// bookkeeping that stays. It does not if there is more in the old file than was read.
func (m *Maildrop) merged(r *mergeRecord, old *journal) (whole bool, err error) {
	id, err := stat(old.f)
	if err != nil || id.size != r.left {
		return false, err
	}
	if err := old.f.Truncate(r.stays); err != nil {
		return false, err
	}
	if err := old.f.Sync(); err != nil {
		return false, err
	}
	m.warn("mail that an older popper left behind was merged", "maildrop", m.path, "file", old.name)
	if r.stays > 0 {
		m.putAside(old)
	} else {
		_ = old.remove() // empty it does no harm
	}
	return true, nil
}

// putAside gives bookkeeping that is left of the old file a name of its own. Where that
// cannot be, it does no harm under the old one: there is nothing in it to merge, and the
// next login tries again.
func (m *Maildrop) putAside(old *journal) {
	aside := old.name + ".bookkeeping-" + time.Now().UTC().Format("20060102T150405.000000")
	err := m.options.disk.Rename(old.name, aside)
	if err != nil {
		m.warn("bookkeeping of another mail program, all that is left of what an older popper left behind, cannot be moved out of the way: "+
			"move it away", "file", old.name, "err", err)
		return
	}
	_ = old.syncDir()
	m.warn("bookkeeping of another mail program, which an older popper left behind and the maildrop has no place for, is kept; "+
		"remove it if no such program is used any more", "maildrop", m.path, "file", aside)
}
