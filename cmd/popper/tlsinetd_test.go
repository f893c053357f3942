package main_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"popper/server/secure/securetest"
)

// beginTLS makes a connection private, by STLS or at once, and is past the greeting then.
func beginTLS(t *testing.T, conn net.Conn, implicit bool, cert *securetest.Pair) (*client, *tap) {
	t.Helper()
	if !implicit {
		greet(t, conn).ask("STLS", "+OK")
	}
	wire := &tap{Conn: conn}
	private := tls.Client(wire, cert.Client())
	if implicit {
		return greet(t, private), wire
	}
	return over(t, private), wire
}

// kinds are the flags for either way under inetd.
var kinds = map[string]bool{"--inetd": false, "--inetd-tls": true}

// R2595-STLS-1: one inherited socket, and TLS over it.
func TestInheritedSocketTLS(t *testing.T) {
	for flag, implicit := range kinds {
		s := newSite(t)
		cert, _ := s.certify()
		p, conn := s.inherit(s.flags(s.pairFlags(flag)...)...)
		c, wire := beginTLS(t, conn, implicit, cert)
		s.session(c)
		conn.Close()
		if code := p.code(); code != 0 {
			t.Errorf("%s: exit code %d", flag, code)
		}
		if !wire.clean() {
			t.Errorf("%s: the end may be a truncation", flag)
		}
	}
}

// pipeConn is a connection over two pipes.
type pipeConn struct{ duplex }

func (pipeConn) LocalAddr() net.Addr                  { return nil }
func (pipeConn) RemoteAddr() net.Addr                 { return nil }
func (c pipeConn) SetReadDeadline(t time.Time) error  { return c.in.SetReadDeadline(t) }
func (c pipeConn) SetWriteDeadline(t time.Time) error { return c.out.SetWriteDeadline(t) }
func (c pipeConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// R2595-STLS-1: TLS over pipes, as from a superserver that has no sockets to give.
func TestPipesTLS(t *testing.T) {
	s := newSite(t)
	cert, _ := s.certify()
	p, c := s.pipe(s.flags(s.pairFlags("--inetd")...)...)
	c.ask("STLS", "+OK")
	wire := &tap{Conn: pipeConn{c.ReadWriteCloser.(duplex)}}
	s.session(over(t, tls.Client(wire, cert.Client())))
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !wire.clean() {
		t.Error("the end may be a truncation")
	}
}

// R1939-TIME-1, R1081-QUIT-3: limits hold within TLS over pipes and sockets, a signal ends
// a session, and none of them looks like a proper end.
func TestInheritedTLSCut(t *testing.T) {
	for _, how := range []string{"idle", "stop"} {
		for _, over := range []string{"pipes", "socket"} {
			s := newSite(t)
			cert, _ := s.certify()
			args := s.flags(s.pairFlags("--inetd", "--grace", "0s", "-t", s.trace)...)
			if how == "idle" {
				args = append(args, "--idle-timeout", "500ms")
			}
			var p *process
			var conn net.Conn
			if over == "pipes" {
				q, c := s.pipe(args...)
				c.ask("STLS", "+OK")
				p, conn = q, pipeConn{c.ReadWriteCloser.(duplex)}
			} else {
				q, inherited := s.inherit(args...)
				greet(t, inherited).ask("STLS", "+OK")
				p, conn = q, inherited
			}
			wire := &tap{Conn: conn}
			c := &client{t, tls.Client(wire, cert.Client()), nil}
			c.r = bufio.NewReader(c)
			c.login()
			c.ask("DELE 1", "+OK")
			if how == "stop" {
				p.signal(syscall.SIGTERM)
			}
			if code := p.code(); code != 0 {
				t.Errorf("%s, %s: exit code %d", how, over, code)
			}
			if n, err := io.Copy(io.Discard, c.r); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) || wire.clean() {
				t.Errorf("%s, %s: %d octets, %v; a proper end: %v", how, over, n, err, wire.clean())
			}
			s.unchanged()
		}
	}
}

// A client that waits for TLS is told nothing in the clear, whatever is wrong here.
func TestFailedStartTLS(t *testing.T) {
	s := newSite(t)
	s.write(s.dir+"/broken.pem", "nothing")
	p, conn := s.inherit(s.flags("--inetd-tls", "--tls-cert", s.dir+"/broken.pem", "-t", s.trace)...)
	if code := p.code(); code != 78 {
		t.Errorf("exit code %d", code)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	if got, err := io.ReadAll(conn); len(got) > 0 || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if text := s.read(s.trace); !strings.Contains(text, "--tls-cert") || !strings.Contains(text, "broken.pem") {
		t.Errorf("the trace: %s", text)
	}
}

// R2595-STLS-1: superservers carry TLS as well, with several clients at the same time,
// each with a process of its own.
func TestSuperserversTLS(t *testing.T) {
	all := t // whose directory has a shorter name: socat takes no long commands
	for name, launch := range superservers {
		for flag, implicit := range kinds {
			t.Run(name+" "+flag, func(t *testing.T) {
				s := newSiteIn(t, all.TempDir())
				cert, _ := s.certify()
				port := freePort(t)
				launch(s, port, s.flags(s.pairFlags(flag, "-t", s.trace)...))
				// Closed at once: whoever waits for its end must not wait for the next client.
				retry(t, "127.0.0.1:"+port).Close()
				var idle []*client
				for range 3 {
					c, _ := beginTLS(t, connect(t, "127.0.0.1:"+port), implicit, cert)
					idle = append(idle, c)
				}
				c, wire := beginTLS(t, connect(t, "127.0.0.1:"+port), implicit, cert)
				s.session(c)
				if !wire.clean() {
					t.Error("the end may be a truncation")
				}
				for _, c := range idle {
					c.login()
					c.ask("STAT", "+OK 2 ")
					c.ask("QUIT", "+OK")
					c.end()
				}
			})
		}
	}
}
