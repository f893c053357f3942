package main_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// inherit starts popper as inetd does: one TCP socket as standard input, output
// and error. It gives the client's end.
func (s *site) inherit(args ...string) (*process, *net.TCPConn) {
	s.t.Helper()
	f, conn := accepted(s.t)
	defer f.Close()
	return start(s.t, sockets(f), binary, args...), conn
}

func sockets(f *os.File) func(*exec.Cmd) {
	return func(c *exec.Cmd) { c.Stdin, c.Stdout, c.Stderr = f, f, f }
}

// accepted is a TCP connection: the server's end as a file, and the client's.
func accepted(t *testing.T) (*os.File, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	f, err := server.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	return f, conn.(*net.TCPConn)
}

// Flags that do not say how to serve, and a socket: as the Berkeley server.
func TestInheritedSocket(t *testing.T) {
	for _, more := range [][]string{{}, {"-inetd"}, {"--inetd", "-d"}} {
		s := newSite(t)
		p, conn := s.inherit(s.flags(more...)...)
		c := greet(t, conn)
		for fd := range 3 {
			to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", p.Process.Pid, fd))
			if err != nil || to != os.DevNull {
				t.Errorf("%v: descriptor %d is %s, %v: a stray line would reach the client", more, fd, to, err)
			}
		}
		sockets := 0
		for _, to := range descriptors(t, p) {
			if strings.HasPrefix(to, "socket:") {
				sockets++
			}
		}
		if sockets != 1 {
			t.Errorf("%v: %d descriptors are sockets: the client sees no end until all are closed", more, sockets)
		}
		s.session(c)
		conn.Close()
		if code := p.code(); code != 0 {
			t.Errorf("%v: exit code %d", more, code)
		}
	}
}

// descriptors are the open files of a process.
func descriptors(t *testing.T, p *process) map[string]string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", p.Process.Pid)
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]string{}
	for _, fd := range list {
		if to, err := os.Readlink(filepath.Join(dir, fd.Name())); err == nil {
			open[fd.Name()] = to
		}
	}
	return open
}

// Under inetd standard error is the client: it learns that something is wrong,
// and nothing else.
func TestErrorsAreNotForTheClient(t *testing.T) {
	s := newSite(t)
	s.write(s.dir+"/broken", "ann:plain\n")
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"no flags":      {nil, 64},
		"unknown flag":  {[]string{"--bogus"}, 64},
		"passwd broken": {[]string{"--passwd", s.dir + "/broken", "--state", s.dir + "/state"}, 78},
		"passwd absent": {[]string{"--inetd", "--passwd", s.dir + "/none", "--state", s.dir + "/state"}, 78},
		"trace":         {s.flags("-t", s.dir), 78},
	} {
		p, conn := s.inherit(c.args...)
		code := p.code()
		_ = conn.SetDeadline(time.Now().Add(patience))
		got, err := io.ReadAll(conn)
		if want := "-ERR [SYS/PERM] service unavailable: this server is not set up, and its log says why\r\n"; string(got) != want || err != nil {
			t.Errorf("%s: the client gets %q, %v", name, got, err)
		}
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d", name, code, c.code)
		}
	}
}

// Superservers that put standard error elsewhere (systemd, xinetd): the client
// still gets its line, and the reason is where standard error leads.
func TestFailedStartTellsClient(t *testing.T) {
	s := newSite(t)
	s.write(s.passwd, "ann:plain\n")
	for name, args := range map[string][]string{"passwd broken": s.flags("--inetd"), "usage": {"--bogus"}} {
		f, conn := accepted(t)
		p := start(t, func(c *exec.Cmd) { c.Stdin, c.Stdout = f, f }, binary, args...)
		f.Close()
		p.code()
		_ = conn.SetDeadline(time.Now().Add(patience))
		got, err := io.ReadAll(conn)
		if want := "-ERR [SYS/PERM] service unavailable: this server is not set up, and its log says why\r\n"; string(got) != want || err != nil {
			t.Errorf("%s: the client gets %q, %v", name, got, err)
		}
		if out := p.out.String(); !strings.HasPrefix(out, "popper: ") || strings.Contains(out, "-ERR") {
			t.Errorf("%s: standard error gets %q", name, out)
		}
	}
}

// A sub-command serves nobody, whatever its standard input is.
func TestSubcommandOnSocket(t *testing.T) {
	s := newSite(t)
	f, conn := accepted(t)
	p := start(t, func(c *exec.Cmd) { c.Stdin = f }, binary, "passwd", s.dir, "ann")
	f.Close()
	if code := p.code(); code != 78 || !strings.HasPrefix(p.out.String(), "popper: ") {
		t.Errorf("exit code %d, %q", code, p.out.String())
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	if got, err := io.ReadAll(conn); len(got) > 0 || err != nil {
		t.Errorf("the socket gets %q, %v", got, err)
	}
}

// inetd's "wait" hands the listening socket over: no client will ever be there.
func TestListeningSocket(t *testing.T) {
	s := newSite(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, prepare := range map[string]func(*exec.Cmd){
		"inetd":   sockets(f),
		"systemd": func(c *exec.Cmd) { c.Stdin, c.Stdout = f, f },
	} {
		p := start(t, prepare, binary, s.flags("--inetd", "-t", s.trace)...)
		if code := p.code(); code != 78 {
			t.Errorf("%s: exit code %d", name, code)
		}
		if text := s.read(s.trace); !strings.Contains(text, "wait = no") {
			t.Errorf("%s: trace %q", name, text)
		}
		if name == "systemd" && !strings.Contains(p.out.String(), "nowait") {
			t.Errorf("%s: standard error gets %q", name, p.out.String())
		}
		os.Remove(s.trace)
	}
}

// The reason is in the trace, where there is one.
func TestErrorsAreInTheTrace(t *testing.T) {
	s := newSite(t)
	s.write(s.passwd, "ann:plain\n")
	p, _ := s.inherit(s.flags("-t", s.trace)...)
	p.code()
	if text := s.read(s.trace); !strings.Contains(text, s.passwd+":1: ") || strings.Contains(text, "plain\n") {
		t.Errorf("trace: %q", text)
	}
}

// A client that breaks the connection in the middle of a message must not kill
// popper by SIGPIPE: it has a session to end.
func TestClientVanishes(t *testing.T) {
	for _, how := range []string{"socket", "pipes"} {
		s := newSite(t)
		s.write(s.mailbox, mail[:strings.Index(mail, "\n")+1]+strings.Repeat("X: y\n", 2<<20))
		args := s.flags("--inetd", "-t", s.trace)
		var p *process
		var c *client
		if how == "socket" {
			var conn *net.TCPConn
			p, conn = s.inherit(args...)
			_ = conn.SetLinger(0) // ends by a reset
			c = greet(t, conn)
		} else {
			p, c = s.pipe(args...)
		}
		c.login()
		c.ask("RETR 1", "+OK")
		c.Close()
		if code := p.code(); code != 0 {
			t.Errorf("%s: exit code %d (-1: a signal)", how, code)
		}
		if text := s.read(s.trace); !strings.Contains(text, "session ends") {
			t.Errorf("%s: no end in %q", how, text)
		}
	}
}

// A client that has gone before popper starts (a port scan) is not worth a
// crash, although the kernel knows no peer of such a socket.
func TestClientGoneAtOnce(t *testing.T) {
	s := newSite(t)
	f, conn := accepted(t)
	defer f.Close()
	_ = conn.SetLinger(0) // ends by a reset
	conn.Close()
	p := start(t, sockets(f), binary, s.flags("-t", s.trace)...)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if text := s.read(s.trace); !strings.Contains(text, "gone before the session began") {
		t.Errorf("trace: %q", text)
	}
}
