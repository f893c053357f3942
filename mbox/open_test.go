package mbox

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// MBOX-5: a file that is missing is an empty maildrop, and is not made.
func TestOpenMissing(t *testing.T) {
	for _, path := range []string{t.TempDir() + "/user", t.TempDir() + "/no/such/user"} {
		o := options(path)
		o.State = t.TempDir()
		m := open(t, path, o)
		ids, err := m.UniqueIDs()
		if m.Len() != 0 || len(ids) != 0 || err != nil {
			t.Errorf("%d messages, %v %v", m.Len(), ids, err)
		}
		if err := m.Remove(func(int) bool { return true }); err != nil {
			t.Error(err)
		}
		if _, err := Open(path, o); !errors.Is(err, ErrInUse) {
			t.Errorf("second session: %v", err)
		}
		m.Close()
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) > 0 {
			t.Errorf("made: %v", entries)
		}
	}
}

// Nothing but a regular file is opened, and none of these is waited for.
func TestOpenNotAFile(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"link":        func(path string) error { write(t, path+".x", three); return os.Symlink(path+".x", path) },
		"broken link": func(path string) error { return os.Symlink(path+".x", path) },
		"directory":   func(path string) error { return os.Mkdir(path, 0o700) },
		"FIFO":        func(path string) error { return unix.Mkfifo(path, 0o600) },
		"socket": func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		},
	} {
		dir, err := os.MkdirTemp("", "popper") // short: a socket's path has a limit
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := dir + "/user"
		if err := make(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := Open(path, options(path)); !errors.Is(err, ErrNotMailbox) {
			t.Errorf("%s: %v, want ErrNotMailbox", name, err)
		}
	}
}

// A file that may only be read can be read, and its fcntl lock is a read lock.
func TestFcntlReadOnly(t *testing.T) {
	path := spool(t, three)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := fcntlLock(f); err != nil {
		t.Errorf("free: %v", err)
	}
	fcntlUnlock(f)
	defer foreignLock(t, path)()
	if err := fcntlLock(f); !errors.Is(err, errBusy) {
		t.Errorf("held by another: %v", err)
	}
}
