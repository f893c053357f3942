package mbox

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// disk is what an update asks of the file system besides what it asks of open
// files. osDisk is the real one; tests put a recording or failing one in its place.
type disk interface {
	Lstat(name string) (os.FileInfo, error)
	// Open opens an existing file for reading and writing; it follows no symbolic
	// link in the last component and does not wait for the other end of a FIFO.
	Open(name string) (file, error)
	// Create makes a file that did not exist, with mode 0600.
	Create(name string) (file, error)
	// Lock makes one attempt at all kinds of lock on f, which lasts until f is closed.
	// The error is errBusy if another program holds one.
	Lock(f file) error
	Rename(from, to string) error
	// Place renames a file unless there is one of the new name; then fs.ErrExist. A
	// crash may leave it with both names.
	Place(from, to string) error
	Remove(name string) error
	// SyncDir makes what was created, renamed and removed in dir durable.
	SyncDir(dir string) error
	// Reserve takes room on the disk for n octets of f at offset from, without
	// changing its size or its octets. An error for which errors.Is(err,
	// errors.ErrUnsupported) holds says that the file system cannot do that.
	Reserve(f file, from, n int64) error
}

type osDisk struct{}

func (osDisk) Lstat(name string) (os.FileInfo, error) { return os.Lstat(name) }
func (osDisk) Rename(from, to string) error           { return os.Rename(from, to) }
func (osDisk) Remove(name string) error               { return os.Remove(name) }

func (osDisk) Open(name string) (file, error) {
	return openFile(name, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY)
}

func (osDisk) Create(name string) (file, error) {
	return openFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW)
}

// openFile keeps a nil *os.File from becoming a file that is not nil.
func openFile(name string, flags int) (file, error) {
	f, err := os.OpenFile(name, flags, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (osDisk) Place(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
		return placeByLink(from, to) // the file system cannot do it at once
	}
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
}

func placeByLink(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	return os.Remove(from)
}

// Lock knows nothing of locks that the file system does not have: nobody holds them.
func (osDisk) Lock(f file) error {
	fd, ok := f.(*os.File)
	if !ok {
		return nil
	}
	for _, lock := range []func(*os.File) error{flock, fcntlLock} {
		if err := lock(fd); errors.Is(err, errBusy) {
			return err
		}
	}
	return nil
}

func (osDisk) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil // a file system whose directories are always durable
	}
	return err
}

func (osDisk) Reserve(f file, from, n int64) error {
	fd, ok := f.(*os.File)
	if !ok {
		return errors.ErrUnsupported
	}
	for {
		err := unix.Fallocate(int(fd.Fd()), unix.FALLOC_FL_KEEP_SIZE, from, n)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EINTR):
			return &fs.PathError{Op: "reserve", Path: fd.Name(), Err: err}
		}
	}
}
