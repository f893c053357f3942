package server

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"testing"
)

// town is an account source that RPOP can use.
type town struct{ people }

func (p town) Lookup(_ context.Context, name string) (Account, error) {
	path, ok := p.people[name]
	if !ok {
		return Account{}, ErrDenied
	}
	return Account{Name: name, Maildrop: path}, nil
}

// from is a connection with an address of its own.
type from struct {
	net.Conn
	addr net.Addr
}

func (c from) RemoteAddr() net.Addr { return c.addr }

// R1081-RPOP-1: port, host and user must all be right.
func TestRpop(t *testing.T) {
	s := newSite(t, two, nil)
	s.config.Accounts = town{people{"mrose": s.spool}}
	s.config.Trusted = func(peer netip.AddrPort, remote, name string) bool {
		return peer.Addr().String() == "192.0.2.1" && remote == "marshall" && name == "mrose"
	}
	for _, c := range []struct {
		host   string
		port   int
		user   string
		remote string
		reply  string
	}{
		{"192.0.2.1", 1023, "mrose", "marshall", "+OK"},
		{"::ffff:192.0.2.1", 1, "mrose", "marshall", "+OK"},
		{"192.0.2.1", 1024, "mrose", "marshall", "-ERR [AUTH]"},
		{"192.0.2.1", 0, "mrose", "marshall", "-ERR [AUTH]"},
		{"192.0.2.2", 1023, "mrose", "marshall", "-ERR [AUTH]"},
		{"192.0.2.1", 1023, "mrose", "mrose", "-ERR [AUTH]"},
		{"192.0.2.1", 1023, "root", "marshall", "-ERR [AUTH]"},
	} {
		here, there := net.Pipe()
		go s.ServeConn(from{there, &net.TCPAddr{IP: net.ParseIP(c.host), Port: c.port}})
		p := &client{tb: t, conn: here, r: bufio.NewReader(here)}
		p.expect("+OK popper ready")
		p.ok("USER " + c.user)
		p.want("RPOP "+c.remote, c.reply)
		if c.reply != "+OK" {
			p.err("PASS " + secret) // as after a failed PASS
		}
		p.drop()
		s.awaitEnd()
	}
}

// R1081-RPOP-1: a name that the account source does not know, though it is trusted.
func TestRpopUnknown(t *testing.T) {
	s := newSite(t, two, nil)
	s.config.Accounts = town{people{}}
	s.config.Trusted = func(netip.AddrPort, string, string) bool { return true }
	here, there := net.Pipe()
	go s.ServeConn(from{there, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1000}})
	p := &client{tb: t, conn: here, r: bufio.NewReader(here)}
	p.expect("+OK popper ready")
	p.ok("USER mrose")
	p.want("RPOP mrose", "-ERR [AUTH]")
	p.drop()
}
