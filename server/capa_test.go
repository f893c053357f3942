package server

import (
	"strings"
	"testing"
	"time"

	"popper/parser"
)

// R2449-CAPA-1: exactly what is configured, in both states; that is also what is true.
func TestCapa(t *testing.T) {
	withConfig(t, nil, func(t *testing.T, s *site, p *client) {
		const want = "USER, TOP, UIDL, UTF8, LANG, RESP-CODES, AUTH-RESP-CODE, PIPELINING, EXPIRE NEVER"
		check := func(when string) {
			if got := p.capabilities(); got != want {
				t.Errorf("%s: %s\nwant %s", when, got, want)
			}
		}
		check("in AUTHORIZATION")
		p.ok("USER mrose")
		check("after USER")
		p.ok("PASS " + secret)
		check("in TRANSACTION")
	})
	withConfig(t, func(c *Config) {
		riddles(c)
		c.Implementation, c.LoginDelay, c.Expire = "popper-9", 90*time.Second+1, 30
	}, func(t *testing.T, s *site, p *client) {
		const want = "USER, TOP, UIDL, SASL RIDDLE, UTF8, LANG, RESP-CODES, AUTH-RESP-CODE, PIPELINING, EXPIRE 30, LOGIN-DELAY 91, IMPLEMENTATION popper-9"
		if got := p.capabilities(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	})
	withConfig(t, func(c *Config) { c.Expire = AtOnce }, func(t *testing.T, s *site, p *client) {
		if got := p.capabilities(); !strings.Contains(got, "EXPIRE 0") {
			t.Errorf("%s", got)
		}
	})
}

// R2449-CAPA-1: a dialect that is switched off is neither announced nor known.
func TestCapaWithoutDialects(t *testing.T) {
	withConfig(t, func(c *Config) { c.Dialects = []parser.Dialect{parser.DialectRfc2449} }, func(t *testing.T, s *site, p *client) {
		if got := p.capabilities(); got != "USER, TOP, RESP-CODES, AUTH-RESP-CODE, PIPELINING, EXPIRE NEVER" {
			t.Errorf("CAPA: %s", got)
		}
		p.exact("UTF8", "-ERR unknown command")
	})
	withConfig(t, func(c *Config) { c.Dialects = []parser.Dialect{} }, func(t *testing.T, s *site, p *client) {
		p.exact("CAPA", "-ERR unknown command") // a server of 1988
		p.exact("HELP", "-ERR unknown command")
	})
}

// HELP lists exactly the commands that would be carried out now.
func TestHelp(t *testing.T) {
	withConfig(t, nil, func(t *testing.T, s *site, p *client) {
		words := func() (out string) {
			for _, line := range p.lines("HELP") {
				synopsis, doc, ok := strings.Cut(line, ": ")
				if !ok || !strings.HasSuffix(doc, ".") {
					t.Errorf("HELP: %q", line)
				}
				out += synopsis + ", "
			}
			return out
		}
		const always = "CAPA, LANG [tag], HELP, "
		if got, want := words(), "USER name, QUIT, CAPA, UTF8, LANG [tag], HELP, "; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		p.ok("USER mrose")
		if got, want := words(), "USER name, PASS secret, QUIT, CAPA, UTF8, LANG [tag], HELP, "; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		p.ok("PASS " + secret)
		if got, want := words(), "QUIT, STAT, LIST [message], RETR message, DELE message, NOOP, LAST, RSET, TOP message lines, UIDL [message], "+
			"XTND BBOARDS [name], XTND ARCHIVE name, XTND X-BBOARDS name, XTND XLST header [message], "+always; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	})
}
