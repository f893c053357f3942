package main_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// newGroups adds discussion groups to a site: system, and mh-users with the numbers of
// the examples of RFC 1082.
func newGroups(t *testing.T) *site {
	s := newSite(t)
	for _, d := range []string{filepath.Dir(s.dir), s.dir} { // what everybody may read is decided by the files
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{"/groups", "/archive"} {
		if err := os.Mkdir(s.dir+d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.write(s.dir+"/groups/bboards", fmt.Sprintf(
		"system:sys:%s/system.mbox:secret:root,ann:@udel.edu:-request:relay@udel.edu:a@x,b@y:17\n"+
			"mh-users::%[1]s/mh-users.mbox:::::::\n", s.dir))
	s.share("system.mbox", posting("one", 9)+posting("two", 10))
	s.share("mh-users.mbox", posting("hundred", 100))
	s.share(".mh-users.cnt", "100\n")
	return s
}

// share writes a file that everybody may read.
func (s *site) share(name, text string) {
	s.t.Helper()
	s.write(s.dir+"/"+name, text)
	if err := os.Chmod(s.dir+"/"+name, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// posting is a message to a group; n is its stamp, 0 for none.
func posting(subject string, n int) string {
	stamp := ""
	if n > 0 {
		stamp = fmt.Sprintf("BBoard-ID: %d\n", n)
	}
	return "From a Tue Jan  2 15:04:05 2024\n" + stamp + "Subject: " + subject + "\n\ntext\n\n"
}

func (s *site) grouped(more ...string) (*process, string) {
	return s.listen(append([]string{"--groups", s.dir + "/groups"}, more...)...)
}

// extended asks for something whose positive reply begins with +OK XTND (R1082-X-1).
func (c *client) extended(command, want string) {
	c.t.Helper()
	c.ask(command, "+OK XTND")
	if got := c.lines(); got != crlf(want) {
		c.t.Errorf("%s: %q, want %q", command, got, want)
	}
}

// The examples of RFC 1082, written by hand.
func TestRFC1082(t *testing.T) {
	s := newGroups(t)
	_, addr := s.grouped()
	c := dial(t, addr)
	c.ask("XTND BBOARDS", "-ERR") // not before login
	c.login()
	c.extended("XTND BBOARDS", "system 10\nmh-users 100\n") // R1082-BB-1, R1082-X-1
	c.extended("xtnd x-bboards SYS", strings.Join([]string{ // R1082-XB-1, R1082-NAME-1
		"system", "sys", s.dir + "/system.mbox", s.dir + "/archive/system.mbox", s.dir + "/.system.cnt", s.dir + "/.system.map",
		"*", "root ann", "system@udel.edu", "system-request@udel.edu", "relay@udel.edu", "a@x b@y", "017 10",
	}, "\n")+"\n"+s.date("system.mbox")+"\n")
	c.ask("STAT", "+OK 3 ") // the maildrop is still open
	c.ask("DELE 2", "+OK")
	c.ask("XTND BBOARDS nothing", "-ERR no such bboard")
	c.ask("XTND ARCHIVE", "-ERR")
	c.ask("XTND ARCHIVE nothing", "-ERR no such bboard")
	c.ask("XTND X-BBOARDS nothing", "-ERR no such bboard")
	c.ask("DELE 2", "-ERR") // nothing was forgotten
	s.unchanged()

	c.extended("XTND BBOARDS system", "system 10\n") // R1082-BB-2
	if strings.Contains(s.read(s.mailbox), messages[1]) {
		t.Error("the deletion was not carried out")
	}
	other := dial(t, addr) // nor is the maildrop locked any more
	other.login()
	other.ask("STAT", "+OK 2 ")
	other.ask("QUIT", "+OK")

	size := len(crlf(strings.SplitN(posting("one", 9), "\n", 2)[1])) - 2
	c.ask("LIST 1", fmt.Sprintf("+OK 1 %d 9", size)) // R1082-BB-3
	c.ask("LIST", "+OK")
	if got := c.lines(); got != fmt.Sprintf("1 %d 9\r\n2 %d 10\r\n", size, size+1) {
		t.Errorf("%q", got)
	}
	c.ask("DELE 1", "+OK")
	c.ask("RETR 1", "+OK")
	c.lines()

	// others read the same group, and the other group follows
	reader := dial(t, addr)
	reader.ask("USER ann", "+OK")
	reader.ask("PASS "+secret, "+OK")
	reader.extended("XTND BBOARDS System", "system 10\n")
	reader.extended("XTND BBOARDS mh-users", "mh-users 100\n")
	reader.ask("LIST 1", "+OK 1 ")
	reader.ask("QUIT", "+OK")

	c.extended("XTND ARCHIVE system", "system 0\n") // R1082-AR-1
	c.ask("STAT", "+OK 0 0")
	c.ask("QUIT", "+OK")
	c.end()
	if got := s.read(s.dir + "/system.mbox"); got != posting("one", 9)+posting("two", 10) {
		t.Errorf("the group became %q", got)
	}
}

// date is how X-BBOARDS shows the time of a file.
func (s *site) date(name string) string {
	s.t.Helper()
	fi, err := os.Stat(s.dir + "/" + name)
	if err != nil {
		s.t.Fatal(err)
	}
	return fi.ModTime().Format("Mon, 02 Jan 2006 15:04:05 -0700")
}

// R1082-PRIV-1: what may not be read is neither listed nor opened nor described.
func TestUnreadableGroup(t *testing.T) {
	s := newGroups(t)
	if err := os.Chmod(s.dir+"/system.mbox", 0o600); err != nil {
		t.Fatal(err)
	}
	_, addr := s.grouped()
	c := dial(t, addr)
	c.login()
	c.extended("XTND BBOARDS", "mh-users 100\n")
	for _, what := range []string{"BBOARDS", "ARCHIVE", "X-BBOARDS"} {
		c.ask("XTND "+what+" system", "-ERR no such bboard")
	}
}

// R1082-ANON-1: any password, world-readable groups, an empty maildrop, from listed hosts.
func TestAnonymous(t *testing.T) {
	s := newGroups(t)
	if err := os.Chmod(s.dir+"/system.mbox", 0o640); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"", "127.0.0.0/8,2001:db8::/32"} {
		args := []string{"--anonymous"}
		if from != "" {
			args = append(args, "--anonymous-from", from)
		}
		_, addr := s.grouped(args...)
		c := dial(t, addr)
		c.ask("USER anonymous", "+OK")
		c.ask("PASS guest", "+OK")
		c.ask("STAT", "+OK 0 0")
		c.extended("XTND BBOARDS", "mh-users 100\n")
		c.extended("XTND BBOARDS mh-users", "mh-users 100\n")
		c.ask("QUIT", "+OK")
	}
	for _, args := range [][]string{nil, {"--anonymous", "--anonymous-from", "192.0.2.1"}} {
		_, addr := s.grouped(args...)
		c := dial(t, addr)
		c.ask("USER anonymous", "+OK")
		c.ask("PASS guest", "-ERR")
	}
}

// R1081-RPOP-1: a trusted user of a trusted host, from a port that only root has.
func TestRpop(t *testing.T) {
	if os.Getuid() != 0 {
		skip(t, "root") // it binds a port below 1024
	}
	s := newSite(t)
	s.write(s.dir+"/rpop", "# hosts\n\n127.0.0.1 anna ann\n127.0.0.1 carl\n192.0.2.0/24 ann\n")
	_, addr := s.listen("--rpop", s.dir+"/rpop")
	low := func() *client {
		for port := 1023; port > 600; port-- {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}, Control: reuse}
			if conn, err := d.Dial("tcp", addr); err == nil {
				return greet(t, conn)
			}
		}
		t.Fatal("no port")
		return nil
	}
	for _, c := range []struct {
		dial         func() *client
		remote, want string
	}{
		{low, "anna", "+OK"}, {low, "ann", "-ERR"}, {low, "carl", "-ERR"},
		{func() *client { return dial(t, addr) }, "anna", "-ERR"},
	} {
		p := c.dial()
		p.ask("USER ann", "+OK")
		p.ask("RPOP "+c.remote, c.want)
		p.Close()
	}
}

// reuse lets a port be bound again soon after.
func reuse(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
}

// Only what is asked for is spoken besides RFC 1081.
func TestDialects(t *testing.T) {
	s := newGroups(t)
	_, addr := s.grouped("--dialects", "rfc1939")
	c := dial(t, addr)
	c.login()
	c.ask("UIDL 1", "+OK")
	c.ask("XTND BBOARDS", "-ERR unknown command")
	_, addr = s.grouped("--dialects", "rfc1082,berkeley")
	c = dial(t, addr)
	c.ask("USER ann", "+OK")
	c.ask("QUIT", "+OK")
}

// No name that a client sends reaches a path, or the log as it stands.
func TestHostileNames(t *testing.T) {
	s := newGroups(t)
	p, addr := s.grouped("-d")
	c := dial(t, addr)
	c.login()
	for _, name := range []string{
		"../../etc/passwd", "/etc/passwd", "..", ".", "system/../system", "system.mbox", "sys%s%n%d", "%!d(string=x)", "syst\x00em", "system\x00",
		"system\x1b[2J", "system\rXTND", "système", "\xff\xfe", "system\\n-ERR", "-", "1", strings.Repeat("s", 200), "*", "", "sys*",
	} {
		for _, what := range []string{"BBOARDS ", "ARCHIVE ", "X-BBOARDS "} {
			if name == "" && what == "BBOARDS " {
				continue
			}
			c.ask("XTND "+what+name, "-ERR")
			c.ask("NOOP", "+OK")
		}
	}
	c.extended("XTND BBOARDS system", "system 10\n")
	c.ask("QUIT", "+OK")
	c.end()
	if out := p.out.String(); strings.ContainsAny(out, "\x00\x1b\r") || strings.Contains(out, "\xff") || regexp.MustCompile(`(?m)^-ERR|!d\(MISSING`).MatchString(out) {
		t.Errorf("the log: %q", out)
	}
	entries, err := os.ReadDir(s.dir + "/state/groups")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !regexp.MustCompile(`^(system|mh-users)\.(lock|maxima|list)$`).MatchString(e.Name()) {
			t.Errorf("%q was made", e.Name())
		}
	}
}

// bbc reads a group as MH's program of that name did: it remembers the highest number
// seen, in a file, and fetches what has a higher one.
func (s *site) bbc(addr, group, remembered string) (fetched []string) {
	s.t.Helper()
	high := uint64(0)
	if b, err := os.ReadFile(remembered); err == nil {
		high, _ = strconv.ParseUint(string(b), 10, 64)
	}
	c := dial(s.t, addr)
	c.login()
	c.ask("XTND BBOARDS "+group, "+OK XTND")
	c.lines()
	c.ask("LIST", "+OK")
	top := high
	for line := range strings.Lines(c.lines()) {
		w := strings.Fields(line)
		n, err := strconv.ParseUint(w[2], 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		if n <= high {
			continue
		}
		top = max(top, n)
		c.ask("RETR "+w[0], "+OK")
		fetched = append(fetched, regexp.MustCompile(`Subject: (\S+)`).FindStringSubmatch(c.lines())[1])
	}
	c.ask("QUIT", "+OK")
	c.end()
	s.write(remembered, fmt.Sprint(top))
	return fetched
}

// R1082-MAX-1: over many sessions, with mail coming, with the archive taking, and with
// the cache lost, a reader gets each message exactly once.
func TestReader(t *testing.T) {
	s := newGroups(t)
	_, addr := s.grouped()
	mbox := s.dir + "/system.mbox"
	got := map[string]int{}
	read := func() {
		for _, subject := range s.bbc(addr, "system", s.dir+"/bbc") {
			got[subject]++
		}
	}
	want := 2
	read()
	for round := range 12 {
		for i := range round % 4 {
			stamp := 0
			if i == 1 {
				stamp = []int{1, 10, 11, 99, 1 << 40}[round%5] // forged
			}
			s.share("system.mbox", s.read(mbox)+posting(fmt.Sprintf("r%d.%d", round, i), stamp))
			want++
		}
		read()
		switch round % 3 {
		case 0:
			p := start(t, nil, binary, "archive", "--groups", s.dir+"/groups", "--state", s.dir+"/state", "--keep", fmt.Sprint(1+round%2), "system")
			if p.code() != 0 {
				t.Fatal(p.out.String())
			}
		case 1:
			os.Remove(s.dir + "/state/groups/system.list")
		}
		read()
	}
	for subject, n := range got {
		if n != 1 {
			t.Errorf("%s came %d times", subject, n)
		}
	}
	if len(got) != want {
		t.Errorf("%d messages came, %d were sent: %v", len(got), want, got)
	}
	c := dial(t, addr)
	c.login()
	c.ask("XTND ARCHIVE system", "+OK XTND")
	c.lines()
	c.ask("STAT", "+OK ")
	c.ask("LIST 1", "+OK 1 ")
	c.ask("QUIT", "+OK")
}

// popper archive: what it says, and its exit codes.
func TestArchiveCommand(t *testing.T) {
	s := newGroups(t)
	args := []string{"archive", "--groups", s.dir + "/groups", "--state", s.dir + "/state"}
	for _, c := range []struct {
		more []string
		code int
		want string
	}{
		{[]string{"--keep", "1"}, 64, "name the groups"},
		{[]string{"system"}, 64, "--keep N or --older-than"},
		{[]string{"--keep", "-1", "system"}, 64, "--keep N or --older-than"},
		{[]string{"--keep", "x", "system"}, 64, "keep"},
		{[]string{"--older-than", "30", "system"}, 64, "unit"},
		{[]string{"--bogus", "system"}, 64, "bogus"},
		{[]string{"--keep", "1", "nothing"}, 67, "there are: system, mh-users"},
		{[]string{"--keep", "1", "--groups", s.dir + "/none", "system"}, 78, "--groups"},
		{[]string{"--keep", "1", "--state", s.passwd + "/x", "system"}, 78, "--state"},
		{[]string{"--older-than", "1000000h", "system"}, 0, ""},
		{[]string{"--keep", "1", "nothing", "sys"}, 67, "sys: 1 messages archived"},
		{[]string{"--older-than", "24h", "system"}, 0, "system: 1 messages archived"},
	} {
		p := start(t, nil, binary, append(args, c.more...)...)
		if code := p.code(); code != c.code || !strings.Contains(p.out.String(), c.want) || c.want == "" && p.out.String() != "" {
			t.Errorf("%q: exit code %d, %q", c.more, code, p.out.String())
		}
	}
	if got := s.read(s.dir + "/archive/system.mbox"); got != posting("one", 9)+posting("two", 10) {
		t.Errorf("the archive: %q", got)
	}
	_, addr := s.grouped()
	c := dial(t, addr)
	c.login()
	c.extended("XTND BBOARDS system", "system 10\n") // R1082-MAX-1: it outlives the messages
	p := start(t, nil, binary, append(args, "--keep", "1", "system")...)
	if code := p.code(); code != 75 || !strings.Contains(p.out.String(), "in use") {
		t.Errorf("beside a reader: exit code %d, %q", code, p.out.String())
	}
	c.extended("XTND ARCHIVE system", "system 10\n")
	c.ask("STAT", "+OK 2 ")
}
