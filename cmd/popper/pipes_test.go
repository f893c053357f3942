package main_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// duplex is a client's end of two pipes.
type duplex struct{ in, out *os.File }

func (d duplex) Read(b []byte) (int, error)  { return d.in.Read(b) }
func (d duplex) Write(b []byte) (int, error) { return d.out.Write(b) }
func (d duplex) Close() error                { return errors.Join(d.in.Close(), d.out.Close()) }

// pipe starts popper with pipes as standard input and output.
func (s *site) pipe(args ...string) (*process, *client) {
	s.t.Helper()
	stdin, out, err1 := os.Pipe()
	in, stdout, err2 := os.Pipe()
	if err := errors.Join(err1, err2); err != nil {
		s.t.Fatal(err)
	}
	defer stdin.Close()
	defer stdout.Close()
	p := start(s.t, func(c *exec.Cmd) { c.Stdin, c.Stdout = stdin, stdout }, binary, args...)
	return p, greet(s.t, duplex{in, out})
}

func TestPipes(t *testing.T) {
	s := newSite(t)
	_, c := s.pipe(s.flags("--inetd")...)
	s.session(c)
}

// The whole session at once, from a file, and its end without QUIT.
func TestFileAsInput(t *testing.T) {
	s := newSite(t)
	for _, quit := range []string{"", "QUIT\r\n"} {
		p := start(t, func(c *exec.Cmd) {
			c.Stdin = strings.NewReader("USER ann\r\nPASS " + secret + "\r\nDELE 1\r\n" + quit)
		}, binary, s.flags("--inetd")...)
		if code := p.code(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		if n := strings.Count(p.out.String(), "+OK"); n != 4+len(quit)/6 {
			t.Errorf("%d replies: %q", n, p.out.String())
		}
		if quit == "" {
			s.unchanged() // R1081-QUIT-3
		}
	}
	if !strings.HasPrefix(s.read(s.mailbox), "From b") {
		t.Error("QUIT did not remove message 1")
	}
}

// The idle limit holds on pipes as well (R1939-TIME-1).
func TestIdlePipes(t *testing.T) {
	s := newSite(t)
	p, c := s.pipe(s.flags("--inetd", "--idle-timeout", "1s", "-t", s.trace)...)
	c.login()
	c.ask("DELE 1", "+OK")
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.unchanged()
}

// SIGTERM ends a session on pipes, and removes nothing.
func TestStopPipes(t *testing.T) {
	s := newSite(t)
	p, c := s.pipe(s.flags("--inetd", "--grace", "0s", "-t", s.trace)...)
	c.login()
	c.ask("DELE 1", "+OK")
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.unchanged()
}
