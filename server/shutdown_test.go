package server

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// shutdown begins Shutdown; the channel is closed when it has returned.
func (s *site) shutdown() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		s.Shutdown()
		close(done)
	}()
	return done
}

// Before login a session ends at once, in TRANSACTION it may go on.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, nil)
		a, b, c := s.connect(t), s.connect(t), s.login(t)
		b.ok("USER mrose")
		done := s.shutdown()
		a.gone()
		b.gone()
		late := s.dial()
		late.tb = t
		late.gone()
		time.Sleep(DefaultGrace - time.Second)
		c.ok("DELE 1")
		c.quit()
		<-done
		if got := s.read(t); got != envelope(second) {
			t.Fatalf("maildrop holds %q", got)
		}
	})
}

// Who does not end in time is cut, and nothing is removed.
func TestShutdownCuts(t *testing.T) { // R1081-QUIT-3
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.Grace = time.Minute })
		p := s.login(t)
		p.ok("DELE 1")
		start := time.Now()
		done := s.shutdown()
		<-done
		if d := time.Since(start); d != time.Minute {
			t.Fatalf("cut after %v", d)
		}
		p.gone()
		s.Shutdown() // again, harmless
		if s.read(t) != two {
			t.Fatal("maildrop changed")
		}
	})
}

func TestShutdownWithoutGrace(t *testing.T) { // R1081-QUIT-3
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, envelope(big)+two, func(c *Config) { c.Grace = -1 })
		p := s.login(t)
		p.ok("DELE 2")
		p.ok("RETR 1") // cut in the middle of it, with a QUIT waiting behind
		go func() { _, _ = io.WriteString(p.conn, "QUIT\r\n") }()
		start := time.Now()
		s.Shutdown()
		if d := time.Since(start); d != 0 {
			t.Fatalf("cut after %v", d)
		}
		if s.read(t) != envelope(big)+two {
			t.Fatal("maildrop changed")
		}
	})
}

// A login in progress when Shutdown begins comes to nothing, and its maildrop
// is free again.
func TestShutdownDuringLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, on := make(chan struct{}), make(chan struct{})
		s := newSite(t, two, func(c *Config) {
			people := c.Accounts
			c.Accounts = accountsFunc(func(ctx context.Context, name string, secret []byte) (Account, error) {
				close(begun)
				<-on
				return people.Authenticate(ctx, name, secret)
			})
		})
		p := s.connect(t)
		p.ok("USER mrose")
		go func() { _, _ = io.WriteString(p.conn, "PASS "+secret+"\r\nDELE 1\r\nQUIT\r\n") }()
		<-begun
		done := s.shutdown()
		synctest.Wait()
		close(on)
		<-done
		p.gone()
		if s.read(t) != two {
			t.Fatal("maildrop changed")
		}
	})
}
