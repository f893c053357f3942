package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// town is a site with two groups that everybody may read and one that root alone may.
type town struct {
	*site
	groups string
}

func newTown(t *testing.T) *town {
	s := newSite(t)
	c := &town{s, filepath.Join(s.dir, "groups")}
	for dir := s.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(c.groups, 0o755); err != nil {
		t.Fatal(err)
	}
	s.write(c.groups+"/system.group", "maildrop: "+s.dir+"/system\narchive: "+s.dir+"/system.old\naliases: sys\n"+
		"address: system@host.example\nrequest: system-request@host.example\nleaders: mother\nflags: 1\n")
	s.write(c.groups+"/bboards", "mh-users::"+s.dir+"/mh-users:*::@host.example:-request:::\n")
	s.write(c.groups+"/secret.group", "maildrop: "+s.dir+"/secret\n")
	s.write(s.dir+"/secret", mail)
	return c
}

// post delivers to a group.
func (c *town) post(group, subject string) {
	c.t.Helper()
	out, code := c.deliver("Subject: "+subject+"\nBBoard-ID: 77\n\n"+subject+"\n", "--group", group, "--groups", c.groups, "--state", c.dir+"/state", "-f", "a@b")
	if code != 0 {
		c.t.Fatalf("%d: %s", code, out)
	}
}

func (c *client) listing(command string) []string {
	c.t.Helper()
	c.ask(command, "+OK XTND")
	return strings.Split(strings.TrimSuffix(c.lines(), "\r\n"), "\r\n")
}

// R1082-X-1, R1082-BB-1, R1082-BB-2, R1082-BB-3, R1082-AR-1, R1082-XB-1, R1082-PRIV-1,
// R1082-MAX-1: the dialogues of RFC 1082 with the real program, over a socket.
func TestDiscussionGroups(t *testing.T) {
	c := newTown(t)
	for i := range 3 {
		c.post("system", fmt.Sprint("number ", i+1))
	}
	_, addr := c.listen("--groups", c.groups)
	p := dial(t, addr)
	p.login()
	if got := p.listing("XTND BBOARDS"); !slices.Contains(got, "system 3") || !slices.Contains(got, "mh-users 0") || len(got) != 2 {
		t.Errorf("%q", got)
	}
	if got := p.listing("XTND BBOARDS SYS"); !slices.Equal(got, []string{"system 3"}) {
		t.Errorf("%q", got)
	}
	p.ask("LIST 2", "+OK 2 ")
	if got := p.ask("LIST 3", "+OK 3 "); !strings.HasSuffix(got, " 3") {
		t.Errorf("%q", got)
	}
	p.ask("RETR 3", "+OK")
	if got := p.lines(); strings.Count(got, "BBoard-ID:") != 1 || !strings.Contains(got, "BBoard-ID: 3\r\n") {
		t.Errorf("%q", got)
	}
	p.ask("DELE 1", "+OK")
	p.ask("STAT", "+OK 3 ")
	if got := p.listing("XTND X-BBOARDS mh-users"); len(got) != 14 || got[0] != "mh-users" || got[6] != "*" || got[8] != "mh-users@host.example" || got[9] != "mh-users-request@host.example" {
		t.Errorf("%q", got)
	}
	for _, name := range []string{"secret", "nobody", "../../etc/passwd", "system/../secret", "%s%n", "system.group", strings.Repeat("x", 230)} {
		p.ask("XTND BBOARDS "+name, "-ERR no such bboard")
		p.ask("XTND ARCHIVE "+name, "-ERR no such bboard")
		p.ask("XTND X-BBOARDS "+name, "-ERR no such bboard")
	}
	p.ask("STAT", "+OK 3 ")
	p.ask("QUIT", "+OK")
	c.unchanged()
}

// R1082-MAX-1: a reader in the manner of MH's bbc keeps the highest number it has seen,
// and in each session fetches what is above it, here and in the archive. Mail comes,
// messages are archived in between; each is fetched once.
func TestReaderByMaxima(t *testing.T) {
	c := newTown(t)
	_, addr := c.listen("--groups", c.groups)
	var seen uint64
	var fetched []string
	posted := 0
	for round := range 6 {
		for range round + 1 {
			posted++
			c.post("system", fmt.Sprint("letter ", posted))
		}
		p := dial(t, addr)
		p.login()
		for _, open := range []string{"XTND ARCHIVE system", "XTND BBOARDS system"} {
			if round == 0 && strings.Contains(open, "ARCHIVE") {
				continue // there is none yet
			}
			fetched, seen = p.above(open, fetched, seen)
		}
		p.ask("QUIT", "+OK")
		p.end()
		args := []string{"archive", "--groups", c.groups, "--state", c.dir + "/state", "--keep", "2", "system"}
		if out, code := c.run(exec.Command(binary, args...), ""); code != 0 {
			t.Fatalf("%d: %s", code, out)
		}
	}
	var want []string
	for i := range posted {
		want = append(want, fmt.Sprint("letter ", i+1))
	}
	if !slices.Equal(fetched, want) {
		t.Errorf("fetched %q, want %q", fetched, want)
	}
}

// above fetches the messages whose numbers are above seen.
func (c *client) above(open string, fetched []string, seen uint64) ([]string, uint64) {
	c.t.Helper()
	c.listing(open)
	c.ask("LIST", "+OK")
	highest := seen
	for line := range strings.Lines(c.lines()) {
		var i int
		var size, n uint64
		if _, err := fmt.Sscan(line, &i, &size, &n); err != nil {
			c.t.Fatalf("%q: %v", line, err)
		}
		if n > seen {
			c.ask(fmt.Sprint("RETR ", i), "+OK")
			_, text, _ := strings.Cut(c.lines(), "Subject: ")
			text, _, _ = strings.Cut(text, "\r\n")
			fetched, highest = append(fetched, text), max(highest, n)
		}
	}
	return fetched, highest
}

// R1082-ANON-1
func TestAnonymousReader(t *testing.T) {
	c := newTown(t)
	c.post("system", "hello")
	_, addr := c.listen("--groups", c.groups, "--anonymous-from", "127.0.0.0/8")
	p := dial(t, addr)
	p.ask("USER anonymous", "+OK")
	p.ask("PASS me@here", "+OK")
	p.ask("STAT", "+OK 0 0")
	if got := p.listing("XTND BBOARDS"); !slices.Contains(got, "system 1") {
		t.Errorf("%q", got)
	}
	_, elsewhere := c.listen("--groups", c.groups, "--anonymous-from", "192.0.2.0/24")
	p = dial(t, elsewhere)
	p.ask("USER anonymous", "+OK")
	p.ask("PASS me@here", "-ERR [AUTH]")
}

// What a mail system hears of a delivery to a group.
func TestDeliverToGroupFails(t *testing.T) {
	c := newTown(t)
	to := func(group string, more ...string) []string {
		return append([]string{"--group", group, "--groups", c.groups, "--state", c.dir + "/state"}, more...)
	}
	for name, x := range map[string]struct {
		args []string
		code int
		says string
	}{
		"unknown":   {to("nobody"), 67, "no group called"},
		"path":      {to("../system"), 67, "no group called"},
		"and user":  {to("system", "ann"), 64, "to which"},
		"no groups": {[]string{"--group", "system"}, 64, "--groups DIR"},
		"directory": {[]string{"--group", "system", "--groups", c.dir + "/none", "--state", c.dir + "/state"}, 75, "--groups"},
	} {
		if out, code := c.deliver("x\n", x.args...); code != x.code || !strings.Contains(out, x.says) {
			t.Errorf("%s: %d, want %d: %s", name, code, x.code, out)
		}
	}
}
