package mbox

import (
	"errors"
	"os"
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
