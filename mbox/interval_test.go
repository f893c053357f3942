package mbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// openerVariable makes the test binary open the maildrop that it names, and close it.
const openerVariable = "POPPER_TEST_OPEN"

func openOnce(path string) {
	o := options(path)
	o.Interval = time.Hour
	m, err := Open(path, o)
	if err == nil {
		err = m.Close()
	}
	fmt.Print(errors.Is(err, ErrTooSoon), " ", err)
}

// lockFiles are the session locks of the maildrop's state directory.
func lockFile(t fataler, path string) string {
	t.Helper()
	names, _ := filepath.Glob(path + ".state/*.lock")
	if len(names) != 1 {
		t.Fatalf("lock files: %q", names)
	}
	return names[0]
}

// tooSoon opens a maildrop and tells how long to wait: not at all if it was opened. It is closed again.
func tooSoon(t fataler, path string, o Options) time.Duration {
	t.Helper()
	m, err := Open(path, o)
	var soon *TooSoonError
	switch {
	case err == nil:
		m.Close()
		return 0
	case !errors.As(err, &soon) || !errors.Is(err, ErrTooSoon) || soon.Path != path || soon.Wait <= 0 || soon.Wait > o.Interval:
		t.Fatalf("Open: %v", err)
	}
	return soon.Wait
}

// timeless is a test whose deadline is not asked for: in a bubble there is none.
type timeless struct{ testing.TB }

// RFC 2449 6.5: after each success, no other one before the interval is over, and then
// one; what else happens to the maildrop, or to the clock, changes nothing. The clock is
// the test's own.
func TestInterval(t *testing.T) {
	base := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		rapid.Check(timeless{t}, func(t *rapid.T) {
			n++
			path := fmt.Sprintf("%s/%d", base, n)
			write(t, path, three)
			var last time.Time // the last session that began under an interval
			t.Repeat(map[string]func(*rapid.T){
				"open": func(t *rapid.T) {
					o := options(path)
					o.Interval = time.Duration(rapid.IntRange(1, 20).Draw(t, "interval")) * time.Second
					want := max(0, o.Interval-time.Since(last))
					if last.IsZero() {
						want = 0
					}
					if got := tooSoon(t, path, o); got != want {
						t.Fatalf("wait %v, want %v", got, want)
					}
					if want == 0 {
						last = time.Now()
					}
				},
				"open without": func(t *rapid.T) { open(t, path, options(path)).Close() },
				"shared": func(t *rapid.T) {
					o := options(path)
					o.Shared, o.Interval = true, time.Hour
					open(t, path, o).Close()
				},
				"fail": func(t *rapid.T) {
					write(t, path, "not mail")
					if _, err := Open(path, options(path)); !errors.Is(err, ErrNotMailbox) {
						t.Fatalf("Open: %v", err)
					}
					write(t, path, three)
				},
				"wait": func(t *rapid.T) {
					time.Sleep(time.Duration(rapid.IntRange(1, 12_000).Draw(t, "ms")) * time.Millisecond)
				},
			})
		})
	})
}

// A clock that was wrong keeps nobody out for longer than the interval.
func TestIntervalFuture(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	o.Interval = time.Minute
	tooSoon(t, path, o)
	ahead := time.Now().AddDate(1, 0, 0)
	if err := os.Chtimes(lockFile(t, path), ahead, ahead); err != nil {
		t.Fatal(err)
	}
	if wait := tooSoon(t, path, o); wait != 0 {
		t.Errorf("opened in a year: wait %v", wait)
	}
	if wait := tooSoon(t, path, o); wait == 0 {
		t.Error("that was not noted")
	}
}

// Open that fails is no beginning: who was refused for another reason may try again.
func TestIntervalFailure(t *testing.T) {
	path := spool(t, "not mail")
	o := options(path)
	o.Interval = time.Hour
	if _, err := Open(path, o); !errors.Is(err, ErrNotMailbox) {
		t.Fatal(err)
	}
	write(t, path, three)
	m := open(t, path, o)
	if _, err := Open(path, o); !errors.Is(err, ErrInUse) {
		t.Errorf("beside another session: %v", err)
	}
	m.Close()
	if tooSoon(t, path, o) == 0 {
		t.Error("opened twice")
	}
}

// Finishing an interrupted update for a reader is no session.
func TestIntervalSharedRecovery(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	o.Interval = time.Hour
	write(t, filepath.Dir(path)+"/.user.pop", sepA+"\nleft\n\n") // mail of an older popper
	shared := o
	shared.Shared = true
	m := open(t, path, shared)
	if m.Len() != 4 {
		t.Fatalf("%d messages, want 4: it was not merged", m.Len())
	}
	m.Close()
	if wait := tooSoon(t, path, o); wait != 0 {
		t.Errorf("wait %v", wait)
	}
	open(t, path, shared).Close() // a reader is not concerned
}

// Without an interval nothing is written.
func TestIntervalZero(t *testing.T) {
	path := spool(t, three)
	then := time.Now().Add(-time.Hour).Truncate(time.Second)
	for _, interval := range []time.Duration{0, -time.Second} {
		o := options(path)
		o.Interval = interval
		open(t, path, o).Close()
		name := lockFile(t, path)
		os.Chtimes(name, then, then)
		open(t, path, o).Close()
		if fi, err := os.Stat(name); err != nil || !fi.ModTime().Equal(then) || fi.Size() != 0 {
			t.Errorf("lock file: %v, %v", fi, err)
		}
	}
}

// Servers under inetd are processes that know nothing of one another.
func TestIntervalProcesses(t *testing.T) {
	path := spool(t, three)
	for i, want := range []string{"false <nil>", "true " + ErrTooSoon.Error()} {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), openerVariable+"="+path)
		out, err := c.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("process %d: %q, %v", i, out, err)
		}
	}
}

// A user is not refused because the time of his session cannot be noted. The
// administrator is told.
func TestIntervalNotNoted(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	o.Interval = time.Hour
	var warned []string
	o.Warn = func(msg string, args ...any) { warned = append(warned, msg+" "+fmt.Sprint(args...)) }
	m := &Maildrop{path: path, options: o.withDefaults()}
	var err error
	if m.session, err = os.Open(path); err != nil { // for reading
		t.Fatal(err)
	}
	defer m.session.Close()
	m.beginInterval()
	if len(warned) != 1 || !strings.Contains(warned[0], "chown") || !strings.Contains(warned[0], path) {
		t.Errorf("%q", warned)
	}
}
