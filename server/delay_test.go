package server

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// R2449-DELAY-1: what LOGIN-DELAY announces is what happens: who comes again too soon is
// told so and may try later, even in the same session; who is not let in does not begin
// the time anew.
func TestLoginDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.LoginDelay = time.Minute })
		p := s.login(t)
		if got := p.capabilities(); !strings.Contains(got, "LOGIN-DELAY 60") {
			t.Errorf("CAPA: %s", got)
		}
		p.quit()
		q := s.connect(t)
		for range 3 {
			time.Sleep(19 * time.Second)
			q.ok("USER mrose")
			q.exact("PASS "+secret, "-ERR [LOGIN-DELAY] wait before the next login")
		}
		time.Sleep(3 * time.Second)
		q.ok("USER mrose")
		q.exact("PASS "+secret, "+OK maildrop has 2 messages (320 octets)")
		q.quit()
		if log := s.log.String(); strings.Contains(log, "login failed") {
			t.Errorf("a wait is no failed login:\n%s", log)
		}
	})
}
