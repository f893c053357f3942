package adminfile

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// live is an opened file whose words are upper case letters, with its log.
type live struct {
	*Live[string]
	path  string
	log   bytes.Buffer
	taken int
}

func openLive(t *testing.T, text string) *live {
	t.Helper()
	x := &live{path: filepath.Join(t.TempDir(), "file")}
	x.write(t, text)
	l, err := Open(Source[string]{
		What: "word file", Path: x.path, Rule: Rule{Max: 10, Closed: 0o002, Why: "open:"},
		Made: "write it", Log: slog.New(slog.NewTextHandler(&x.log, nil)),
		Taken: func(fs.FileInfo) { x.taken++ },
		Parse: func(data []byte) (string, error) {
			if s := string(data); s == strings.ToUpper(s) {
				return s, nil
			}
			return "", errors.New("not a word: " + string(data))
		}})
	if err != nil {
		t.Fatal(err)
	}
	x.Live = l
	return x
}

// write replaces the file as an editor does that writes in place.
func (x *live) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(x.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pretend makes the file look as if this state of it had been looked at when it
// was as young as that.
func (x *live) pretend(t *testing.T, age time.Duration) {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(x.path, &st); err != nil {
		t.Fatal(err)
	}
	x.seen = IdentityOf(&st)
	x.read = time.Unix(x.seen.ctime.Unix()).Add(age)
}

func (x *live) want(t *testing.T, word string) {
	t.Helper()
	if got := x.Current(); got != word {
		t.Errorf("got %q, want %q; log: %s", got, word, &x.log)
	}
}

func TestLive(t *testing.T) {
	x := openLive(t, "ONE")
	x.want(t, "ONE")
	x.write(t, "TWO") // same size, same inode, perhaps the same tick
	x.want(t, "TWO")
	x.write(t, "THREE")
	x.want(t, "THREE")
	if err := os.Rename(x.path, x.path+"x"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		x.want(t, "THREE")
	}
	if n := strings.Count(x.log.String(), "level=ERROR"); n != 1 || !strings.Contains(x.log.String(), "write it") {
		t.Errorf("a missing file is reported %d times: %s", n, &x.log)
	}
	x.write(t, "FOUR")
	x.want(t, "FOUR")
	if err := os.Chmod(x.path, 0o602); err != nil {
		t.Fatal(err)
	}
	x.write(t, "FIVE")
	x.want(t, "FOUR") // everybody can write it
}

// An edit in the tick in which the file was read, of the same size, changes no
// time stamp: a young file is read again, and what was taken away is gone.
func TestEditInTheSameTick(t *testing.T) {
	x := openLive(t, "ONE")
	x.write(t, "TWO")
	x.pretend(t, SettledAge)
	x.want(t, "TWO")
	x.write(t, "ONE")
	x.pretend(t, SettledAge+1)
	x.want(t, "TWO") // a file that has rested is not read again
	x.write(t, "THREE")
	x.want(t, "THREE")
}

// A broken file is reported once, also while it is young and is read at each look;
// another fault, or the same after it was mended, is reported again.
func TestBrokenFileIsReportedOnce(t *testing.T) {
	x := openLive(t, "ONE")
	for i, text := range []string{"one", "two", "ONE", "one", "TOO MANY LETTERS"} {
		x.log.Reset()
		x.write(t, text)
		for range 9 {
			if x.seen != (Identity{}) {
				x.read = time.Unix(x.seen.ctime.Unix()) // so young that it is read again
			}
			x.want(t, "ONE")
		}
		want := 1
		if i == 2 {
			want = 0
		}
		if n := strings.Count(x.log.String(), "level=ERROR"); n != want {
			t.Errorf("%q: %d complaints, want %d: %s", text, n, want, &x.log)
		}
	}
}

// A file that could not be read for want of a descriptor, as under a flood of connections,
// is tried again although nothing about it changes: a password that was taken away in such
// a moment must not go on working.
func TestReadFailsForAMoment(t *testing.T) {
	x := openLive(t, "ONE")
	x.write(t, "THREE")
	exhaust(t, func() {
		for range 3 {
			x.want(t, "ONE")
		}
	})
	if n := strings.Count(x.log.String(), "level=ERROR"); n != 1 {
		t.Errorf("%d complaints: %s", n, &x.log)
	}
	x.read = time.Now().Add(time.Hour) // it has rested for long
	x.want(t, "THREE")
}

// exhaust calls f while there is no free descriptor.
func exhaust(t *testing.T, f func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 0, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)
	f()
}

// Taken hears of each state once, however often it is read.
func TestTaken(t *testing.T) {
	x := openLive(t, "ONE")
	for range 5 {
		x.read = time.Unix(x.seen.ctime.Unix())
		x.Current()
	}
	if x.taken != 1 {
		t.Errorf("one state is taken %d times", x.taken)
	}
	x.write(t, "THREE")
	x.Current()
	if x.taken != 2 {
		t.Errorf("two states are taken %d times", x.taken)
	}
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{dir: "not a regular file", dir + "/no": "do this"} {
		_, err := Open(Source[string]{Path: path, Rule: Rule{Max: 10}, Made: "do this"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
