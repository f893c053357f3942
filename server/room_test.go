package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// far is a connection whose client has an address.
type far struct {
	net.Conn
	addr string
}

func (c far) RemoteAddr() net.Addr {
	a, _ := net.ResolveTCPAddr("tcp", c.addr)
	return a
}

// from begins a session of a client at an address, and reads the greeting.
func (s *site) from(t *testing.T, addr string) *client {
	t.Helper()
	c, end := net.Pipe()
	go s.ServeConn(far{end, addr})
	p := &client{tb: t, conn: c, r: bufio.NewReader(c), virtual: true}
	t.Cleanup(p.drop)
	p.expect("+OK popper ready")
	time.Sleep(time.Second) // so that the next one is younger
	return p
}

// limit makes room for few sessions.
func limit(n int) func(*Config) { return func(c *Config) { c.MaxSessions = n } }

// Where there is no room, sessions in TRANSACTION stay and newcomers wait.
func TestSessionLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, limit(1))
		p := s.login(t)
		q := s.dial()
		q.tb = t
		q.expect("-ERR [SYS/TEMP] service unavailable: too many sessions, wait and try again")
		q.gone()
		p.quit()
		s.connect(t).quit()
	})
}

// A refused client that does not read what it is told goes all the same.
func TestRefusedAndStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, limit(1))
		s.login(t)
		_, end := net.Pipe()
		start := time.Now()
		s.ServeConn(end)
		if d := time.Since(start); d != refuseTime {
			t.Fatalf("refused after %v", d)
		}
	})
}

// Strangers who connect and say nothing shut nobody out: the oldest makes room.
func TestIdleStrangersMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, limit(3))
		in := s.login(t)
		time.Sleep(time.Second)
		oldest, younger := s.from(t, "192.0.2.1:1"), s.from(t, "192.0.2.2:1")
		p := s.from(t, "192.0.2.3:1")
		oldest.gone()
		p.ok("USER mrose")
		younger.ok("USER mrose")
		in.ok("NOOP")
		if log := s.log.String(); strings.Count(log, errNoRoom.Error()) != 1 {
			t.Fatalf("log:\n%s", log)
		}
	})
}

// Whoever has given his password is no stranger, though his maildrop is not
// open yet.
func TestAuthenticatedIsNotPushedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.MaxSessions, c.Maildrop.Wait = 2, time.Hour })
		release := s.hold(t)
		p := s.from(t, "192.0.2.1:1")
		p.ok("USER mrose")
		p.send("PASS " + secret)
		synctest.Wait()
		stranger := s.from(t, "192.0.2.2:1")
		s.from(t, "192.0.2.3:1")
		stranger.gone()
		release()
		p.expect("+OK maildrop has 2 messages (320 octets)")
	})
}

// One who waits for his turn to be authenticated is a stranger.
func TestUnauthenticatedIsPushedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) {
			c.MaxSessions = 1
			c.Accounts = accountsFunc(func(ctx context.Context, _ string, _ []byte) (Account, error) {
				<-ctx.Done()
				return Account{}, ctx.Err()
			})
		})
		p := s.from(t, "192.0.2.1:1")
		p.ok("USER mrose")
		p.send("PASS " + secret)
		synctest.Wait()
		s.from(t, "192.0.2.2:1")
		p.gone()
	})
}

// One address gets a quarter of the room before login, and then its own oldest
// session goes; no other's.
func TestOneAddressDoesNotFillTheRoom(t *testing.T) {
	for _, c := range []struct {
		one    [3]string
		other  string
		capped bool
	}{
		{[3]string{"192.0.2.1:1", "192.0.2.1:2", "[::ffff:192.0.2.1]:3"}, "192.0.2.2:1", true},
		{[3]string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3:0:0:1]:2"}, "[2001:db8:0:1::1]:1", true}, // a site has a /64
		{[3]string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"}, "192.0.2.4:1", false},
		{[3]string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}, "192.0.2.2:1", false}, // a proxy speaks for many
		{[3]string{"", "", ""}, "192.0.2.2:1", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, two, limit(8))
			other := s.from(t, c.other)
			first, second := s.from(t, c.one[0]), s.from(t, c.one[1])
			third := s.from(t, c.one[2])
			if c.capped {
				first.gone()
			} else {
				first.ok("USER mrose")
			}
			for _, p := range []*client{other, second, third} {
				p.ok("USER mrose")
			}
		})
	}
}

// Sessions after login do not count: a whole office may sit behind one address.
func TestLoggedInSessionsOfOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		people := people{}
		s := newSite(t, two, func(c *Config) { c.MaxSessions, c.Accounts = 8, people })
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			people[name] = s.spool + name
			p := s.from(t, "192.0.2.1:1")
			p.ok("USER " + name)
			p.ok("PASS " + secret)
			defer p.ok("NOOP")
		}
	})
}

// Sessions that were pushed out have no place any more, but Shutdown waits for them.
func TestShutdownWaitsForPushedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := make(chan struct{})
		s := newSite(t, two, func(c *Config) {
			c.MaxSessions = 1
			c.Accounts = accountsFunc(func(context.Context, string, []byte) (Account, error) {
				<-on
				return Account{}, io.EOF
			})
		})
		p := s.from(t, "192.0.2.1:1")
		p.ok("USER mrose")
		p.send("PASS " + secret)
		synctest.Wait()
		q := s.from(t, "192.0.2.2:1")
		p.gone()
		r := s.from(t, "192.0.2.3:1")
		q.gone()
		done := s.shutdown()
		r.gone()
		synctest.Wait()
		select {
		case <-done:
			t.Error("Shutdown returned")
		default:
		}
		close(on)
		<-done
	})
}
