package mbox

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The small files that outlive a session lie in the state directory beside the
// session lock, whose holder alone reads and writes them. None of them is needed:
// one that is missing, or that somebody else could have put there, counts as none.

// beside is the name of the maildrop's state file with that ending.
func (m *Maildrop) beside(ending string) string {
	return strings.TrimSuffix(m.session.Name(), ".lock") + ending
}

// openOwn opens a file of ours for reading and tells its size. What is not a
// regular file, not owned by this process's user, or open to others is refused:
// where a privileged process keeps its state in a directory that others can write,
// they must not be able to feed it, nor to make it read their FIFO or link.
func openOwn(name string) (*os.File, int64, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, 0, err
	}
	fi, err := f.Stat()
	if err == nil && (fi.Mode() != 0o600 || int(fi.Sys().(*syscall.Stat_t).Uid) != os.Geteuid()) {
		err = fmt.Errorf("%s: not a file of this user's own", name)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, fi.Size(), nil
}

// replaceOwn puts a file of ours in place of what has that name, whole or not at
// all. It is not synced: after a power failure its octets may be missing though its
// name is there, and the reader has a checksum to tell.
func replaceOwn(name string, fill func(f *os.File) error) error {
	fresh := name + ".new"
	os.Remove(fresh) // left by a process that died; the session lock makes us alone
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(f.Chmod(0o600), fill(f), f.Close())
	if err == nil {
		err = os.Rename(fresh, name)
	}
	if err != nil {
		os.Remove(fresh)
	}
	return err
}
