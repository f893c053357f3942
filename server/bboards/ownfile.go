package bboards

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"popper/mbox"
)

// The files about a group lie in a directory of popper's own below the state directory.
// Who could write them could give numbers away; who could put a link there could have
// popper write elsewhere. So directory and files must be its user's, and nobody else's.

// makeDir makes the directory, or looks whether it is fit.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: let the user that popper runs as write %s", err, filepath.Dir(dir))
	}
	fi, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !fi.IsDir() || fi.Mode().Perm()&0o077 != 0 || !ours(fi) {
		return fmt.Errorf("%s: not a directory of popper's own: give it to the user that popper runs as (chown -R USER %[1]s; chmod 700 %[1]s)", dir)
	}
	return nil
}

func ours(fi os.FileInfo) bool { return int(fi.Sys().(*syscall.Stat_t).Uid) == os.Geteuid() }

// openOwn opens a file of ours.
func openOwn(name string, flags int) (*os.File, error) {
	f, err := os.OpenFile(name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0o600)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && (fi.Mode() != 0o600 || !ours(fi)) {
		err = fmt.Errorf("%s: not a file of this user's own: chown it to the user that popper runs as, chmod 600", name)
	}
	if err == nil && fi.Size() > maxState {
		err = fmt.Errorf("%s: larger than %d octets", name, maxState)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func readOwn(name string) ([]byte, error) {
	f, err := openOwn(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxState))
}

// writeOwn puts a file of ours in place of what has that name, whole or not at all. If
// it is durable, the disk has it when writeOwn returns. The group's lock is held.
func writeOwn(name string, data []byte, durable bool) error {
	fresh := name + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o600)
	}
	if err == nil && durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(fresh, name)
	}
	if err != nil {
		os.Remove(fresh)
		return fmt.Errorf("%w: make room, or let popper write its state directory", err)
	}
	if durable {
		return syncDir(filepath.Dir(name))
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	return nil
}

// lock takes the lock on what is kept of a group. It is held while its files are looked
// at or changed, and never while a client is waited for.
func (d *Directory) lock(g *definition, o mbox.Options) (unlock func(), err error) {
	f, err := openOwn(d.file(g, ".lock"), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	wait := o.Wait
	if wait == 0 {
		wait = mbox.DefaultWait
	}
	ctx, stop := context.WithTimeout(context.Background(), wait)
	defer stop()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("%s: %w: the state directory must be on a file system with flock", f.Name(), err)
		}
		select {
		case <-time.After(pause):
			continue
		case <-ctx.Done():
			err = fmt.Errorf("%w: another process reads or writes the group's numbers (lock file %s)", mbox.ErrLocked, f.Name())
		case <-o.Cancel:
			err = mbox.ErrCanceled
		}
		f.Close()
		return nil, err
	}
}
