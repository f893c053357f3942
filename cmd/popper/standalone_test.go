package main_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStandalone(t *testing.T) {
	s := newSite(t)
	_, addr := s.listen()
	s.session(dial(t, addr))
}

// BERK-PORT-1: two ports at the same time.
func TestTwoListeners(t *testing.T) {
	s := newSite(t)
	p, addr := s.listen("--listen", "127.0.0.1:0")
	m := p.find(`(?s)msg=listening addr=(\S+).*msg=listening addr=(\S+)`)
	if m[1] == m[2] || addr != m[1] {
		t.Fatalf("addresses %v", m[1:])
	}
	c := dial(t, m[1])
	c.login()
	c.ask("QUIT", "+OK")
	s.session(dial(t, m[2]))
}

// R1081-QUIT-3: a connection that breaks removes nothing.
func TestCutConnection(t *testing.T) {
	s := newSite(t)
	p, addr := s.listen()
	c := dial(t, addr)
	c.login()
	c.ask("DELE 1", "+OK")
	c.Close()
	p.find("session ends")
	s.unchanged()
	s.session(dial(t, addr))
}

// R1081-QUIT-3: a server that is stopped removes nothing.
func TestStopWithoutGrace(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		s := newSite(t)
		p, addr := s.listen("--grace", "0s")
		c := dial(t, addr)
		c.login()
		c.ask("DELE 1", "+OK")
		p.signal(sig)
		if code := p.code(); code != 0 {
			t.Errorf("%v: exit code %d", sig, code)
		}
		s.unchanged()
	}
}

// A stopping server takes nobody new, and lets who is logged in finish.
func TestStopGracefully(t *testing.T) {
	s := newSite(t)
	p, addr := s.listen("--grace", "10m")
	c := dial(t, addr)
	c.login()
	stranger := dial(t, addr)
	p.signal(syscall.SIGTERM)
	p.find("msg=stopping")
	if _, err := io.Copy(io.Discard, stranger.r); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a session that is not logged in lives on")
	}
	for late := time.Now().Add(patience); ; {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		conn.Close()
		if time.Now().After(late) {
			t.Fatal("the port stays open")
		}
	}
	c.ask("RETR 1", "+OK")
	c.lines()
	c.ask("DELE 1", "+OK")
	c.ask("QUIT", "+OK")
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !strings.HasPrefix(s.read(s.mailbox), "From b") {
		t.Error("message 1 was not removed")
	}
}

// A log that nobody reads any more is no reason to die.
func TestLogReaderGone(t *testing.T) {
	s := newSite(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := start(t, func(c *exec.Cmd) { c.Stdout, c.Stderr = w, w }, binary, s.flags("--listen", "127.0.0.1:0")...)
	w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	_, addr, _ := strings.Cut(line, "addr=")
	addr, _, _ = strings.Cut(addr, " ")
	s.session(dial(t, addr))
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d (-1: a signal)", code)
	}
}

// BERK-LOG-1: the trace tells everything but the password.
func TestTrace(t *testing.T) {
	s := newSite(t)
	p := start(t, nil, binary, s.flags("-listen", "127.0.0.1:0", "-d", "-t", s.trace)...)
	var m string
	for late := time.Now().Add(patience); m == ""; time.Sleep(10 * time.Millisecond) {
		b, _ := os.ReadFile(s.trace)
		if _, rest, ok := strings.Cut(string(b), "addr="); ok && strings.Contains(rest, "\n") {
			m, _, _ = strings.Cut(rest, " ")
		} else if time.Now().After(late) {
			t.Fatalf("trace %q", b)
		}
	}
	c := dial(t, m)
	c.ask("USER ann", "+OK")
	c.ask("PASS "+secret+"x", "-ERR")
	c.ask("PSAS "+secret, "-ERR")
	c.login()
	c.ask("QUIT", "+OK")
	p.signal(syscall.SIGTERM)
	p.code()
	text := s.read(s.trace)
	for _, want := range []string{"PASS ****", "ann", "127.0.0.1:", "level=WARN", "level=DEBUG"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the trace", want)
		}
	}
	for _, never := range []string{"Xyzzy", "plugh", hash} {
		if strings.Contains(text, never) {
			t.Errorf("%q is in the trace: %s", never, text)
		}
	}
	if p.out.String() != "" {
		t.Errorf("with -t standard error gets %q", p.out.String())
	}
	if fi, _ := os.Stat(s.trace); fi.Mode().Perm() != 0o600 {
		t.Errorf("mode of the trace: %v", fi.Mode())
	}
}

// The file is read anew when it has changed.
func TestUserAddedWhileRunning(t *testing.T) {
	s := newSite(t)
	_, addr := s.listen()
	c := dial(t, addr)
	c.ask("USER bob", "+OK")
	c.ask("PASS new", "-ERR [AUTH]")
	p := start(t, func(c *exec.Cmd) { c.Stdin = strings.NewReader("new\n") },
		binary, "passwd", "-algorithm", "bcrypt", s.passwd, "bob")
	if p.code() != 0 {
		t.Fatal(p.out.String())
	}
	c.ask("USER bob", "+OK")
	c.ask("PASS new", "+OK")
	c.ask("STAT", "+OK 0 0") // MBOX-5: no file is an empty maildrop
	if _, err := os.Stat(filepath.Join(s.dir, "bob")); err == nil {
		t.Error("a missing maildrop was made")
	}
}

func TestCurl(t *testing.T) {
	curl := need(t, "curl")
	s := newSite(t)
	_, addr := s.listen()
	get := func(path string, more ...string) string {
		p := start(t, nil, curl, append(more, "-sS", "-u", "ann:"+secret, "pop3://"+addr+"/"+path)...)
		if code := p.code(); code != 0 {
			t.Errorf("curl %s: exit code %d: %s", path, code, p.out.String())
		}
		return p.out.String()
	}
	if got := get(""); !strings.HasPrefix(got, "1 ") || strings.Count(got, "\r\n") != 3 {
		t.Errorf("list: %q", got)
	}
	for i, m := range messages {
		if got := get(string(rune('1' + i))); got != crlf(m) {
			t.Errorf("message %d: %q, want %q", i+1, got, crlf(m))
		}
	}
	get("", "-X", "DELE 1", "-I") // as the demo prints it
	if !strings.HasPrefix(s.read(s.mailbox), "From b") {
		t.Error("curl did not delete message 1")
	}
}
