package mbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// An older popper may still be running beside this one. It works on its copy of the
// maildrop during a whole session, with an flock on it, or a record lock where there was
// no flock, and removes it at QUIT, whatever has that name by then. So before anything
// is done to such a file, both locks are tried, and kept until the file is closed: then
// the copy is a leftover, and no session of the older popper begins on it meanwhile.
//
// Residual risk: one that has opened the file and waits for the lock gets it when we
// have taken the file's name away, and then works on a file that nobody finds after a
// crash. And it does not know our session lock: do not let both serve one maildrop.

// lockLeft locks f, found as name, against an older popper.
func lockLeft(d disk, f file, name string) error {
	if err := d.Lock(f); err != nil {
		return fmt.Errorf("%w: an older popper has a session, on its copy %s: %w; stop that server, and what it leaves will be merged", ErrInUse, name, err)
	}
	id, err := stat(f)
	if err != nil {
		return err
	}
	fi, err := d.Lstat(name)
	if err == nil && identify(fi).ino != id.ino || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: an older popper is just ending a session, on its copy %s; stop that server", ErrInUse, name)
	}
	return err
}

// Some delivery agents remove a maildrop that has become empty. The old file then is not
// merged into a new one, whose owner, group and mode we would have to guess, but gets its
// name back: it is the maildrop, octet for octet, as it was before the Berkeley popper's
// session, bookkeeping in front. Renaming is atomic, needs no room, and replaces nothing:
// if an agent makes the maildrop at the same moment, that one stays and the old file is
// merged. Who delivers meanwhile by the rules is kept out by the dotlock.
//
// There is no owner of the maildrop to compare the old file's with. If it is not ours
// or the superuser's, it counts where not everyone may make files; elsewhere it could be
// anyone's, who would then own the maildrop.

// bringBack gives mail that an older popper left behind the name of the maildrop, which
// is missing. It tells whether there is a maildrop now. Trouble that lasts must not keep
// the user from the mail to come: then the maildrop is empty.
func (m *Maildrop) bringBack() (bool, error) {
	old, err := m.leftover()
	if err == nil && old != nil {
		defer old.f.Close()
		var there bool
		if there, err = m.bringLocked(old); err == nil {
			return there, nil
		}
	}
	if err == nil || errors.Is(err, ErrInUse) || errors.Is(err, ErrLocked) || errors.Is(err, ErrCanceled) {
		return false, err
	}
	m.warn("there is no maildrop, and mail that an older popper left behind cannot be made it; the maildrop is served as empty",
		"maildrop", m.path, "file", m.besideName(), "err", err)
	return false, nil
}

// leftover opens mail that an older popper left behind; nil if there is none.
func (m *Maildrop) leftover() (*journal, error) {
	name := m.besideName()
	f, err := m.openOwned(name)
	if err != nil || f == nil {
		return nil, err
	}
	is := false
	if err = lockLeft(m.options.disk, f, name); err == nil {
		is, err = holdsMail(f)
	}
	if err != nil || !is {
		f.Close()
		return nil, err
	}
	return &journal{f: f, name: name, disk: m.options.disk}, nil
}

func holdsMail(f file) (bool, error) {
	id, err := stat(f)
	if err != nil || id.size == 0 {
		return false, err
	}
	return isMail(f, id.size)
}

// bringLocked takes the delivery locks, those of the file on the old one.
func (m *Maildrop) bringLocked(old *journal) (bool, error) {
	fd, ok := old.f.(*os.File)
	if !ok {
		return false, errors.ErrUnsupported
	}
	locks, err := lockDelivery(m.path, fd, m.options)
	if err != nil {
		return false, err
	}
	defer locks.release()
	return m.putBack(old)
}

// putBack renames, durably.
func (m *Maildrop) putBack(old *journal) (bool, error) {
	err := old.disk.Place(old.name, m.path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return true, nil
	case errors.Is(err, fs.ErrPermission):
		return false, fmt.Errorf("%w: %s", err, permission(filepath.Dir(m.path), "write"))
	case err != nil:
		return false, err
	}
	if err := old.syncDir(); err != nil {
		return false, err
	}
	m.warn("mail that an older popper left behind is the maildrop again, which was missing", "maildrop", m.path, "file", old.name)
	return true, nil
}

// dropTwin takes the old name away from a file that has both.
func (m *Maildrop) dropTwin(name string) {
	fi, err := m.options.disk.Lstat(name)
	if err != nil || !fi.Mode().IsRegular() {
		return
	}
	at, id := identify(fi), identity{}
	if id, err = stat(m.f); err == nil && at.dev == id.dev && at.ino == id.ino {
		_ = m.options.disk.Remove(name) // if it stays, it is ignored for its links
		_ = m.options.disk.SyncDir(filepath.Dir(name))
	}
}

// mailOwner is a file whose owner may leave mail for this maildrop.
func (m *Maildrop) mailOwner(left os.FileInfo) (os.FileInfo, error) {
	if m.f != nil {
		return m.f.Stat()
	}
	real, err := realPath(m.path)
	if err != nil {
		return nil, err
	}
	dir, err := m.options.disk.Lstat(filepath.Dir(real))
	if err != nil || dir.Mode()&0o002 != 0 {
		return dir, err
	}
	return left, nil
}
