package mbox

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// LockKind is a way in which delivery agents lock a spool file.
type LockKind uint8

const (
	// Dotlock is a file beside the spool file, its name with ".lock" appended.
	Dotlock LockKind = iota + 1
	// Fcntl is a POSIX record lock on the whole file.
	Fcntl
	// Flock is a BSD lock on the file.
	Flock
)

func (k LockKind) String() string {
	switch k {
	case Dotlock:
		return "dotlock"
	case Fcntl:
		return "fcntl"
	case Flock:
		return "flock"
	}
	return fmt.Sprintf("LockKind(%d)", uint8(k))
}

// The delivery locks. They are held while the file is scanned and while it is
// updated, never while a client is waited for (LOCK-1). All kinds asked for are
// taken in the order given. If one is held by somebody else, those taken so far
// are let go before the pause: programs that take the same locks in another order
// cannot then block us and themselves until both give up.
//
// The fcntl lock is an open file description lock. It conflicts with other
// programs' POSIX locks just like one, but it is not lost when any other
// descriptor of the file is closed in this process, which serves many sessions.

// delivery is the set of delivery locks that are held.
type delivery struct {
	undo []func()
	dot  *dotlock
}

// lockDelivery takes the delivery locks on f, which is at path, within o.Wait
// and until o.Cancel is closed.
func lockDelivery(path string, f *os.File, o Options) (*delivery, error) {
	deadline := time.Now().Add(o.Wait)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if o.canceled() {
			return nil, ErrCanceled
		}
		d, err := tryLocks(path, f, o)
		if !errors.Is(err, errBusy) {
			return d, err
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, fmt.Errorf("%w: %s: %w (waited %s)", ErrLocked, path, err, o.Wait)
		}
		o.sleep(min(pause, left))
	}
}

// sleep pauses for d, or until o.Cancel is closed.
func (o Options) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-o.Cancel:
	}
}

func (o Options) canceled() bool {
	select {
	case <-o.Cancel:
		return true
	default:
		return false
	}
}

// tryLocks makes one attempt at all locks: it takes all or none.
func tryLocks(path string, f *os.File, o Options) (*delivery, error) {
	d := new(delivery)
	for _, kind := range o.Locks {
		if err := d.take(kind, path, f, o.Stale); err != nil {
			d.release()
			return nil, err
		}
	}
	return d, nil
}

func (d *delivery) take(kind LockKind, path string, f *os.File, stale time.Duration) (err error) {
	switch kind {
	case Dotlock:
		if d.dot, err = takeDotlock(path+".lock", stale); err == nil {
			d.undo = append(d.undo, d.dot.release)
		}
	case Fcntl:
		if err = fcntlLock(f); err == nil {
			d.undo = append(d.undo, func() { fcntlUnlock(f) })
		}
	case Flock:
		if err = flock(f); err == nil {
			d.undo = append(d.undo, func() { unix.Flock(int(f.Fd()), unix.LOCK_UN) })
		}
	default:
		err = fmt.Errorf("unknown kind of lock: %s", kind)
	}
	return err
}

// release lets go of all locks, the last one taken first. A failure is not told:
// what was done under the lock is done, and the kernel drops its locks with the
// descriptor, the next session a dotlock with its age.
func (d *delivery) release() {
	for i := len(d.undo) - 1; i >= 0; i-- {
		d.undo[i]()
	}
	d.undo, d.dot = nil, nil
}

// refresh is called again and again during long work under the locks.
func (d *delivery) refresh() {
	if d.dot != nil {
		d.dot.refresh()
	}
}

// fcntlLock makes one attempt at the record lock: for writing, or for reading if
// that is all the descriptor allows.
func fcntlLock(f *os.File) error {
	err := setLock(f, unix.F_WRLCK)
	if errors.Is(err, unix.EBADF) {
		err = setLock(f, unix.F_RDLCK)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
		return fmt.Errorf("fcntl %w%s", errBusy, fcntlHolder(f))
	}
	return fmt.Errorf("fcntl lock on %s: %w: configure the kinds of lock that its file system has", f.Name(), err)
}

func fcntlUnlock(f *os.File) { _ = setLock(f, unix.F_UNLCK) }

func setLock(f *os.File, kind int16) error {
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: kind})
}

// fcntlHolder tells who holds the lock, if the kernel knows.
func fcntlHolder(f *os.File) string {
	l := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &l); err != nil || l.Type == unix.F_UNLCK || l.Pid <= 0 {
		return ""
	}
	return fmt.Sprintf(" by process %d", l.Pid)
}

func flock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EWOULDBLOCK):
		return fmt.Errorf("flock %w", errBusy)
	}
	return fmt.Errorf("flock on %s: %w: configure the kinds of lock that its file system has", f.Name(), err)
}
