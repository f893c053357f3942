package server

import (
	"crypto/md5"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
)

// R1081-GREET-1, R1939-APOP-1: the greeting's timestamp has the form of a message
// identifier and is like no other; the digest of it logs in, in this session only.
func TestApop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, sharing)
		seen := map[string]bool{}
		before := ""
		for range 50 {
			p := s.dial()
			p.tb = t
			m := regexp.MustCompile(`^\+OK popper ready (<[!-~]+@dewey\.udel\.edu>)$`).FindStringSubmatch(p.line())
			if m == nil || seen[m[1]] {
				t.Fatalf("greeting %q", m)
			}
			seen[m[1]] = true
			if before != "" {
				p.exact("APOP mrose "+before, "-ERR [AUTH] wrong name or password")
			}
			before = fmt.Sprintf("%x", md5.Sum([]byte(m[1]+"tanstaaf")))
			p.exact("APOP mrose "+before, "+OK maildrop has 2 messages (320 octets)")
			p.exact("STAT", "+OK 2 320")
			p.quit()
			if strings.Contains(s.log.String(), before) {
				t.Fatal("a digest is in the log")
			}
		}
	})
}

// R1939-APOP-1: only right after the greeting, or after a login that failed; failures
// count.
func TestApopDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, sharing)
		p := s.dial()
		p.tb = t
		p.line()
		p.ok("USER mrose")
		p.err("APOP mrose " + strings.Repeat("0", 32)) // R1081-STATE-1
		p.err("PASS wrong")
		for range DefaultLoginFailures - 1 {
			p.exact("APOP nobody "+strings.Repeat("0", 32), "-ERR [AUTH] wrong name or password")
		}
		p.gone()
	})
}

// R1939-APOP-1: without secrets there is no timestamp, since some clients take one for
// an offer and insist.
func TestNoApop(t *testing.T) {
	inAuthorization(t, func(t *testing.T, s *site, p *client) { // which checks the greeting
		p.exact("APOP mrose "+strings.Repeat("0", 32), "-ERR APOP is not offered here")
	})
	withConfig(t, func(c *Config) { c.Digests = shared{} }, func(t *testing.T, s *site, p *client) { // nor without a single one
		p.exact("APOP mrose "+strings.Repeat("0", 32), "-ERR APOP is not offered here")
	})
}
