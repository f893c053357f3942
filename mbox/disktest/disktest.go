// Package disktest gives tests file systems of their own, small enough to be filled.
package disktest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// kind is a file system. mount puts one of so many octets on dir.
type kind struct {
	name  string
	mount func(t *testing.T, dir string, size int64) error
}

var kinds = []kind{
	{"tmpfs", func(_ *testing.T, dir string, size int64) error {
		return unix.Mount("popper-test", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprint("size=", size))
	}},
	{"ext4", func(t *testing.T, dir string, size int64) error {
		image := filepath.Join(t.TempDir(), "image")
		err := os.WriteFile(image, nil, 0o600)
		if err == nil {
			err = os.Truncate(image, size)
		}
		if err == nil { // no block is kept back for the superuser: full is full
			err = run("mkfs.ext4", "-q", "-F", "-m", "0", image)
		}
		if err == nil {
			err = run("mount", "-o", "loop,nosuid,nodev", image, dir)
		}
		return err
	}},
}

func run(name string, args ...string) error {
	if path, err := exec.LookPath(filepath.Join("/usr/sbin", name)); err == nil {
		name = path
	}
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// Each runs a test on a file system of each kind, of so many octets, mounted on dir.
func Each(t *testing.T, size int64, test func(t *testing.T, dir string)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) { test(t, mount(t, k, size)) })
	}
}

// Tmpfs mounts one in memory.
func Tmpfs(t *testing.T, size int64) (dir string) { return mount(t, kinds[0], size) }

// Ext4 mounts one in a file.
func Ext4(t *testing.T, size int64) (dir string) { return mount(t, kinds[1], size) }

// mount skips the test where that cannot be done: only the superuser can.
func mount(t *testing.T, k kind, size int64) (dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIP: only the superuser can mount a small file system")
	}
	dir = t.TempDir()
	if err := k.mount(t, dir, size); err != nil {
		t.Skipf("SKIP: a small %s cannot be mounted: %v", k.name, err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

const filler = "filler"

// Fill takes all room in dir, to the last block, but about spare octets.
func Fill(t *testing.T, dir string, spare int64) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, filler))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size := int64(0)
	for more := int64(1); more > 0; size += more { // fsync gives back what was only reserved
		if more, err = fillFile(f); err == nil {
			err = f.Sync()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if spare > 0 {
		err = f.Truncate(max(0, size-spare))
	}
	if err = errors.Join(err, f.Sync()); err != nil {
		t.Fatal(err)
	}
}

// fillFile writes until there is no room for another octet, and tells how much it wrote.
func fillFile(f *os.File) (size int64, err error) {
	for b := make([]byte, 64<<10); len(b) > 0; {
		n, err := f.Write(b)
		size += int64(n)
		if errors.Is(err, unix.ENOSPC) {
			b = b[:len(b)/2]
		} else if err != nil {
			return size, err
		}
	}
	return size, nil
}

// MakeRoom takes away what Fill has written.
func MakeRoom(t *testing.T, dir string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, filler)); err != nil {
		t.Fatal(err)
	}
}
