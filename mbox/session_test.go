package mbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// R1081-PASS-2, R1081-PASS-3: one session a maildrop, by whatever name it is called.
func TestSessionLock(t *testing.T) {
	path := spool(t, three)
	link := t.TempDir() + "/link"
	if err := os.Symlink(filepath.Dir(path), link); err != nil {
		t.Fatal(err)
	}
	m := open(t, path, options(path))
	for _, name := range []string{path, filepath.Dir(path) + "/./x/../user", link + "/user"} {
		_, err := Open(name, options(path))
		if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want ErrInUse", name, err)
		}
	}
	other := filepath.Dir(path) + "/other"
	write(t, other, three)
	open(t, other, options(path))
	m.Close()
	open(t, link+"/user", options(path))
	fi, err := os.Stat(path + ".state")
	if err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("state directory: %v %v", fi.Mode(), err)
	}
}

// A failed Open leaves no lock behind (R1081-PASS-3).
func TestOpenFailureUnlocks(t *testing.T) {
	path := spool(t, "not mail\n")
	if _, err := Open(path, options(path)); !errors.Is(err, ErrNotMailbox) {
		t.Fatal(err)
	}
	if exists(t, path+".lock") {
		t.Error("dotlock stays")
	}
	write(t, path, three)
	open(t, path, options(path))
}

func TestSessionLockTrouble(t *testing.T) {
	path := spool(t, three)
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "state") {
		t.Errorf("no state directory: %v", err)
	}
	o := options(path)
	o.State = path
	if _, err := Open(path, o); err == nil || !strings.Contains(err.Error(), "state") {
		t.Errorf("state is a file: %v", err)
	}
	name := "/" + strings.Repeat("x", 255)
	if n := lockName(name); len(n) > 255 || n == lockName(name[:255]) {
		t.Errorf("lock name %s", n)
	}
}
