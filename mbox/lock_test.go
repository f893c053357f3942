package mbox

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary run again with this variable set holds a POSIX lock on the file
// that it names until its input ends.
const holderVariable = "POPPER_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(holderVariable); path != "" {
		hold(path)
		return
	}
	if path := os.Getenv(openerVariable); path != "" {
		openOnce(path)
		return
	}
	os.Exit(m.Run())
}

func hold(path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	}
	fmt.Println("held:", err)
	bufio.NewReader(os.Stdin).ReadByte()
}

// foreignLock lets another process lock path until the returned function is called.
func foreignLock(t *testing.T, path string) (release func()) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), holderVariable+"="+path)
	in, _ := c.StdinPipe()
	out, _ := c.StdoutPipe()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "held: <nil>\n" {
		t.Fatalf("helper: %q", line)
	}
	return func() { in.Close(); c.Wait() }
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// LOCK-1: the delivery locks are there while a maildrop is opened and updated, and
// at no other time.
func TestLocksAreShort(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	o.Locks = []LockKind{Dotlock, Fcntl, Flock}
	m := open(t, path, o)
	if exists(t, path+".lock") {
		t.Error("dotlock while a session sits idle")
	}
	foreignLock(t, path)()
	f := &spy{file: m.f, t: t, path: path}
	m.f = f
	if err := m.Remove(set(0)); err != nil || !f.asked {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 2 { // user, user.state
		t.Errorf("left behind: %v", entries)
	}
	foreignLock(t, path)()
}

// spy looks at the locks when the file is cut.
type spy struct {
	file
	t     *testing.T
	path  string
	asked bool
}

func (s *spy) Truncate(size int64) error {
	s.asked = true
	if !exists(s.t, s.path+".lock") {
		s.t.Error("no dotlock during the update")
	}
	f, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err == nil {
		s.t.Error("no fcntl lock during the update")
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
		s.t.Error("no flock during the update")
	}
	return s.file.Truncate(size)
}

// LOCK-2: locks of other programs are waited for, then respected.
func TestForeignLocks(t *testing.T) {
	host, _ := os.Hostname()
	for _, c := range []struct {
		name string
		kind LockKind
		lock func(t *testing.T, path string) (release func())
		want string // in the error, for the administrator
	}{
		{"dotlock, live", Dotlock, foreignDotlock(fmt.Sprintf("%d\n", os.Getppid())), "alive"},
		{"dotlock, live here", Dotlock, foreignDotlock(fmt.Sprintf("%d:%s", os.Getppid(), host)), "alive"},
		{"dotlock, other host", Dotlock, foreignDotlock("1:elsewhere\n"), "elsewhere"},
		{"dotlock, empty", Dotlock, foreignDotlock(""), "unknown"},
		{"dotlock, procmail", Dotlock, foreignDotlock("0"), "unknown"},
		{"dotlock, nonsense", Dotlock, foreignDotlock("\xff\x00-1\n"), "unknown"},
		{"dotlock, our own number", Dotlock, foreignDotlock(fmt.Sprint(os.Getpid())), "unknown"},
		{"fcntl", Fcntl, foreignLock, "fcntl"},
		{"flock", Flock, foreignFlock, "flock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := spool(t, three)
			release := c.lock(t, path)
			o := options(path)
			o.Locks = []LockKind{c.kind}
			_, err := Open(path, o)
			if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want ErrLocked and %q", err, c.want)
			}
			release()
			m := open(t, path, o)
			release = c.lock(t, path)
			if err := m.Remove(set(0)); !errors.Is(err, ErrLocked) || contents(t, path) != three {
				t.Errorf("Remove: %v", err)
			}
			release()
			if err := m.Remove(set(0)); err != nil {
				t.Errorf("Remove when free: %v", err)
			}
		})
	}
}

// LOCK-1: without a setting both dotlock and fcntl are respected.
func TestDefaultLocks(t *testing.T) {
	path := spool(t, three)
	for name, lock := range map[string]func(*testing.T, string) func(){"dotlock": foreignDotlock(""), "fcntl": foreignLock} {
		release := lock(t, path)
		if _, err := Open(path, options(path)); !errors.Is(err, ErrLocked) {
			t.Errorf("%s held: %v", name, err)
		}
		release()
		open(t, path, options(path)).Close()
	}
}

func foreignDotlock(text string) func(t *testing.T, path string) func() {
	return func(t *testing.T, path string) func() {
		write(t, path+".lock", text)
		return func() { os.Remove(path + ".lock") }
	}
}

func foreignFlock(t *testing.T, path string) func() {
	f, err := os.Open(path)
	if err == nil {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}

// A lock that goes away within the wait is taken.
func TestLockWaits(t *testing.T) {
	path := spool(t, three)
	write(t, path+".lock", "")
	o := options(path)
	o.Wait = time.Minute
	done := make(chan error)
	go func() {
		m, err := Open(path, o)
		if err == nil {
			m.Close()
		}
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	os.Remove(path + ".lock")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestUnknownLock(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	o.Locks = []LockKind{Fcntl, 99}
	if _, err := Open(path, o); err == nil || !strings.Contains(err.Error(), "LockKind(99)") {
		t.Errorf("%v", err)
	}
}

// A file that another program puts in the place of the one that was opened, while
// the lock is waited for, is the one that is scanned.
func TestReplacedWhileWaiting(t *testing.T) {
	path := spool(t, three)
	write(t, path+".lock", "")
	o := options(path)
	o.Wait = time.Minute
	done := make(chan error)
	go func() {
		m, err := Open(path, o)
		if err == nil {
			if m.Len() != 1 || m.Size(0) != 5 {
				err = fmt.Errorf("%d messages", m.Len())
			}
			m.Close()
		}
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	write(t, path+".new", sepB+"\nnew\n")
	os.Rename(path+".new", path)
	os.Remove(path + ".lock")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Waiting ends when it is canceled, and nothing stays behind.
func TestCancelWhileWaiting(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	cancel := make(chan struct{})
	o.Wait, o.Cancel = time.Minute, cancel
	m := open(t, path, o)
	write(t, path+".lock", "")
	go func() {
		time.Sleep(20 * time.Millisecond)
		close(cancel)
	}()
	if err := m.Remove(func(i int) bool { return i == 0 }); !errors.Is(err, ErrCanceled) {
		t.Errorf("Remove: %v", err)
	}
	m.Close()
	if _, err := Open(path, o); !errors.Is(err, ErrCanceled) {
		t.Errorf("Open: %v", err)
	}
	if contents(t, path) != three {
		t.Error("the file was changed")
	}
	os.Remove(path + ".lock")
	o.Cancel = nil
	open(t, path, o)
}

// The last moment to cancel is the one before the update begins.
func TestCancelUnderLocks(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	cancel := make(chan struct{})
	o.Cancel = cancel
	m := open(t, path, o)
	m.f = &cancelingFile{file: m.f, cancel: cancel}
	if err := m.Remove(func(i int) bool { return i == 0 }); !errors.Is(err, ErrCanceled) {
		t.Errorf("Remove: %v", err)
	}
	if contents(t, path) != three {
		t.Error("the file was changed")
	}
	if exists(t, path+".lock") {
		t.Error("the dotlock is still there")
	}
}

// cancelingFile is a file whose first use, under the locks, cancels.
type cancelingFile struct {
	file
	cancel chan struct{}
}

func (f *cancelingFile) Stat() (os.FileInfo, error) {
	if f.cancel != nil {
		close(f.cancel)
		f.cancel = nil
	}
	return f.file.Stat()
}
