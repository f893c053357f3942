package server

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// hold takes the dotlock of the maildrop as another program would.
func (s *site) hold(tb testing.TB) (release func()) {
	tb.Helper()
	lock := s.spool + ".lock"
	if err := os.WriteFile(lock, []byte("1\n"), 0o600); err != nil { // pid 1 always lives
		tb.Fatal(err)
	}
	return func() {
		if err := os.Remove(lock); err != nil {
			tb.Error(err)
		}
	}
}

// deaf is a connection whose client hears nothing from octet number ears on.
type deaf struct {
	net.Conn
	ears int
}

var errDeaf = errors.New("connection reset by peer")

func (c *deaf) Write(p []byte) (int, error) {
	if c.ears -= len(p); c.ears < 0 {
		return 0, errDeaf
	}
	return len(p), nil
}

// Mail is not removed behind replies that could not leave.
func TestPipelinedQuitAfterLostReplies(t *testing.T) { // R1081-QUIT-2, R1081-QUIT-3
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, nil)
		c, end := net.Pipe()
		p := &client{tb: t, conn: c}
		served := make(chan struct{})
		go func() {
			// The greeting and the replies to USER and PASS arrive.
			s.ServeConn(&deaf{end, 100})
			close(served)
		}()
		p.send("USER mrose\r\nPASS " + secret)
		p.send("RETR 1\r\nDELE 1\r\nQUIT")
		<-served
		if s.read(t) != two {
			t.Fatal("removed, and the client has never seen the message")
		}
		if log := s.log.String(); !strings.Contains(log, "removed=0") || !strings.Contains(log, errDeaf.Error()) {
			t.Fatalf("log:\n%s", log)
		}
	})
}

// Replies do not wait while QUIT waits for a lock.
func TestPipelinedRepliesLeaveBeforeUpdate(t *testing.T) { // R1081-LINE-4, R1081-QUIT-2
	inSession(t, func(t *testing.T, s *site, p *client) {
		release := s.hold(t)
		start := time.Now()
		go p.send("RETR 1\r\nDELE 1\r\nQUIT")
		p.expect("+OK 120 octets")
		if p.body() != crlf(first) {
			t.Fatal("RETR 1: wrong octets")
		}
		p.expect("+OK message 1 marked for deletion")
		if d := time.Since(start); d != 0 {
			t.Fatalf("held back for %v", d)
		}
		release()
		p.expect("+OK popper signing off, 1 messages removed")
		p.gone()
	})
}

// A QUIT that waits for a lock when its session is cut removes nothing, though
// the lock gets free.
func TestShutdownCutsWaitingQuit(t *testing.T) { // R1081-QUIT-3
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.Grace, c.Maildrop.Wait = time.Minute, time.Hour })
		p := s.login(t)
		p.ok("DELE 1")
		release := s.hold(t)
		p.send("QUIT")
		synctest.Wait()
		start := time.Now()
		done := s.shutdown()
		go func() {
			time.Sleep(2 * time.Minute)
			release()
		}()
		<-done
		if d := time.Since(start); d != time.Minute {
			t.Errorf("Shutdown took %v", d)
		}
		time.Sleep(time.Hour)
		if s.read(t) != two {
			t.Fatal("maildrop changed")
		}
	})
}

// shutsDownAtOnce ends the site, which must take no time and trouble nobody.
func (s *site) shutsDownAtOnce(t *testing.T) {
	t.Helper()
	start := time.Now()
	s.Shutdown()
	if d := time.Since(start); d != 0 {
		t.Fatalf("Shutdown took %v", d)
	}
	if log := s.log.String(); strings.Contains(log, "level=ERROR") {
		t.Fatalf("nothing is to be mended:\n%s", log)
	}
}

// A login that waits for a lock does not hold Shutdown up.
func TestShutdownInterruptsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.Maildrop.Wait = time.Hour })
		defer s.hold(t)()
		p := s.connect(t)
		p.ok("USER mrose")
		p.send("PASS " + secret)
		synctest.Wait()
		s.shutsDownAtOnce(t)
	})
}

// Neither does one that waits for its turn to be authenticated.
func TestShutdownInterruptsAuthenticate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) {
			c.Accounts = accountsFunc(func(ctx context.Context, _ string, _ []byte) (Account, error) {
				<-ctx.Done()
				return Account{}, ctx.Err()
			})
		})
		p := s.connect(t)
		p.ok("USER mrose")
		p.send("PASS " + secret)
		synctest.Wait()
		s.shutsDownAtOnce(t)
	})
}

// Cut ends the grace, and does not wait for what has begun.
func TestCut(t *testing.T) { // R1081-QUIT-3
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.Maildrop.Wait = time.Hour })
		p, q := s.login(t), s.connect(t)
		p.ok("DELE 1")
		done := s.shutdown()
		synctest.Wait()
		start := time.Now()
		s.Cut()
		<-done
		if d := time.Since(start); d != 0 {
			t.Fatalf("ended after %v", d)
		}
		p.gone()
		q.gone()
		if s.read(t) != two {
			t.Fatal("maildrop changed")
		}
	})
}

// Without Shutdown before it, Cut lets nobody in any more either.
func TestCutAlone(t *testing.T) {
	inSession(t, func(t *testing.T, s *site, p *client) {
		s.Cut()
		p.gone()
		q := s.dial()
		q.tb = t
		if _, err := q.r.ReadByte(); err != io.EOF {
			t.Fatalf("a session after Cut: %v", err)
		}
	})
}
