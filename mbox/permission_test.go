package mbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// unprivileged makes path's directory and file subject to permissions, also for
// root: the test's thread then uses files as nobody does.
func unprivileged(t *testing.T, path string) {
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	dir := filepath.Dir(path)
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Chown(dir, nobody, -1)
	os.Chown(path, nobody, -1)
	runtime.LockOSThread() // and never unlocked: the thread ends with the test
	if err := unix.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Setfsuid(0) })
}

// A directory that cannot be written: the error names what mends it, and the
// administrator can do without dotlock.
func TestDotlockPermission(t *testing.T) {
	path := spool(t, three)
	unprivileged(t, path)
	dir := filepath.Dir(path)
	o := options(path)
	if err := os.Mkdir(o.State, 0o700); err != nil {
		t.Fatal(err)
	}
	os.Chmod(dir, 0o500)
	defer os.Chmod(dir, 0o700)
	_, err := Open(path, o)
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), dir+" has owner") || !strings.Contains(err.Error(), "without dotlock") {
		t.Errorf("%v", err)
	}
	o.Locks = []LockKind{Fcntl}
	open(t, path, o)
}

// A maildrop that may only be read can be read; Remove names the permission to give.
func TestReadOnlySpool(t *testing.T) {
	path := spool(t, three)
	unprivileged(t, path)
	os.Chmod(path, 0o400)
	m := open(t, path, options(path))
	agree(t, m, []byte(three))
	err := m.Remove(set(0))
	if !errors.Is(err, ErrReadOnly) || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), path+" has owner") {
		t.Errorf("%v", err)
	}
	if contents(t, path) != three {
		t.Error("file changed")
	}
}

// A maildrop that may not be read is an error that names the permission to give.
func TestUnreadableSpool(t *testing.T) {
	path := spool(t, three)
	unprivileged(t, path)
	os.Chmod(path, 0)
	if _, err := Open(path, options(path)); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "mode ----------") {
		t.Errorf("%v", err)
	}
}

// A state directory that may not be written, likewise.
func TestStatePermission(t *testing.T) {
	path := spool(t, three)
	unprivileged(t, path)
	o := options(path)
	if err := os.Mkdir(o.State, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, o); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), o.State+" has owner") {
		t.Errorf("%v", err)
	}
}

// A lock file that another user's popper has left: the error is about that file,
// not about a directory in which all is well.
func TestForeignLockFile(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	if os.Geteuid() != 0 {
		t.Skip("SKIP foreign lock file: only root can give files away")
	}
	open(t, path, o).Close() // as root: its file
	real, err := realPath(path)
	if err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(o.State, lockName(real))
	if err := os.Chown(o.State, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	unprivileged(t, path)
	_, err = Open(path, o)
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), lock+" has owner 0") || !strings.Contains(err.Error(), "chown") {
		t.Errorf("%v", err)
	}
}

// UPD-3: a journal that cannot be obeyed, in a directory where it cannot be given
// another name: the login was refused. The maildrop is served, and not changed.
func TestSetAsideFails(t *testing.T) {
	path := spool(t, three)
	unprivileged(t, path)
	o := options(path)
	o.Locks = []LockKind{Fcntl}
	if err := os.Mkdir(o.State, 0o700); err != nil {
		t.Fatal(err)
	}
	interrupt(t, path, o)
	other := strings.Repeat(sepB+"\nother\n\n", 20)
	write(t, path, other)
	journal := contents(t, beside(path))
	dir := filepath.Dir(path)
	os.Chmod(dir, 0o500)
	defer os.Chmod(dir, 0o700)
	log := warned(&o)
	m := open(t, path, o)
	agree(t, m, []byte(other))
	if err := m.Remove(set(0)); !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), beside(path)) || !strings.Contains(err.Error(), dir+" has owner") {
		t.Errorf("%v", err)
	}
	m.Close()
	if contents(t, path) != other || contents(t, beside(path)) != journal {
		t.Error("file or journal changed")
	}
	if len(*log) != 1 || !strings.Contains((*log)[0], beside(path)) || !strings.Contains((*log)[0], "may not be changed") {
		t.Errorf("log: %q", *log)
	}
	os.Chmod(dir, 0o700)
	m = open(t, path, o)
	if err := m.Remove(set(0)); err != nil {
		t.Errorf("when the directory can be written: %v", err)
	}
}
