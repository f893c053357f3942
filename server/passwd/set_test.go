package passwd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestSet(t *testing.T) {
	const h = secretBcrypt
	for _, c := range []struct{ before, user, after string }{
		{"", "ann", "ann:H\n"},
		{"# c\n\nbob:x", "ann", "# c\n\nbob:x\nann:H\n"},
		{"bob:x\nann:old\ncarl:!\n", "ann", "bob:x\nann:H\ncarl:!\n"},
		{"ann:old:/mail/a:b\nbob:x\n", "ann", "ann:H:/mail/a:b\nbob:x\n"},
		{"ann:old:/mail/a\r\n", "ann", "ann:H:/mail/a\n"},
		{"ann:a\nann:b:/x\n", "ann", "ann:H\n"},
		{"annx:a\n#ann:b\nxann:c\n", "ann", "annx:a\n#ann:b\nxann:c\nann:H\n"},
		{"ann\n", "ann", "ann\nann:H\n"},
	} {
		path := filepath.Join(t.TempDir(), "passwd")
		os.WriteFile(path, []byte(c.before), 0o640)
		added, err := Set(path, c.user, h)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := os.ReadFile(path)
		if want := strings.ReplaceAll(c.after, "H", h); string(got) != want {
			t.Errorf("%q: got %q, want %q", c.before, got, want)
		}
		if want := strings.HasSuffix(c.after, "ann:H\n") && c.before != "ann:a\nann:b:/x\n"; added != want {
			t.Errorf("%q: added %v", c.before, added)
		}
		if fi, _ := os.Stat(path); fi.Mode().Perm() != 0o640 {
			t.Errorf("%q: mode %v", c.before, fi.Mode())
		}
	}
}

func TestSetNewFileAndReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passwd")
	if added, err := Set(path, "ann", secretBcrypt); !added || err != nil {
		t.Fatal(added, err)
	}
	if fi, _ := os.Stat(path); fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", fi.Mode())
	}
	f, err := Open(path, pattern, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Authenticate(context.Background(), "ann", []byte("secret")); err != nil {
		t.Error(err)
	}
}

func TestSetKeepsOwnerAndLink(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIP owner: only root can give files away")
	}
	dir := t.TempDir()
	path, link := filepath.Join(dir, "passwd"), filepath.Join(dir, "link")
	os.WriteFile(path, nil, 0o600)
	os.Chown(path, 12, 34)
	os.Symlink("passwd", link)
	if _, err := Set(link, "ann", secretBcrypt); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Lstat(path)
	if err != nil || fi.Size() == 0 {
		t.Fatalf("the file behind the link: %v, %v", fi, err)
	}
	if st := fi.Sys().(*syscall.Stat_t); st.Uid != 12 || st.Gid != 34 {
		t.Errorf("owner %d:%d", st.Uid, st.Gid)
	}
	if fi, _ := os.Lstat(link); fi.Mode().Type() != os.ModeSymlink {
		t.Error("the link was replaced")
	}
}

func TestSetRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "passwd")
	os.WriteFile(path, []byte("bob:x\n"), 0o600)
	for _, c := range []struct{ path, user, hash string }{
		{path, "a:b", secretBcrypt},
		{path, "../a", secretBcrypt},
		{path, "", secretBcrypt},
		{path, "ann", "plain"},
		{dir, "ann", secretBcrypt},
		{filepath.Join(dir, "no", "passwd"), "ann", secretBcrypt},
	} {
		if _, err := Set(c.path, c.user, c.hash); err == nil {
			t.Errorf("%v is accepted", c)
		}
	}
	if got, _ := os.ReadFile(path); string(got) != "bob:x\n" {
		t.Errorf("the file became %q", got)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// Two who add users at the same time do not undo each other.
func TestSetAtTheSameTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passwd")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if _, err := Set(path, fmt.Sprint("user", i), secretBcrypt); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, _ := os.ReadFile(path)
	if n := strings.Count(string(got), "\n"); n != 20 {
		t.Errorf("%d lines of 20: %s", n, got)
	}
}

// CheckFile refuses what Set would, and leaves nothing behind.
func TestCheckFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "passwd")
	for range 2 { // a missing file, then one
		if err := CheckFile(path); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 1 {
			t.Errorf("left behind: %v", left)
		}
		os.WriteFile(path, []byte("bob:x\n"), 0o600)
	}
	for _, bad := range []string{dir, filepath.Join(dir, "no", "passwd")} {
		if err := CheckFile(bad); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}
