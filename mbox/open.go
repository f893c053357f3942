package mbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// openSpool opens a spool file without following a symbolic link in its last
// component, without waiting on a FIFO, and for nothing but a regular file: in a
// directory where users may write, its name can be anything. It returns nil
// without an error if there is no file, and why it cannot be written if so. shared:
// it is opened for reading.
func openSpool(path string, shared bool) (f *os.File, readOnly, err error) {
	const flags = unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY
	wanted := "read and write"
	if shared {
		wanted, err = "read", fs.ErrPermission
	} else {
		f, err = os.OpenFile(path, os.O_RDWR|flags, 0)
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		readOnly = fmt.Errorf("%w: %s", err, permission(path, "write"))
		f, err = os.OpenFile(path, os.O_RDONLY|flags, 0)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case errors.Is(err, unix.ELOOP):
		return nil, nil, fmt.Errorf("%w: %s is a symbolic link: give the path of the file itself", ErrNotMailbox, path)
	case errors.Is(err, unix.EISDIR), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return nil, nil, fmt.Errorf("%w: %s is not a regular file (%w)", ErrNotMailbox, path, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, nil, fmt.Errorf("%w: %s", err, permission(path, wanted))
	case err != nil:
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%w: %s is not a regular file (%s)", ErrNotMailbox, path, fi.Mode())
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, readOnly, nil
}

// permission says for the administrator who may do what with path, who we are,
// and what would mend it.
func permission(path, wanted string) string {
	me := fmt.Sprintf("this process runs as uid %d, gid %d", os.Geteuid(), os.Getegid())
	fi, err := os.Lstat(path)
	if err != nil {
		return fmt.Sprintf("%s; let it search %s", me, filepath.Dir(path))
	}
	st := fi.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%s has owner %d, group %d, mode %s; %s: give it %s access, or run it with that group",
		path, st.Uid, st.Gid, fi.Mode(), me, wanted)
}
