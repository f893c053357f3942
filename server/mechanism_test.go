package server

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// needy gives a server a mechanism for each kind of need, and TLS.
func needy(c *Config) {
	accounts := c.Accounts
	c.Security = veil{}
	c.Mechanisms = func() []Mechanism {
		return []Mechanism{riddle{"BINDS", NeedsBinding, accounts}, riddle{"BEARS", NeedsPrivacy, accounts}, riddle{"PLAIN", NeedsNothing, accounts}}
	}
}

// R5034-AUTH-1; RFC 7628, section 3: a token is not asked for where others could read it. The
// way from this machine is not such, and a TLS proxy here looks like this machine.
func TestMechanismsNeed(t *testing.T) {
	for _, c := range []struct{ from, clear string }{
		{"192.0.2.1:4711", "PLAIN"},
		{"[2001:db8::1]:4711", "PLAIN"},
		{"[::ffff:192.0.2.1]:4711", "PLAIN"},
		{"[fe80::1%eth0]:4711", "PLAIN"},
		{"0.0.0.0:4711", "PLAIN"},
		{"127.0.0.1:4711", "BEARS PLAIN"},
		{"127.255.0.9:4711", "BEARS PLAIN"},
		{"[::1]:4711", "BEARS PLAIN"},
		{"[::ffff:127.0.0.1]:4711", "BEARS PLAIN"},
		{"", "BEARS PLAIN"}, // a pipe, a Unix socket
	} {
		t.Run(c.from, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, two, needy)
				p := s.connectFrom(t, c.from)
				p.offers(c.clear)
				p.ok("STLS")
				p.handshake()
				p.offers("BINDS BEARS PLAIN")
				p.more("AUTH BINDS "+b64("mrose"), "secret of mrose?")
				p.exact(b64(secret), "+OK maildrop has 2 messages (320 octets)")
				p.quit()
			})
		})
	}
}

// connectFrom begins a session of a client at an address; "" is none.
func (s *site) connectFrom(t *testing.T, addr string) *client {
	t.Helper()
	if addr == "" {
		return s.connect(t)
	}
	return s.from(t, addr)
}

// offers checks all that lists mechanisms, and that what is not listed is refused before
// the client is asked for anything.
func (p *client) offers(want string) {
	p.tb.Helper()
	if got := p.sasl(); got != want {
		p.tb.Fatalf("CAPA has %q, want %q", got, want)
	}
	got := ""
	for _, name := range p.lines("AUTH") {
		got += " " + name
	}
	if got != " "+want {
		p.tb.Fatalf("AUTH lists %q, want %q", got, want)
	}
	for _, name := range []string{"BINDS", "BEARS", "PLAIN"} {
		if contains(want, name) {
			p.more("AUTH "+name, "name?")
			p.exact("*", "-ERR login cancelled")
		} else {
			p.exact("AUTH "+name+" "+b64("token"), "-ERR no such mechanism: AUTH alone lists those that there are")
		}
	}
}

// R2449-CAPA-1: where the only mechanisms need TLS, there is no AUTH without.
func TestNoMechanismInTheClear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) {
			needy(c)
			all := c.Mechanisms
			c.Mechanisms = func() []Mechanism { return all()[:2] }
		})
		p := s.from(t, "192.0.2.1:4711")
		if got := p.sasl(); got != "" {
			t.Errorf("CAPA has %q", got)
		}
		p.exact("AUTH", "-ERR AUTH is not offered here")
		p.exact("AUTH BEARS "+b64("token"), "-ERR AUTH is not offered here")
		p.ok("STLS")
		p.handshake()
		if got := p.sasl(); got != "BINDS BEARS" {
			t.Errorf("CAPA has %q", got)
		}
	})
}

// sasl is what CAPA lists of mechanisms; "" if it lists none.
func (p *client) sasl() string {
	p.tb.Helper()
	for _, line := range p.lines("CAPA") {
		if names, ok := strings.CutPrefix(line, "SASL "); ok {
			return names
		}
	}
	return ""
}

// contains tells whether a list of words, with blanks between, has one.
func contains(list, word string) bool { return slices.Contains(strings.Fields(list), word) }
