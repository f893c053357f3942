package passwd

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crypt/crypt/algorithm"

	"popper/server"
)

// Cheap hashes of the password "secret".
const (
	secretBcrypt = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
	secretSHA    = "$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2"
)

const pattern = "/var/mail/%u"

// fixture is an opened file with its log, and the hashes computed so far.
type fixture struct {
	*File
	path   string
	log    bytes.Buffer
	hashed []algorithm.Digest
}

func open(t *testing.T, text string) *fixture {
	t.Helper()
	x := &fixture{path: filepath.Join(t.TempDir(), "passwd")}
	x.write(t, text)
	f, err := Open(x.path, pattern, slog.New(slog.NewTextHandler(&x.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	match := f.match
	f.match = func(d algorithm.Digest, secret []byte) (bool, error) {
		x.hashed = append(x.hashed, d)
		return match(d, secret)
	}
	x.File = f
	return x
}

// write replaces the file as an editor does that writes in place.
func (x *fixture) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(x.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// login tells whether name gets in, and how many hashes that took.
func (x *fixture) login(t *testing.T, name, secret string) (ok bool, hashes int) {
	t.Helper()
	before := len(x.hashed)
	a, err := x.Authenticate(context.Background(), name, []byte(secret))
	switch {
	case err == nil && a.Name != name:
		t.Errorf("login of %q gives the account of %q", name, a.Name)
	case err != nil && !errors.Is(err, server.ErrDenied):
		t.Errorf("login of %q: %v", name, err)
	}
	return err == nil, len(x.hashed) - before
}

func TestAuthenticate(t *testing.T) {
	x := open(t, "# users\n\nann:"+secretBcrypt+"\nbob@example.org:"+secretSHA+":/home/bob/%u%%/mbox\r\n"+
		"carl_c.x-y:"+secretBcrypt+":\nlocked:!"+secretBcrypt+"\nnone:*")
	for _, c := range []struct {
		name, secret, drop string // drop "" means denied
	}{
		{"ann", "secret", "/var/mail/ann"},
		{"ann", "Secret", ""},
		{"ann", "secret ", ""},
		{"ann", "", ""},
		{"Ann", "secret", ""},
		{"ann:", "secret", ""},
		{"", "secret", ""},
		{"# users", "secret", ""},
		{"bob@example.org", "secret", "/home/bob/bob@example.org%/mbox"},
		{"carl_c.x-y", "secret", "/var/mail/carl_c.x-y"},
		{"locked", "secret", ""},
		{"none", "secret", ""},
		{"../ann", "secret", ""},
		{"ann\x00", "secret", ""},
	} {
		before := len(x.hashed)
		a, err := x.Authenticate(context.Background(), c.name, []byte(c.secret))
		want := server.Account{Name: c.name, Maildrop: c.drop}
		if c.drop == "" {
			if err != server.ErrDenied || a != (server.Account{}) {
				t.Errorf("%q %q: %v, %v; want ErrDenied", c.name, c.secret, a, err)
			}
		} else if err != nil || a != want {
			t.Errorf("%q %q: %v, %v; want %v", c.name, c.secret, a, err, want)
		}
		if n := len(x.hashed) - before; n != 1 {
			t.Errorf("%q %q: %d hashes computed, want 1", c.name, c.secret, n)
		}
	}
}

// R1081-USER-2: that a name does not exist shows neither in the answer nor in
// its cost. Costs are counted, not timed.
func TestUnknownUserCostsTheSame(t *testing.T) {
	x := open(t, "ann:"+secretBcrypt+"\nbob:"+secretSHA+"\nlocked:!\n")
	seen := map[string]bool{}
	for i := range 40 {
		name := "nobody" + strings.Repeat("x", i)
		var first string
		for range 3 {
			if ok, n := x.login(t, name, "secret"); ok || n != 1 {
				t.Fatalf("%s: let in %v, %d hashes", name, ok, n)
			}
			d := x.hashed[len(x.hashed)-1].Encode()
			if first == "" {
				first = d
			}
			if d != first {
				t.Fatalf("%s: another decoy at each try shows that it is one", name)
			}
			seen[d] = true
		}
	}
	if len(seen) != 2 {
		t.Errorf("decoys were taken from %d of the file's 2 hashes", len(seen))
	}
	// another process (inetd) with the same file picks the same decoy
	y, err := Open(x.path, pattern, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := x.live.Current().decoy("nobody").Encode(), y.live.Current().decoy("nobody").Encode(); a != b {
		t.Errorf("decoys of two processes: %s and %s", a, b)
	}
}

func TestNobodyToImitate(t *testing.T) {
	x := open(t, "ann:!\n")
	for _, name := range []string{"ann", "nobody"} {
		if ok, n := x.login(t, name, "x"); ok || n != 0 {
			t.Errorf("%s: let in %v, %d hashes", name, ok, n)
		}
	}
}

func TestReload(t *testing.T) {
	x := open(t, "ann:"+secretBcrypt+"\n")
	if ok, _ := x.login(t, "bob", "secret"); ok {
		t.Fatal("bob is let in before he exists")
	}
	x.write(t, "bob:"+secretBcrypt+"\n") // same size, same inode, perhaps the same tick
	if ok, _ := x.login(t, "bob", "secret"); !ok {
		t.Error("bob is not let in")
	}
	if ok, _ := x.login(t, "ann", "secret"); ok {
		t.Error("ann is let in after she was removed")
	}

	for _, broken := range []string{"ann:secret\n", "bob:" + secretBcrypt + "\nann:secret"} {
		x.log.Reset()
		x.write(t, broken)
		if ok, _ := x.login(t, "bob", "secret"); !ok {
			t.Error("a broken file locks bob out")
		}
		if l := x.log.String(); !strings.Contains(l, "level=ERROR") || !strings.Contains(l, x.path+":") || strings.Contains(l, "ann:secret") {
			t.Errorf("log of a broken file: %q", l)
		}
	}

	x.log.Reset()
	if err := os.Remove(x.path); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if ok, _ := x.login(t, "bob", "secret"); !ok {
			t.Error("a missing file locks bob out")
		}
	}
	if n := strings.Count(x.log.String(), "level=ERROR"); n != 1 {
		t.Errorf("a missing file is reported %d times: %s", n, x.log.String())
	}

	x.write(t, "ann:"+secretBcrypt+"\n")
	if ok, _ := x.login(t, "ann", "secret"); !ok {
		t.Error("the file is not read again after it was mended")
	}
}

func TestModes(t *testing.T) {
	x := open(t, "ann:"+secretBcrypt+"\n")
	if x.log.Len() != 0 {
		t.Errorf("mode 0600 is complained about: %s", &x.log)
	}
	os.Chmod(x.path, 0o644)
	if _, err := Open(x.path, pattern, slog.New(slog.NewTextHandler(&x.log, nil))); err != nil {
		t.Error(err)
	}
	if l := x.log.String(); !strings.Contains(l, "level=WARN") || !strings.Contains(l, "chmod o-r") {
		t.Errorf("a world-readable file: %q", l)
	}
	os.Chmod(x.path, 0o602)
	if _, err := Open(x.path, pattern, slog.New(slog.NewTextHandler(&x.log, nil))); err == nil || !strings.Contains(err.Error(), "chmod o-w") {
		t.Errorf("a world-writable file: %v", err)
	}
	if _, err := Open(t.TempDir(), pattern, slog.New(slog.NewTextHandler(&x.log, nil))); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Open(x.path+"x", pattern, slog.New(slog.NewTextHandler(&x.log, nil))); err == nil || !strings.Contains(err.Error(), "popper passwd") {
		t.Errorf("a missing file: %v", err)
	}
}

// No more hashes at the same time than there are slots; all logins are served.
func TestSlots(t *testing.T) {
	x := open(t, "ann:"+secretBcrypt+"\n")
	var mu sync.Mutex
	running, most := 0, 0
	match := x.match
	x.match = func(d algorithm.Digest, secret []byte) (bool, error) {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		defer func() { mu.Lock(); running--; mu.Unlock() }()
		time.Sleep(time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		return match(d, secret)
	}
	x.slots = make(chan struct{}, 2)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := x.Authenticate(context.Background(), "ann", []byte("secret")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most > 2 {
		t.Errorf("%d hashes at the same time, want at most 2", most)
	}
	if len(x.slots) != 0 {
		t.Errorf("%d slots are not given back", len(x.slots))
	}
}

// AUTH PLAIN carries passwords of 12 KiB, and sha512-crypt hashes all of one in each round:
// minutes for what a short one does in a second. A password that nobody can have is denied
// without a hash, whoever is named.
func TestOverlongPasswordIsNotHashed(t *testing.T) {
	x := open(t, "ann:"+secretSHA+"\nlocked:!"+secretSHA+"\n")
	for _, name := range []string{"ann", "locked", "nobody"} {
		if ok, hashes := x.login(t, name, strings.Repeat("x", maxSecret+1)); ok || hashes != 0 {
			t.Errorf("%s with %d octets: %v, %d hashes", name, maxSecret+1, ok, hashes)
		}
		if ok, hashes := x.login(t, name, strings.Repeat("x", maxSecret)); ok || hashes != 1 {
			t.Errorf("%s with %d octets: %v, %d hashes", name, maxSecret, ok, hashes)
		}
	}
}
