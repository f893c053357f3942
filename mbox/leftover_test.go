package mbox

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// flocked holds an flock on the file until the returned function is called.
func flocked(t *testing.T, name string) (release func()) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}

var olderLocks = map[string]func(t *testing.T, name string) (release func()){"flock": flocked, "fcntl": foreignLock}

// R1081-PASS-3: the copy on which a session of an older popper works was once merged,
// or removed if it was empty, and the session's mail was there twice, or its QUIT
// removed what was ours.
func TestOlderPopperHasSession(t *testing.T) {
	for kind, lock := range olderLocks {
		for _, left := range []string{"", three, sepB + "\nfive\n\n"} {
			path := spool(t, three)
			write(t, beside(path), left)
			release := lock(t, beside(path))
			if m, err := Open(path, options(path)); !errors.Is(err, ErrInUse) {
				t.Errorf("%s, %d octets: %v", kind, len(left), err)
				if err == nil {
					m.Close()
				}
			}
			if exists(t, beside(path)) && (contents(t, beside(path)) != left || contents(t, path) != three) {
				t.Errorf("%s, %d octets: touched", kind, len(left))
			}
			release()
			open(t, path, options(path)).Close()
			if exists(t, beside(path)) {
				t.Errorf("%s, %d octets: not merged later", kind, len(left))
			}
		}
	}
}

// withoutSpool is a spool directory that has an old file only.
func withoutSpool(t *testing.T, left string) (path string) {
	path = spool(t, "")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, beside(path), left)
	return path
}

// BERK-TEMP-1, MBOX-5: where the delivery agent removes empty maildrops, the old file
// was once not looked at, and its mail not shown. It becomes the maildrop again.
func TestMissingSpoolComesBack(t *testing.T) {
	for _, left := range []string{three, booksA + three, "\n" + three, booksA} {
		path := withoutSpool(t, left)
		was, err := os.Lstat(beside(path))
		if err != nil {
			t.Fatal(err)
		}
		o := options(path)
		log := warned(&o)
		m := open(t, path, o)
		agree(t, m, []byte(left))
		is, err := os.Lstat(path)
		if err != nil || !os.SameFile(was, is) || contents(t, path) != left || exists(t, beside(path)) || exists(t, path+".lock") {
			t.Errorf("%q: %v", left, err)
		}
		if len(*log) != 1 || !strings.Contains((*log)[0], path) {
			t.Errorf("log %q", *log)
		}
		if m.Len() > 0 {
			if err := m.Remove(set(0)); err != nil {
				t.Error(err)
			}
		}
	}
}

// What does not become the maildrop: nothing of it is touched, and the maildrop is empty.
func TestMissingSpoolStaysMissing(t *testing.T) {
	for name, plant := range map[string]func(path string) error{
		"no mail":       func(path string) error { return os.WriteFile(beside(path), []byte("garbage\n"), 0o600) },
		"all may write": func(path string) error { return os.Chmod(beside(path), 0o666) },
		"two links":     func(path string) error { return os.Link(beside(path), path+".link") },
		"anybody's, where everyone may make files": func(path string) error {
			return errors.Join(os.Chown(beside(path), 12345, 12345), os.Chmod(filepath.Dir(path), 0o1777))
		},
		"symbolic link": func(path string) error {
			return errors.Join(os.Rename(beside(path), path+".other"), os.Symlink(path+".other", beside(path)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if os.Geteuid() != 0 && strings.HasPrefix(name, "anybody") {
				t.Skip("SKIP: only the superuser can give a file away")
			}
			path := withoutSpool(t, three)
			if err := plant(path); err != nil {
				t.Fatal(err)
			}
			o := options(path)
			log := warned(&o)
			if m := open(t, path, o); m.Len() != 0 || exists(t, path) || !exists(t, beside(path)) {
				t.Errorf("%d messages", m.Len())
			}
			if (len(*log) == 0) != (name == "no mail") {
				t.Errorf("log %q", *log)
			}
		})
	}
}

// A missing maildrop waits for delivery locks, and for the session of an older popper.
func TestMissingSpoolIsLocked(t *testing.T) {
	path := withoutSpool(t, three)
	write(t, path+".lock", "1\n")
	if _, err := Open(path, options(path)); !errors.Is(err, ErrLocked) {
		t.Errorf("dotlock: %v", err)
	}
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	for kind, lock := range olderLocks {
		release := lock(t, beside(path))
		if _, err := Open(path, options(path)); !errors.Is(err, ErrInUse) || exists(t, path) {
			t.Errorf("%s: %v", kind, err)
		}
		release()
	}
	if m := open(t, path, options(path)); m.Len() != 3 {
		t.Errorf("%d messages", m.Len())
	}
}

// late is a disk on which an agent makes the maildrop when everything has been looked at.
type late struct {
	osDisk
	path string
}

func (d late) Place(from, to string) error {
	_ = os.WriteFile(d.path, []byte(sepB+"\nfive\n\n"), 0o600)
	return d.osDisk.Place(from, to)
}

// BERK-TEMP-1: mail that is delivered at that moment stays, and the old file is merged.
func TestMissingSpoolMadeMeanwhile(t *testing.T) {
	path := withoutSpool(t, three)
	o := options(path)
	o.disk = late{path: path}
	if m := open(t, path, o); m.Len() != 4 || exists(t, beside(path)) {
		t.Errorf("%d messages", m.Len())
	}
}

// Where a file cannot be renamed without replacing another, it is linked; a crash may
// leave it with both names. It must not be merged with itself, and emptied.
func TestBothNames(t *testing.T) {
	path := withoutSpool(t, three)
	if err := os.Link(beside(path), path); err != nil {
		t.Fatal(err)
	}
	if err := placeByLink(beside(path), path); !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	o := options(path)
	log := warned(&o)
	m := open(t, path, o)
	agree(t, m, []byte(three))
	if exists(t, beside(path)) || len(*log) != 0 {
		t.Errorf("log %q", *log)
	}
}

// BERK-TEMP-1: whenever the power is cut, or a call fails, the mail is there once.
func TestMissingSpoolCrash(t *testing.T) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	states := 0
	for _, linked := range []bool{false, true} {
		start := func() *memDisk {
			d := newMemDisk(map[string]string{crashJnl: three})
			d.linked = linked
			return d
		}
		for left := 0; ; left++ {
			d := start()
			d.left, d.fault, d.dead = left, unix.EIO, left%2 == 0
			_ = comesBack(d)
			done := d.left > 0
			d.left = -1
			for k := range len(d.log) + 1 {
				d.crashes(k, 512, 1, r, func(state *memDisk) {
					states++
					wholeAgain(t, state)
				})
			}
			wholeAgain(t, d)
			if done {
				break
			}
		}
	}
	t.Logf("%d crash states", states)
}

// comesBack does what load does, without the delivery locks.
func comesBack(d *memDisk) error {
	box := crashCase{block: 64, window: 128}
	if _, ok := d.names[crashPath]; !ok {
		m := box.maildrop(d)
		m.f = nil
		old, err := m.leftover()
		if err != nil || old == nil {
			return err
		}
		if _, err := m.putBack(old); err != nil {
			return err
		}
	}
	if _, ok := d.names[crashPath]; !ok {
		return nil
	}
	return box.recovered(d)
}

func wholeAgain(t *testing.T, d *memDisk) {
	t.Helper()
	if err := comesBack(d); err != nil || d.text(crashPath) != three || len(d.names) != 1 {
		t.Fatalf("%v, became %q, files %v", err, d.text(crashPath), d.names)
	}
}
