package mbox

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A dotlock is taken by making a file of a unique name beside it, with our process
// id and host inside ("pid:host", which liblockfile and Dovecot both read), and
// linking it to the lock's name. link(2) is atomic where O_EXCL is not (old NFS),
// and since its reply can be lost there, the link count of the unique file decides.

// dotlock is a lock file that we made.
type dotlock struct {
	name string
	id   identity
	aged time.Time // when its time stamp was last set
}

// takeDotlock makes one attempt at the lock, having broken a stale one.
func takeDotlock(name string, stale time.Duration) (*dotlock, error) {
	switch _, err := os.Lstat(name); {
	case err == nil:
		if err := breakStale(name, stale); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("dotlock: %w", err)
	}
	unique, err := makeUnique(name)
	if err != nil {
		return nil, dotlockError(name, err)
	}
	defer os.Remove(unique)
	linkErr := os.Link(unique, name)
	fi, err := os.Lstat(unique)
	switch {
	case err != nil:
		return nil, fmt.Errorf("dotlock: %w", err)
	case fi.Sys().(*syscall.Stat_t).Nlink == 2:
		return &dotlock{name, identify(fi), time.Now()}, nil
	case errors.Is(linkErr, fs.ErrExist):
		return nil, fmt.Errorf("dotlock %w: %s", errBusy, name)
	}
	return nil, dotlockError(name, linkErr)
}

// makeUnique makes the file that is to be linked to name.
func makeUnique(name string) (string, error) {
	host, _ := os.Hostname()
	unique := fmt.Sprintf("%s.%d.%016x", name, os.Getpid(), rand.Uint64())
	f, err := os.OpenFile(unique, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintf(f, "%d:%s\n", os.Getpid(), host)
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		// Who makes room on a full disk by removing mail must not be kept out. A lock
		// without a word in it is judged by its age, which refresh keeps low.
		err = f.Truncate(0)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(unique)
	}
	return unique, err
}

// dotlockError says what mends a lock that cannot be made.
func dotlockError(name string, err error) error {
	const other = "or configure the kinds of lock without dotlock"
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		return fmt.Errorf("dotlock %s: %w: %s, %s", name, err, permission(filepath.Dir(name), "write"), other)
	}
	return fmt.Errorf("dotlock %s: %w: make room or mend the directory, %s", name, err, other)
}

// release removes the lock if it is still ours: somebody who took us for dead may
// have broken it, and what is there now is his.
func (d *dotlock) release() {
	if d.ours() {
		os.Remove(d.name)
	}
}

// refresh renews the time stamp of a lock that has been held for a while.
func (d *dotlock) refresh() {
	if now := time.Now(); now.Sub(d.aged) >= refreshAge && d.ours() {
		os.Chtimes(d.name, now, now)
		if fi, err := os.Lstat(d.name); err == nil {
			d.id, d.aged = identify(fi), now
		}
	}
}

func (d *dotlock) ours() bool {
	fi, err := os.Lstat(d.name)
	if err != nil {
		return false
	}
	id := identify(fi)
	id.ctime = d.id.ctime // the link count has changed since
	return id == d.id
}
