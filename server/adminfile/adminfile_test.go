package adminfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRead(t *testing.T) {
	rule := Rule{Max: 3, Closed: 0o022, Why: "others can write it: chmod go-w"}
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string // in the error; "" for none
	}{
		"as long as may be": {"abc", 0o644, ""},
		"empty":             {"", 0o600, ""},
		"too long":          {"abcd", 0o600, "larger than 3 octets"},
		"open to the group": {"abc", 0o620, "others can write it: chmod go-w /"},
		"open to everybody": {"abc", 0o602, "others can write it: chmod go-w /"},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
		data, fi, err := Read(path, rule)
		switch {
		case c.want == "" && (err != nil || string(data) != c.text || fi.Mode() != c.mode):
			t.Errorf("%s: %q, %v", name, data, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// A FIFO that nobody writes does not hold the caller up.
func TestReadFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Read(path, Rule{Max: 3}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
}
