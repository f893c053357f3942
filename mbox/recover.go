package mbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Recovery, at each Open, under session lock and delivery locks, before the scan:
// an update that was interrupted is finished (UPD-4), and what the Berkeley server
// left behind is merged (BERK-TEMP-1, merge.go). The algorithm is in update.go.

// errOther: the file is not one that the journal's update can have left.
var errOther = errors.New("the file is not as an interrupted update left it; another program has rewritten it")

// recover finishes whatever was interrupted. An error means that the maildrop cannot
// be shown now; the next Open will try again.
func (m *Maildrop) recover(progress func()) error {
	_, names, err := m.journalNames()
	if err != nil {
		return err
	}
	// Updates first: what is in the middle of one cannot be compared with old mail.
	mail := false
	for _, name := range names {
		is, err := m.recoverFrom(name, progress)
		if err != nil {
			return m.notRecovered(name, err)
		}
		mail = mail || is
	}
	if mail {
		if err := m.recoverMail(m.besideName(), progress); err != nil {
			return m.notRecovered(m.besideName(), err)
		}
	}
	m.dropMerged()
	return nil
}

// recoverMail merges mail that an older popper left behind.
func (m *Maildrop) recoverMail(name string, progress func()) error {
	f, err := m.openOwned(name)
	if err != nil || f == nil {
		return err
	}
	defer f.Close()
	if err := lockLeft(m.options.disk, f, name); err != nil {
		return err
	}
	if m.readOnly != nil {
		m.warn("mail that an older popper left behind cannot be merged: the maildrop cannot be written", "file", name, "err", m.readOnly)
		return nil
	}
	return m.merge(&journal{f: f, name: name, disk: m.options.disk}, progress)
}

// notRecovered says what mends it.
func (m *Maildrop) notRecovered(name string, err error) error {
	switch {
	case errors.Is(err, ErrInUse):
		return err
	case errors.Is(err, unix.EFBIG):
		err = fmt.Errorf("%w: raise the limit on the size of files (ulimit -f, LimitFSIZE)", err)
	case noRoom(err):
		err = fmt.Errorf("%w: make room on its disk or raise the quota", err)
	}
	return fmt.Errorf("%s: an interrupted update cannot be finished now: journal %s: %w", m.path, name, err)
}

// recoverFrom deals with what is at one of the journal's places, and tells whether it is
// mail of an older popper, which it leaves.
func (m *Maildrop) recoverFrom(name string, progress func()) (mail bool, err error) {
	m.dropUnborn(name + ".new")
	m.dropTwin(name)
	f, err := m.openOwned(name)
	if err != nil || f == nil {
		return false, err
	}
	defer f.Close()
	if name == m.besideName() {
		if err := lockLeft(m.options.disk, f, name); err != nil {
			return false, err
		}
	}
	fi, err := f.Stat()
	if err != nil {
		return false, err
	}
	j := &journal{f: f, name: name, disk: m.options.disk}
	if fi.Size() == 0 {
		// An update that was taken back, or mail that was merged. If it cannot be
		// removed it does no harm.
		_ = j.remove()
		return false, nil
	}
	if name == m.besideName() {
		if mail, err = isMail(f, fi.Size()); err != nil || mail {
			return mail, err
		}
	}
	if m.readOnly != nil {
		return false, fmt.Errorf("%w: %w", ErrReadOnly, m.readOnly)
	}
	return false, m.finishUpdate(j, progress)
}

// finishUpdate finishes the update of a journal, or sets it aside.
func (m *Maildrop) finishUpdate(j *journal, progress func()) error {
	_ = os.Remove(m.beside(indexEnding)) // of the file before the update
	h, err := readHead(j.f)
	if err == nil {
		j.head = *h
		err = m.complete(j, progress)
	}
	switch {
	case errors.Is(err, errOlder):
		m.readOnly = err
		m.warn("the maildrop was left in the middle of an update by another version of popper; it is served as it is, may hold mail "+
			"twice or in pieces, and may not be changed", "maildrop", m.path, "journal", j.name, "err", err)
		return nil
	case errors.Is(err, errOther) || errors.Is(err, errDamaged):
		return m.setAside(j, err)
	}
	return err
}

// openOwned opens a file at a journal's place; nil if there is none that may be
// obeyed. The administrator hears of one that may not.
func (m *Maildrop) openOwned(name string) (file, error) {
	f, err := m.options.disk.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR):
		return nil, nil
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.ELOOP), errors.Is(err, unix.EISDIR), errors.Is(err, unix.ENXIO):
		// It is not ours, or no regular file.
	case err != nil: // such as a program that runs, or a file with a lease
		if fi, statErr := m.options.disk.Lstat(name); statErr != nil || m.mayObey(fi) == nil {
			return nil, err
		}
	default:
		var fi, spool os.FileInfo
		if fi, err = f.Stat(); err == nil {
			spool, err = m.mailOwner(fi)
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		if err = journalOwner(fi, spool); err == nil {
			return f, nil
		}
		other := !hasTitle(f)
		f.Close()
		if other {
			break
		}
		m.distrust(name, err)
	}
	if errors.Is(err, fs.ErrPermission) { // it cannot be looked at
		m.distrust(name, err)
	}
	m.warn("a file stands where journals of updates are kept, and is ignored; if it was made by popper under another account, "+
		"give it to this one, else move it away", "file", name, "err", err, "uid", os.Geteuid())
	return nil, nil
}

// mayObey is journalOwner for a file that may not be there to be compared with.
func (m *Maildrop) mayObey(fi os.FileInfo) error {
	spool, err := m.mailOwner(fi)
	if err != nil {
		return err
	}
	return journalOwner(fi, spool)
}

// hasTitle tells whether a file begins like a journal.
func hasTitle(f file) bool {
	b := make([]byte, len("popper update journal"))
	return readFull(f, b, 0) == nil && string(b) == headTitle[:len(b)]
}

// distrust keeps a maildrop from being changed beside which there is a file that could be
// its journal, but is not obeyed: one of another account of popper's, or with a second
// name. What others put there is no reason.
func (m *Maildrop) distrust(name string, because error) {
	fi, err := m.options.disk.Lstat(name)
	if err != nil || !fi.Mode().IsRegular() || fi.Size() == 0 || m.readOnly != nil {
		return
	}
	spool, err := m.mailOwner(fi)
	if uid := owner(fi); err == nil && (uid == os.Geteuid() || uid == 0 || uid == owner(spool)) {
		m.readOnly = fmt.Errorf("%s may be the journal of an update, and cannot be used: %w: give it to the user that popper runs as, "+
			"with one name only, or move it away", name, because)
	}
}

// dropUnborn removes a journal that was not finished: its update never began.
func (m *Maildrop) dropUnborn(name string) {
	fi, err := m.options.disk.Lstat(name)
	if err == nil && fi.Mode().IsRegular() && owner(fi) == os.Geteuid() {
		_ = m.options.disk.Remove(name)
	}
}

// isMail tells whether f begins as a mailbox does: with a separator line, before which
// there may be empty lines. One without any message counts too.
func isMail(f file, size int64) (bool, error) {
	b := make([]byte, min(size, maxPreamble+maxOpenLine+1))
	if err := readFull(f, b, 0); err != nil {
		return false, err
	}
	read := int64(len(b))
	for {
		line, rest, more := bytes.Cut(b, []byte{'\n'})
		switch {
		case !more && len(line) == 0:
			return read == size, nil
		case !more || len(bytes.TrimSuffix(line, []byte{'\r'})) > 0:
			return separator(line), nil
		}
		b = rest
	}
}

// complete finishes the update of journal j.
func (m *Maildrop) complete(j *journal, progress func()) error {
	s := newSlide(m.f, j, progress)
	now, err := stat(m.f)
	if err != nil {
		return err
	}
	if now.size < j.size {
		return fmt.Errorf("%w (%d octets, not %d; its inode is %d, and was %d)", errOther, now.size, j.size, now.ino, j.ino)
	}
	cut, err := s.wasCut(now.size)
	if err == nil && !cut {
		err = s.checkLeftover(now.size)
	}
	if err != nil {
		return err
	}
	p, w, err := s.locate(cut)
	if err != nil {
		return err
	}
	// What was read may be in memory only. It must be durable before it is relied on.
	if err := s.settle(w); err != nil {
		return err
	}
	if err := s.run(p + w.n); err != nil {
		return err
	}
	if cut {
		err = j.remove()
	} else {
		err = m.conclude(s, progress)
	}
	if err == nil {
		m.warn("an update that was interrupted has been finished", "maildrop", m.path, "journal", j.name)
	}
	return err
}

// carryOn finishes an update behind which mail was delivered before the file is cut:
// the mail moves to where it belongs, by an update of its own whose journal takes the
// place of the first one's.
func (m *Maildrop) carryOn(s *slide, size int64, progress func()) error {
	from := s.j.before
	if s.keep[len(s.keep)-1].end < from {
		// The last message went, and so do line ends that were delivered to close it.
		var err error
		if from, err = m.skipLineEnds(from, size); err != nil {
			return err
		}
	}
	p := plan{to: s.size, size: s.size}
	p.add(from, size)
	if len(p.keep) == 0 {
		return s.finish()
	}
	if err := s.j.freeWindow(); err != nil {
		return err
	}
	next, err := m.begin(p, size, []string{s.j.name}, true, m.options.window, progress)
	if noRoom(err) {
		next, err = m.begin(p, size, []string{s.j.name}, true, 0, progress)
	}
	if err != nil {
		return err
	}
	defer next.j.f.Close()
	if err := next.run(p.to); err != nil {
		return err
	}
	return m.conclude(next, progress)
}

// skipLineEnds finds the first octet of [from, to) that is not part of an LF or CRLF.
func (m *Maildrop) skipLineEnds(from, to int64) (int64, error) {
	err := m.read(from, to, func(b []byte) bool {
		n := 0
		for n < len(b) && (b[n] == '\n' || b[n] == '\r') {
			n++
		}
		from += int64(n)
		return n == len(b)
	})
	return from, err
}

// setAside gives a journal that cannot be obeyed a name under which it stays until
// an administrator has looked at it. The maildrop is served as it is; if the journal
// keeps its name, nothing may be removed, for there is no place for another one.
func (m *Maildrop) setAside(j *journal, because error) error {
	const served = "the maildrop was left in the middle of an update, which cannot be finished; it is served as it is, and may hold " +
		"mail twice or in pieces: compare it with a backup, or with the journal, which is kept; "
	aside := j.name + ".unfinished-" + time.Now().UTC().Format("20060102T150405.000000")
	err := m.options.disk.Rename(j.name, aside)
	if err == nil {
		err = j.syncDir()
	}
	if err == nil {
		m.warn(served+"remove that when done", "maildrop", m.path, "journal", aside, "err", because)
		return nil
	}
	if errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("%w: %s", err, permission(filepath.Dir(j.name), "write"))
	}
	name := j.name
	if _, statErr := m.options.disk.Lstat(name); statErr != nil {
		name = aside // it is called so now, but may not be after a power cut
	}
	m.readOnly = fmt.Errorf("journal %s cannot be set aside: %w", name, err)
	m.warn(served+"until it can be set aside the maildrop may not be changed: move it away when done",
		"maildrop", m.path, "journal", name, "err", errors.Join(because, err))
	return nil
}

func (m *Maildrop) warn(msg string, args ...any) {
	if m.options.Warn != nil {
		m.options.Warn(msg, args...)
	}
}

func owner(fi os.FileInfo) int { return int(fi.Sys().(*syscall.Stat_t).Uid) }

func links(fi os.FileInfo) uint64 { return uint64(fi.Sys().(*syscall.Stat_t).Nlink) }
