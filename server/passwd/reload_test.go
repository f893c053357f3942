package passwd

import (
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

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
