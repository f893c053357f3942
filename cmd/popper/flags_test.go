package main_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Every fault of the command line ends popper before it serves anything, with
// one line that names the flag.
func TestBadFlags(t *testing.T) {
	s := newSite(t)
	if err := os.Mkdir(s.dir+"/open", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(s.dir+"/open", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(s.passwd, s.dir+"/link"); err != nil {
		t.Fatal(err)
	}
	s.write(s.dir+"/broken", "\nann:plain\n")
	if err := unix.Mkfifo(s.dir+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	listen := slices.Clip(s.flags("--listen", "127.0.0.1:0"))
	_, taken := s.listen()
	port := freePort(t)
	free, anyFree := "127.0.0.1:"+port, ":"+port
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 64, "--listen ADDR"},
		{[]string{"--bogus"}, 64, "-bogus"},
		{[]string{"serve"}, 64, `"serve"`},
		{append(listen, "more"), 64, `"more"`},
		{append(listen, "--inetd"), 64, "exclude"},
		{[]string{"--listen", "127.0.0.1:0"}, 64, "--passwd"},
		{[]string{"--inetd"}, 64, "--passwd"},
		{s.flags("--listen", "127.0.0.1"), 64, "host:port"},
		{append(listen, "--idle-timeout", "10"), 64, "idle-timeout: the unit is missing: 10s, 10m or 10h"},
		{append(listen, "--grace", "soon"), 64, "grace: it is a number with a unit"},
		{append(listen, "--lock-wait", "0"), 64, "--lock-wait"},
		{append(listen, "--max-sessions", "0"), 64, "--max-sessions"},
		{append(listen, "--journal", s.passwd+"/journals"), 78, "--journal"},
		{append(listen, "--idle-timeout", "0s"), 64, "--idle-timeout"},
		{append(listen, "--grace", "-1s"), 64, "--grace"},
		{append(listen, "--login-failures", "0"), 64, "--login-failures"},
		{append(listen, "--login-failures", "x"), 64, "login-failures"},
		{append(listen, "--locks", "dotlock,lockf"), 64, `"lockf"`},
		{append(listen, "--locks", ""), 64, "dotlock, fcntl and flock"},
		{append(listen, "--locks", "fcntl,fcntl"), 64, "twice"},
		{append(listen, "--maildrop", "mail/%u"), 78, "--maildrop"},
		{append(listen, "--maildrop", "/var/mail"), 78, "no %u"},
		{append(listen, "--passwd", s.dir+"/none"), 78, "popper passwd"},
		{append(listen, "--passwd", s.dir+"/broken"), 78, "/broken:2: "},
		{append(listen, "--state", s.passwd+"/state"), 78, "--state"},
		{append(listen, "--state", s.dir+"/open"), 78, "chmod go-w"},
		{append(listen, "-t", s.dir+"/link"), 78, "-t: "},
		{append(listen, "-t", s.dir), 78, "-t: "},
		{append(listen, "-t", s.dir+"/fifo"), 78, "-t: "},
		{append(listen, "--passwd", s.dir+"/fifo"), 78, "not a regular file"},
		{s.flags("--listen", taken), 78, "another program has that port"},
		{append(listen, "--listen", taken), 78, "another program has that port"},
		{s.flags("--listen", free, "--listen", free), 78, "another --listen"},
		{s.flags("--listen", anyFree, "--listen", free), 78, "another --listen"},
		{s.flags("--listen", "192.0.2.1:0"), 78, "no interface"},
		{append(listen, "--require-tls", "--tls-key", s.passwd), 64, "--require-tls needs a certificate"},
		{append(listen, "--require-tls", "--tls-cert", s.passwd, "--dialects", "rfc1939,rfc2449"), 64, "there is no STLS"},
		{append(listen, "--tls-key", s.passwd), 64, "--tls-key needs a certificate"},
		{append(listen, "--tls-cert", s.passwd), 78, "no certificate in it"},
		{append(listen, "--oauth-claim", "email"), 64, "belong to --oauth-introspect URL or"},
		{append(listen, "--oauth-keys", "https://id.example.org/keys", "--oauth-secret", s.passwd), 64, "belong to --oauth-introspect:"},
		{[]string{"passwd", "file"}, 64, "FILE USER"},
		{[]string{"passwd", "--bogus", "file", "ann"}, 64, "bogus"},
		{[]string{"demo", "now"}, 64, "popper demo"},
		{[]string{"demo", "--listen", taken}, 78, "popper demo --listen ADDR"},
	} {
		p := start(t, nil, binary, c.args...)
		code, out := p.code(), p.out.String()
		if code != c.code || !strings.Contains(out, c.want) || !strings.HasPrefix(out, "popper: ") {
			t.Errorf("popper %q: exit code %d, %q; want %d, %q", c.args, code, out, c.code, c.want)
		}
		if strings.Contains(out, "plain:") || strings.Contains(out, "listening") {
			t.Errorf("popper %q: %q", c.args, out)
		}
	}
	if got := s.read(s.passwd); !strings.HasPrefix(got, "ann:") || strings.Count(got, "\n") != 1 {
		t.Errorf("something was written through the link: %q", got)
	}
}

// Names are fixed and both forms work, since scripts use them.
func TestOneDashOrTwo(t *testing.T) {
	for _, dash := range []string{"-", "--"} {
		s := newSite(t)
		p := start(t, nil, binary, dash+"listen", "127.0.0.1:0", dash+"listen=localhost:0",
			dash+"passwd", s.passwd, dash+"maildrop", s.dir+"/%u", dash+"state", s.dir+"/state",
			dash+"idle-timeout", "15m", dash+"login-failures", "1", dash+"d", dash+"mboxrd",
			dash+"locks", "fcntl,dotlock", dash+"lock-wait", "1s", dash+"grace", "1s",
			dash+"max-sessions", "9", dash+"journal", s.dir+"/journals")
		c := dial(t, p.find(`addr=(127\S+)`)[1])
		c.ask("USER ann", "+OK")
		c.ask("PASS wrong", "-ERR") // BERK-AUTH-1
		c.end()
	}
}

func TestMboxrd(t *testing.T) {
	s := newSite(t)
	s.write(s.mailbox, "From a Tue Jan  2 15:04:05 2024\n\n>From x\n>>From y\n")
	_, addr := s.listen("--mboxrd")
	c := dial(t, addr)
	c.login()
	c.ask("LIST 1", "+OK 1 19")
	c.ask("RETR 1", "+OK")
	if got := c.lines(); got != "\r\nFrom x\r\n>From y\r\n" {
		t.Errorf("%q", got)
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, c := range []struct{ arg, want string }{
		{"--help", "--idle-timeout"}, {"-h", "--idle-timeout"}, {"--version", "popper "},
	} {
		p := start(t, nil, binary, c.arg)
		if code := p.code(); code != 0 || !strings.Contains(p.out.String(), c.want) {
			t.Errorf("%s: exit code %d, %q", c.arg, code, p.out.String())
		}
	}
}

// A port that only root may use, asked for by somebody else.
func TestPrivilegedPort(t *testing.T) {
	if b, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"); err != nil || strings.TrimSpace(string(b)) == "0" {
		skip(t, "privileged ports")
	}
	if os.Getuid() != 0 {
		skip(t, "root") // the test gives its privileges away
	}
	setpriv := need(t, "setpriv")
	s := newSite(t)
	if err := os.Chmod(filepath.Dir(s.dir), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{s.passwd, s.dir} {
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	args := append([]string{"--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", binary},
		s.flags("--listen", "127.0.0.1:1023")...)
	p := start(t, func(c *exec.Cmd) { c.Dir = "/" }, setpriv, args...)
	if code := p.code(); code != 78 || !strings.Contains(p.out.String(), "CAP_NET_BIND_SERVICE") {
		t.Errorf("exit code %d, %q", code, p.out.String())
	}
}

// A state directory that is another's: root would leave files in it that lock
// that user out.
func TestRootInForeignState(t *testing.T) {
	if os.Getuid() != 0 {
		skip(t, "root")
	}
	s := newSite(t)
	state := s.dir + "/state"
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(state, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	p := start(t, nil, binary, s.flags("--listen", "127.0.0.1:0")...)
	p.find("as root|listening")
	if code := p.code(); code != 78 || !strings.Contains(p.out.String(), "uid 65534") {
		t.Errorf("exit code %d, %q", code, p.out.String())
	}
}

// A server that cannot start says so in its trace as well: a daemon's standard
// error output may lead nowhere.
func TestFailedStartIsInTrace(t *testing.T) {
	s := newSite(t)
	p := start(t, nil, binary, s.flags("--listen", "192.0.2.1:0", "-t", s.trace)...)
	p.code()
	if text := s.read(s.trace); !strings.Contains(text, "no interface") || !strings.HasPrefix(p.out.String(), "popper: ") {
		t.Errorf("trace %q, standard error %q", text, p.out.String())
	}
}

// One session, and no more.
func TestMaxSessions(t *testing.T) {
	s := newSite(t)
	p, addr := s.listen("--max-sessions", "1")
	c := dial(t, addr)
	c.login()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p.find("too many sessions")
	c.ask("QUIT", "+OK")
}

// The journal of an update is where --journal says.
func TestJournalDirectory(t *testing.T) {
	s := newSite(t)
	journals := s.dir + "/journals"
	_, addr := s.listen("--journal", journals)
	s.session(dial(t, addr))
	if fi, err := os.Stat(journals); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", fi, err)
	}
}
