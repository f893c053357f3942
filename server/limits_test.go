package server

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The tests of this file run on virtual time.

func TestIdleLimit(t *testing.T) { // R1939-TIME-1, R1081-QUIT-3
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 1")
		for range 3 {
			time.Sleep(10*time.Minute - time.Second) // the least that RFC 1939 allows
			p.ok("NOOP")
		}
		p.goneAfter(DefaultIdleTimeout)
		if s.read(t) != two {
			t.Fatal("maildrop changed")
		}
	})
}

// One octet now and then is no command: it does not start the idle time anew.
func TestIdleLimitOctetwise(t *testing.T) { // R1939-TIME-1
	inSession(t, func(t *testing.T, s *site, p *client) {
		go func() {
			for range 9 {
				time.Sleep(time.Minute)
				if _, err := io.WriteString(p.conn, "N"); err != nil {
					t.Error(err)
				}
			}
		}()
		p.goneAfter(DefaultIdleTimeout)
	})
}

func TestLoginLimit(t *testing.T) {
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		time.Sleep(loginTime - time.Second)
		p.ok("USER mrose")
		p.goneAfter(time.Second)
	})
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		time.Sleep(loginTime - time.Second)
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		time.Sleep(DefaultIdleTimeout - time.Second) // the limit is over after login
		p.ok("NOOP")
	})
}

// A client that reads nothing is no exception to it.
func TestLoginLimitStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.IdleTimeout = time.Hour })
		start := time.Now()
		defer s.dial().drop()
		synctest.Wait()
		s.awaitEnd()
		if d := time.Since(start); d != loginTime {
			t.Fatalf("cut after %v", d)
		}
		if log := s.log.String(); !strings.Contains(log, "no login in time") {
			t.Fatalf("log:\n%s", log)
		}
	})
}

// A shorter idle limit holds before login, too.
func TestIdleLimitBeforeLogin(t *testing.T) { // R1939-TIME-1
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.IdleTimeout = time.Minute })
		p := s.connect(t)
		p.ok("USER mrose")
		p.goneAfter(time.Minute)
	})
}

func TestBadCommandLimit(t *testing.T) { // R1081-LINE-7
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 1")
		bad := []string{"BOGUS", "RETR x", "USER mrose", strings.Repeat("x", 1000)}
		for i := range maxBad - 1 {
			p.err(bad[i%len(bad)])
		}
		p.ok("NOOP") // in a row means in a row
		for i := range maxBad - 1 {
			p.err(bad[i%len(bad)])
		}
		p.exact("BOGUS", "-ERR too many bad commands")
		p.gone()
		if s.read(t) != two {
			t.Fatal("maildrop changed")
		}
	})
}

func TestLoginFailures(t *testing.T) { // BERK-AUTH-1, R3206-CODE-1
	for limit, want := range map[int]int{0: DefaultLoginFailures, 1: 1, 5: 5} {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, two, func(c *Config) { c.LoginFailures = limit })
			p := s.connect(t)
			for range want {
				p.ok("USER mrose")
				p.want("PASS wrong", "-ERR [AUTH]")
			}
			p.gone()
			if n := strings.Count(s.log.String(), "level=WARN msg=\"login failed"); n != want {
				t.Fatalf("%d warnings for %d failures", n, want)
			}
		})
	}
}

// A guess costs its time, by whichever command it comes, and be it pipelined: nothing that
// is fast to check (APOP, SCRAM) is fast to guess. The right password does not wait.
func TestFailurePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.FailurePause = 0 }) // the default
		p := s.connect(t)
		for range 2 {
			start := time.Now()
			p.want("USER mrose\r\nPASS wrong\r\nUSER nobody\r\nPASS wrong", "+OK")
			for _, want := range []string{"-ERR [AUTH] wrong name or password", "+OK send your password", "-ERR [AUTH] wrong name or password"} {
				p.expect(want)
			}
			if d := time.Since(start); d != 2*DefaultFailurePause {
				t.Errorf("two failed logins took %v", d)
			}
		}
		start := time.Now()
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		if d := time.Since(start); d != 0 {
			t.Errorf("a login took %v", d)
		}
	})
}

// The pause of a failed login holds no Shutdown up.
func TestShutdownInFailurePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.FailurePause = time.Hour })
		p := s.connect(t)
		p.ok("USER mrose")
		p.send("PASS wrong")
		synctest.Wait()
		start := time.Now()
		s.Shutdown()
		if d := time.Since(start); d != 0 {
			t.Errorf("Shutdown took %v", d)
		}
	})
}

// A client that is not logged in and does not read what it asks for costs a small buffer,
// however much it asks for.
func TestStrangersGetNoLargeBuffer(t *testing.T) {
	for _, line := range []string{"BOGUS", "CAPA", "HELP", "LANG", "AUTH", "USER mrose"} {
		withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
			go func() { _, _ = io.WriteString(p.conn, strings.Repeat(line+"\r\n", 2000)) }()
			synctest.Wait() // the server waits for the client to read
			for session := range s.sessions {
				if n := cap(session.out.buf); n == 0 || n > smallBuffer {
					t.Errorf("%s: a buffer of %d octets", line, n)
				}
			}
		})
	}
}

// big is a message of many buffers.
var big = "Subject: big\n\n" + strings.Repeat(".a line that begins with a dot\n", 100_000)

func TestStalledReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, envelope(big)+two, nil)
		p := s.login(t)
		p.ok("DELE 2")
		p.ok("RETR 1")
		// A slow client that takes one octet now and then is not stalled.
		for range 5 {
			time.Sleep(DefaultIdleTimeout - time.Second)
			if _, err := p.conn.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		s.awaitEnd()
		if d := time.Since(start); d > 2*DefaultIdleTimeout {
			t.Fatalf("cut after %v", d)
		}
		if s.read(t) != envelope(big)+two {
			t.Fatal("maildrop changed")
		}
	})
}

// awaitEnd waits until no session lives.
func (s *site) awaitEnd() { s.ended.Wait() }
