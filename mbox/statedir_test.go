package mbox

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"popper/mbox/disktest"
)

// stateDirs are what a state directory may be. Without one that works there is no
// session lock, and the maildrop is not opened. Where it works but cannot take another
// octet, the session does all its work, and the next one scans and has forgotten LAST.
var stateDirs = []struct {
	name         string
	dir          func(t *testing.T, path string) string
	opens, keeps bool
}{
	{"beside", func(_ *testing.T, path string) string { return path + ".state" }, true, true},
	{"to be made, with those above it", func(_ *testing.T, path string) string { return filepath.Dir(path) + "/a/b/c" }, true, true},
	{"on another file system", func(t *testing.T, _ string) string { return disktest.Tmpfs(t, smallDisk) + "/state" }, true, true},
	{"on a full tmpfs", func(t *testing.T, _ string) string { return full(t, disktest.Tmpfs(t, smallDisk)) }, true, false},
	{"on a full ext4", func(t *testing.T, _ string) string { return full(t, disktest.Ext4(t, smallDisk)) }, true, false},
	{"on a file system that became read-only", func(t *testing.T, path string) string {
		dir := disktest.Tmpfs(t, smallDisk)
		used(t, path, dir+"/state")
		readOnly(t, dir)
		return dir + "/state"
	}, false, false},
	{"not writable", func(t *testing.T, path string) string {
		unprivileged(t, path)
		return shut(t, filepath.Dir(path)+"/state")
	}, false, false},
	{"not writable any more", func(t *testing.T, path string) string {
		unprivileged(t, path)
		used(t, path, path+".state")
		return shut(t, path+".state")
	}, true, false},
	{"a file", func(_ *testing.T, path string) string { return path }, false, false},
	{"below a file", func(_ *testing.T, path string) string { return path + "/state" }, false, false},
	{"that cannot be made", func(*testing.T, string) string { return "/proc/popper" }, false, false},
}

// full fills a disk on which there is a state directory.
func full(t *testing.T, disk string) string {
	t.Helper()
	dir := disk + "/state"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	disktest.Fill(t, disk, 0)
	return dir
}

// used lets a session make the directory, and its lock there.
func used(t *testing.T, path, dir string) {
	t.Helper()
	o := options(path)
	o.State = dir
	open(t, path, o).Close()
}

func readOnly(t *testing.T, disk string) {
	t.Helper()
	if err := unix.Mount("", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}

// shut makes a directory one in which nothing can be made.
func shut(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	return dir
}

func TestStateDirectories(t *testing.T) {
	data, without := bigBox()
	for _, c := range stateDirs {
		t.Run(c.name, func(t *testing.T) {
			path := spool(t, data)
			o := options(path)
			o.State = c.dir(t, path)
			m, err := Open(path, o)
			if !c.opens {
				if err == nil || contents(t, path) != data {
					t.Errorf("opened, or changed: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			agree(t, m, []byte(data))
			if err := m.SetLast(2); (err == nil) != c.keeps {
				t.Errorf("SetLast: %v", err)
			}
			if err := m.Remove(set(0)); err != nil || contents(t, path) != without {
				t.Errorf("Remove: %v", err)
			}
			m.Close()
			m = open(t, path, o)
			agree(t, m, []byte(without))
			if m.indexed != nil != c.keeps || m.Last() == 1 != c.keeps {
				t.Errorf("indexed %t, last %d", m.indexed != nil, m.Last())
			}
			if names, _ := filepath.Glob(o.State + "/*.new"); len(names) > 0 {
				t.Errorf("half-written: %v", names)
			}
		})
	}
}
