package mbox

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Reading beside others: what a maildrop that many people read, and none of them owns,
// is opened for. The session lock is taken for reading. So an ordinary session, which
// may remove messages, keeps all readers out, and is kept out by them (ErrInUse); and
// as long as there are readers the file only grows.
//
// A reader opens the file for reading only, so it cannot finish an update that was
// interrupted, and must not show what that left. If it finds one it lets go, opens the
// maildrop once as an ordinary session does, which finishes it, and begins again. While
// another reader is at the same, that is ErrInUse; trying again helps.
//
// The delivery locks are those of any session. The fcntl lock is one for reading, which
// does not keep two readers apart. They need not be: the index is the only thing that
// both may write, and that is done beside others in such a way that one of them does
// (replaceShared). It is written as soon as the scan is over, for those who come while
// the maildrop is open.

// errInterrupted: the file cannot be shown before an interrupted update is finished.
var errInterrupted = errors.New("an interrupted update must be finished first")

// openShared opens a maildrop for reading beside others.
func openShared(path string, o Options) (*Maildrop, error) {
	m, err := openMaildrop(path, o)
	if errors.Is(err, errInterrupted) {
		alone := o
		alone.Shared, alone.Interval = false, 0
		if m, err = openMaildrop(path, alone); err != nil {
			return nil, fmt.Errorf("%w: %w", errInterrupted, err)
		}
		if err = m.Close(); err != nil {
			return nil, err
		}
		o.merged = true
		m, err = openMaildrop(path, o)
	}
	if errors.Is(err, errInterrupted) { // once more, by another session
		err = fmt.Errorf("%w: %w", ErrInUse, err)
	}
	if err == nil {
		m.saveIndex()
	}
	return m, err
}

// interrupted tells whether there is something that recover would finish. Mail of an
// older popper that could not be merged stays where it is, so it counts once only.
func (m *Maildrop) interrupted() error {
	_, names, err := m.journalNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := m.interruptedAt(name); err != nil {
			return fmt.Errorf("%s: journal %s: %w", m.path, name, err)
		}
	}
	return nil
}

func (m *Maildrop) interruptedAt(name string) error {
	f, err := m.openOwned(name)
	if err != nil || f == nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || fi.Size() == 0 {
		return err
	}
	old, err := isMail(f, fi.Size())
	if err == nil && !(old && m.options.merged) {
		err = errInterrupted
	}
	return err
}

// replaceShared is replaceOwn for those who are not alone: whoever has the lock on the
// new file writes it, and the others leave it to him. A file that a process left which
// died is taken over. What got the lock only after it had been renamed into its place is
// not touched any more.
func replaceShared(name string, fill func(f *os.File) error) error {
	fresh := name + ".new"
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close() // which gives the lock back, when all is done
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("%s: %w", fresh, err)
	}
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	same, err := sameFile(fresh, f)
	if err != nil {
		return err
	}
	if !same || !fi.Mode().IsRegular() || int(fi.Sys().(*syscall.Stat_t).Uid) != os.Geteuid() {
		return fmt.Errorf("%s: not a file of this user's own", fresh)
	}
	err = errors.Join(f.Chmod(0o600), f.Truncate(0))
	if err == nil {
		err = fill(f)
	}
	if err == nil {
		err = os.Rename(fresh, name)
	}
	if err != nil {
		os.Remove(fresh)
	}
	return err
}
