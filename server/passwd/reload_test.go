package passwd

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"popper/server"
)

// pretend makes the file look as if this state of it had been looked at when it
// was as young as that.
func (x *fixture) pretend(t *testing.T, age time.Duration) {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(x.path, &st); err != nil {
		t.Fatal(err)
	}
	x.seen = identityOf(&st)
	x.read = time.Unix(x.seen.ctime.Unix()).Add(age)
}

// An edit in the tick in which the file was read, of the same size, changes no
// time stamp: a young file is read again, and a password that was taken away is gone.
func TestEditInTheSameTick(t *testing.T) {
	x := open(t, "ann:"+secretBcrypt+"\n")
	x.write(t, "bob:"+secretBcrypt+"\n")
	x.pretend(t, settled)
	if _, err := x.Authenticate(context.Background(), "ann", []byte("secret")); !errors.Is(err, server.ErrDenied) {
		t.Errorf("ann, who was removed: %v", err)
	}
	x.write(t, "ann:"+secretBcrypt+"\n")
	x.pretend(t, settled+1)
	if _, err := x.Authenticate(context.Background(), "ann", []byte("secret")); !errors.Is(err, server.ErrDenied) {
		t.Errorf("a file that has rested is read again: %v", err)
	}
}

// A broken file is reported once, also while it is young and is read at each login;
// another fault, or the same after it was mended, is reported again.
func TestBrokenFileIsReportedOnce(t *testing.T) {
	x := open(t, "ann:"+secretBcrypt+"\n")
	for i, text := range []string{"ann:plain\n", "ann:\n", "ann:" + secretBcrypt + "\n", "ann:plain\n"} {
		x.log.Reset()
		x.write(t, text)
		for range 9 {
			x.pretendUnseen(t)
			if ok, _ := x.login(t, "ann", "secret"); !ok {
				t.Fatalf("%q locks ann out", text)
			}
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

// pretendUnseen makes the file so young that it is read at the next login.
func (x *fixture) pretendUnseen(t *testing.T) {
	t.Helper()
	if x.seen != (identity{}) {
		x.read = time.Unix(x.seen.ctime.Unix())
	}
}

// A world-readable file is warned of once, not at each login, and again when it
// has changed.
func TestReadableFileIsReportedOnce(t *testing.T) {
	x := open(t, "ann:"+secretBcrypt+"\n")
	for _, mode := range []os.FileMode{0o644, 0o604} {
		x.log.Reset()
		if err := os.Chmod(x.path, mode); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			x.pretendUnseen(t)
			x.login(t, "ann", "secret")
		}
		if n := strings.Count(x.log.String(), "level=WARN"); n != 1 {
			t.Errorf("mode %v: %d warnings: %s", mode, n, &x.log)
		}
	}
	x.log.Reset()
	if err := os.Chmod(x.path, 0o640); err != nil {
		t.Fatal(err)
	}
	x.login(t, "ann", "secret")
	if x.log.Len() != 0 {
		t.Errorf("mode 0640: %s", &x.log)
	}
}

func TestHugeFile(t *testing.T) {
	x := open(t, "ann:"+secretBcrypt+"\n")
	if err := os.Truncate(x.path, maxFile+1); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(x.path, pattern, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("%v", err)
	}
}

// A FIFO that nobody writes must not hold the start up.
func TestFIFO(t *testing.T) {
	path := t.TempDir() + "/fifo"
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		_, err := Open(path, pattern, slog.New(slog.DiscardHandler))
		opened <- err
	}()
	select {
	case err := <-opened:
		if err == nil || !strings.Contains(err.Error(), "regular") {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it waits for a writer")
	}
}
