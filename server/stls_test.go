package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func veils(c *Config) { c.Security = veil{} }

// R2595-STLS-1, R2449-CAPA-1: before and after.
func TestStls(t *testing.T) {
	withConfig(t, func(c *Config) { veils(c); riddles(c) }, func(t *testing.T, s *site, p *client) {
		if got := p.capabilities(); !strings.Contains(got, "STLS, SASL RIDDLE, ") {
			t.Errorf("CAPA before: %s", got)
		}
		p.exact("STLS", "+OK begin the TLS handshake now")
		p.handshake()
		if got := p.capabilities(); strings.Contains(got, "STLS") || !strings.Contains(got, "SASL RIDDLE-PLUS RIDDLE") {
			t.Errorf("CAPA after: %s", got)
		}
		p.exact("STLS", "-ERR TLS is active already")
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		p.exact("STLS", "-ERR TLS is active already")
		p.quit()
	})
	withConfig(t, veils, func(t *testing.T, s *site, p *client) {
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		p.exact("STLS", "-ERR TLS cannot begin after login")
		if got := p.capabilities(); strings.Contains(got, "STLS") {
			t.Errorf("CAPA after login: %s", got)
		}
	})
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		p.exact("STLS", "-ERR TLS is not offered here")
		p.ok("USER mrose")
	})
}

// R2595-STLS-1: what was said in the clear is forgotten, but for failed logins.
func TestStlsForgets(t *testing.T) {
	withConfig(t, func(c *Config) { veils(c); c.LoginFailures = 2 }, func(t *testing.T, s *site, p *client) {
		p.ok("LANG de")
		p.ok("USER mrose")
		p.err("PASS wrong")
		p.ok("USER mrose")
		p.exact("STLS", "+OK bitte jetzt mit dem TLS-Handshake beginnen")
		p.handshake()
		p.exact("PASS "+secret, "-ERR PASS is not valid in authorization state")
		p.ok("USER mrose")
		p.err("PASS wrong")
		p.gone()
	})
}

// R2595-STLS-1, R1081-LINE-4: a command that comes with STLS in the clear is never
// carried out, however the octets are split (CVE-2011-0411). It is thrown away, or taken
// for the handshake, which then fails.
func TestStlsInjection(t *testing.T) {
	const clear = "USER mrose\r\nSTLS\r\nUSER mrose\r\nPASS " + secret + "\r\nDELE 1\r\nQUIT\r\n"
	stls := strings.Index(clear, "STLS")
	for split := range len(clear) {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, two, veils)
			p := s.connect(t)
			p.send("NOOP") // unknown here, so that the replies are told apart
			p.line()
			_, _ = io.WriteString(p.conn, clear[:split])
			synctest.Wait() // what has come is read
			failed := make(chan error, 1)
			go func() {
				_, err := io.WriteString(p.conn, clear[split:])
				if err == nil {
					_, err = p.conn.Write([]byte{'\x16'})
				}
				failed <- err
			}()
			all, _ := io.ReadAll(p.r)
			<-failed
			s.awaitEnd()
			log := s.log.String()
			executed := strings.Count(log, "msg=command") - 1
			if executed != 2 || s.read(t) != two { // USER and STLS
				t.Fatalf("split at %d (STLS at %d): %d commands were carried out; replies %q, log:\n%s", split, stls, executed, all, log)
			}
		})
	}
}

// The same, where the client goes on: all that came with STLS is gone.
func TestStlsDiscards(t *testing.T) {
	withConfig(t, veils, func(t *testing.T, s *site, p *client) {
		p.exact("STLS\r\nUSER mrose\r\nPASS "+secret+"\r\nQU", "+OK begin the TLS handshake now")
		p.handshake()
		p.exact("IT", "-ERR unknown command")
		p.exact("PASS "+secret, "-ERR PASS is not valid in authorization state")
		p.ok("USER mrose")
		p.ok("PASS " + secret)
	})
}

// R2595-STLS-1: a handshake that fails, or does not come, ends that session alone.
func TestStlsFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { veils(c); c.IdleTimeout = time.Hour })
		other := s.login(t)
		for _, sends := range []string{"x", "QUIT\r\n"} {
			p := s.connect(t)
			p.ok("STLS")
			_, _ = io.WriteString(p.conn, sends)
			p.gone()
		}
		p := s.connect(t)
		p.ok("STLS")
		p.drop()
		q := s.connect(t)
		q.ok("STLS")
		q.goneAfter(loginTime) // if the handshake has no limit of its own
		other.ok("NOOP")
		if n := strings.Count(s.log.String(), "TLS handshake failed"); n != 4 {
			t.Errorf("%d failures in the log:\n%s", n, s.log.String())
		}
	})
}

// brokenVeil is one whose handshakes fail at once.
type brokenVeil struct{}

func (brokenVeil) Secure(context.Context, net.Conn) (Private, error) { return nil, errors.New("no") }

// RFC 8314: private from the first octet on; the greeting comes behind the handshake.
func TestImplicitTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, veils)
		here, there := net.Pipe()
		go s.ServeConnTLS(there)
		p := &client{tb: t, conn: here, r: bufio.NewReader(here), virtual: true}
		p.handshake()
		p.expect("+OK popper ready")
		p.exact("STLS", "-ERR TLS is active already")
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		p.quit()
		s.config.Security = brokenVeil{}
		here, there = net.Pipe()
		go s.ServeConnTLS(there)
		p = &client{tb: t, conn: here, r: bufio.NewReader(here), virtual: true}
		p.gone() // without a word in the clear
	})
}

// R2595-STLS-1: --require-tls: nobody logs in without TLS, in whatever way, nothing
// announces it, and after STLS all is as usual.
func TestRequireTLS(t *testing.T) {
	withConfig(t, func(c *Config) {
		veils(c)
		riddles(c)
		c.RequireTLS = true
	}, func(t *testing.T, s *site, p *client) {
		const refused = "-ERR log in over TLS only: begin it with STLS, or connect to the port for it"
		for _, line := range []string{"USER mrose", "PASS " + secret, "AUTH", "AUTH RIDDLE", "AUTH RIDDLE " + b64("mrose")} {
			p.exact(line, refused)
		}
		if got := p.capabilities(); got != "TOP, UIDL, STLS, UTF8, LANG, RESP-CODES, AUTH-RESP-CODE, PIPELINING, EXPIRE NEVER" {
			t.Errorf("CAPA: %s", got)
		}
		p.ok("STLS")
		p.handshake()
		if got := p.capabilities(); !strings.HasPrefix(got, "USER, TOP, UIDL, SASL RIDDLE-PLUS RIDDLE, ") {
			t.Errorf("CAPA after STLS: %s", got)
		}
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		p.quit()
	})
	synctest.Test(t, func(t *testing.T) { // APOP and RPOP, too
		s := newSite(t, two, func(c *Config) {
			veils(c)
			sharing(c)
			c.RequireTLS = true
		})
		p := s.dial()
		p.tb = t
		p.line()
		p.exact("APOP mrose "+strings.Repeat("0", 32), "-ERR log in over TLS only: begin it with STLS, or connect to the port for it")
		p.ok("STLS")
		p.handshake()
		p.exact("APOP mrose "+strings.Repeat("0", 32), "-ERR [AUTH] wrong name or password")
		p.drop()
	})
}
