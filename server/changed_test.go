package server

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
)

// midway is what another program may do while a message is sent. whole says whether
// the message that is sent is still the one that lies in the maildrop.
var midway = []struct {
	name  string
	do    func(path string) error
	whole bool
}{
	{"nothing", func(string) error { return nil }, true},
	{"delivers", func(path string) error { return add(path, envelope(second)) }, true},
	{"delivers half a message", func(path string) error { return add(path, envelope(second)[:60]) }, true},
	{"delivers half a separator", func(path string) error { return add(path, "From mr") }, true},
	{"rewrites the same", func(path string) error { return edit(path, ".a line", ".a line") }, true},
	{"edits what has been sent", func(path string) error { return edit(path, "Subject: big", "Subject: BIG") }, false},
	{"edits the same and puts mtime back", func(path string) error {
		fi, err := os.Stat(path)
		if err == nil {
			err = edit(path, "Subject: big", "Subject: BIG")
		}
		if err == nil {
			err = os.Chtimes(path, fi.ModTime(), fi.ModTime())
		}
		return err
	}, false},
	{"edits what comes next", func(path string) error {
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, append(b[:len(b)-9], "any dot\n\n"...), 0o600)
		}
		return err
	}, false},
	{"removes the first message", func(path string) error { return edit(path, envelope(first), "") }, false},
	{"truncates", func(path string) error { return os.Truncate(path, 100_000) }, false},
	{"empties", func(path string) error { return os.Truncate(path, 0) }, false},
	{"renames another file over", func(path string) error {
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path+".new", b, 0o600)
		}
		if err == nil {
			err = os.Rename(path+".new", path)
		}
		return err
	}, false},
	{"removes the file", os.Remove, false},
}

func add(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

func edit(path, old, new string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o600)
}

// R1081-RETR-2, UPD-3: a message gets its final dot if, and only if, what was sent is
// what lies there. Without the dot the connection ends, and the next session works.
func TestChangedDuringRetr(t *testing.T) {
	for _, c := range midway {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, envelope(first)+envelope(big), nil)
				p := s.login(t)
				s.tick(t)
				p.ok("RETR 2")
				if err := c.do(s.spool); err != nil {
					t.Fatal(err)
				}
				if c.whole {
					if p.body() != crlf(big) {
						t.Error("another message")
					}
					p.quit()
				} else if got, err := io.ReadAll(p.r); err != nil || strings.Contains(string(got), "\r\n.\r\n") {
					t.Errorf("%v, or a final dot after %d octets", err, len(got))
				}
				s.login(t).quit()
			})
		})
	}
}

// tick waits until the file system's time stamps move on: a change within the tick
// of the scan leaves no trace in them.
func (s *site) tick(t *testing.T) {
	t.Helper()
	for old := s.stamp(t); s.stamp(t) == old; {
	}
}

// stamp writes a file and gives its time stamp.
func (s *site) stamp(t *testing.T) syscall.Timespec {
	t.Helper()
	name := s.spool + ".tick"
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return fi.Sys().(*syscall.Stat_t).Ctim
}
