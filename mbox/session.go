package mbox

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockSession takes the lock that keeps a maildrop to one POP session
// (R1081-PASS-2): an flock on a file in the state directory, named after the
// maildrop. It belongs to the open file, so that two sessions in one process
// exclude one another too, and the kernel drops it however the process ends.
//
// The file stays when the lock is released. Were it unlinked, a second session
// could have it open already and wait, lock the nameless file, while a third makes
// and locks a new one of the same name. An empty file a maildrop is the price.
//
// shared: the lock is for reading, and only those who want it for themselves alone are
// kept out, and keep out.
func lockSession(state, path string, shared bool) (*os.File, error) {
	if state == "" {
		return nil, errors.New("no state directory is set for session locks")
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	real, err := realPath(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(state, lockName(real))
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		what := name // a lock file that is there may be another user's
		if _, e := os.Lstat(name); e != nil {
			what = state
		}
		return nil, fmt.Errorf("session lock: %w: %s; if popper has run as another user, give it all files in %s (chown)",
			err, permission(what, "write"), state)
	}
	if err != nil {
		return nil, fmt.Errorf("session lock: %w", err)
	}
	how := unix.LOCK_EX
	if shared {
		how = unix.LOCK_SH
	}
	err = unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: %s (lock file %s)", ErrInUse, path, name)
	}
	return nil, fmt.Errorf("session lock %s: %w: the state directory must be on a file system with flock", name, err)
}

// realPath makes all names of a maildrop one: absolute, without dots, and with
// the symbolic links of its directory resolved. (That of the file itself is not:
// Open refuses it.) A directory that does not exist has no links.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if errors.Is(err, fs.ErrNotExist) {
		return abs, nil
	}
	return filepath.Join(dir, filepath.Base(abs)), err
}

// lockName is readable at its beginning and unmistakable at its end.
func lockName(real string) string {
	base := filepath.Base(real)
	sum := sha256.Sum256([]byte(real))
	return fmt.Sprintf("%s-%x.lock", base[:min(len(base), maxLockName)], sum[:8])
}
