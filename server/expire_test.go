package server

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// dated is a message with that date on its separator line.
func dated(at time.Time, content string) string {
	return "From mrose@dewey.udel.edu " + at.Format("Mon Jan _2 15:04:05 2006 -0700") + "\n" + content + "\n"
}

// R2449-CAPA-1: EXPIRE n is what happens, at QUIT and not before: what is older goes,
// fetched or not, and nothing else.
func TestExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		old, young := dated(now.AddDate(0, 0, -31), first), dated(now.AddDate(0, 0, -29), second)
		s := newSite(t, old+young+young, func(c *Config) { c.Expire = 30 })
		p := s.login(t)
		p.exact("STAT", "+OK 3 520")
		p.drop()
		s.awaitEnd()
		if got := s.read(t); got != old+young+young {
			t.Fatalf("without QUIT mail is gone: %q", got) // R1081-QUIT-3
		}
		p = s.login(t)
		p.ok("DELE 3")
		p.exact("QUIT", "+OK popper signing off, 2 messages removed")
		p.gone()
		if got := s.read(t); got != young {
			t.Errorf("left: %q", got)
		}
	})
}

// R2449-CAPA-1: EXPIRE 0: what was retrieved whole goes, and TOP retrieves nothing.
func TestExpireAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.Expire = AtOnce })
		p := s.login(t)
		p.lines("TOP 1 100")
		p.lines("RETR 2")
		p.ok("RSET")
		p.exact("QUIT", "+OK popper signing off, 1 messages removed")
		p.gone()
		if got := s.read(t); got != envelope(first) {
			t.Errorf("left: %q", got)
		}
	})
}

// Without a setting nothing expires, however old it is.
func TestExpireNever(t *testing.T) {
	inSession(t, func(t *testing.T, s *site, p *client) { // of 1988
		p.lines("RETR 1")
		p.quit()
		if got := s.read(t); got != two {
			t.Errorf("left: %q", got)
		}
	})
}

// A maildrop that another program has changed expires nothing, and loses nothing (UPD-3).
func TestExpireChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := dated(time.Now().AddDate(0, 0, -31), first)
		s := newSite(t, old+old, func(c *Config) { c.Expire = 30 })
		p := s.login(t)
		changed := strings.Replace(old+old, "Subject", "Sabject", 1)
		s.write(t, changed)
		p.exact("QUIT", "+OK popper signing off, 0 messages removed")
		p.gone()
		if got, log := s.read(t), s.log.String(); got != changed || !strings.Contains(log, "nothing expires") {
			t.Errorf("left: %q, log:\n%s", got, log)
		}
	})
}

// R1081-LAST-1: a client that fetches what is behind LAST misses nothing because mail has
// expired that an earlier session had accessed, in a session that accessed nothing.
func TestLastAfterExpiry(t *testing.T) {
	for name, c := range map[string]struct {
		expire  int
		session func(p *client) // in which the accessed mail goes
	}{
		"days":    {30, func(p *client) { p.exact("STAT", "+OK 3 440") }},
		"at once": {AtOnce, func(p *client) { p.lines("RETR 1"); p.lines("RETR 2"); p.ok("RSET") }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				old := dated(time.Now(), first)
				s := newSite(t, old+old, nil)
				p := s.login(t)
				p.lines("RETR 2")
				p.quit()

				time.Sleep(32 * 24 * time.Hour)
				young := dated(time.Now(), second)
				s.write(t, old+old+young)
				s.config.Expire = c.expire
				p = s.login(t)
				c.session(p)
				p.exact("QUIT", "+OK popper signing off, 2 messages removed")
				p.gone()

				s.write(t, young+young)
				p = s.login(t)
				p.exact("LAST", "+OK 0")
				p.quit()
			})
		})
	}
}

// Whatever a session does, what goes at its end is what it has fetched or marked, or what is
// old, and nothing else; mail that came meanwhile stays (UPD-1, UPD-2, R1081-QUIT-3).
func TestExpireLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, nil)
		r := rand.New(rand.NewPCG(19, 39))
		for round := range 300 {
			s.config.Expire = []int{0, AtOnce, 30}[r.IntN(3)]
			var box []string
			old, fetched, marked := map[int]bool{}, map[int]bool{}, map[int]bool{}
			for i, n := 0, 1+r.IntN(6); i < n; i++ {
				age := 40 - 10*i - r.IntN(10) // days, falling
				old[i] = age > 30
				box = append(box, dated(time.Now().AddDate(0, 0, -max(age, 0)), fmt.Sprintf("Subject: %d.%d\n\ntext\n", round, i)))
			}
			s.write(t, strings.Join(box, ""))
			p := s.login(t)
			for range r.IntN(10) {
				switch i := r.IntN(len(box)); {
				case r.IntN(8) == 0:
					p.ok("RSET")
					clear(marked)
				case marked[i]:
					p.want(fmt.Sprintf("RETR %d", i+1), "-ERR")
				case r.IntN(3) == 0:
					p.ok(fmt.Sprintf("DELE %d", i+1))
					marked[i] = true
				case r.IntN(2) == 0:
					p.lines(fmt.Sprintf("TOP %d 99", i+1))
				default:
					p.lines(fmt.Sprintf("RETR %d", i+1))
					fetched[i] = true
				}
			}
			late := ""
			if r.IntN(2) == 0 {
				late = dated(time.Now().AddDate(0, 0, -99), "Subject: late\n\ntext\n") // whatever its date
				s.write(t, strings.Join(box, "")+late)
			}
			quit := r.IntN(4) > 0
			if quit {
				p.quit()
			} else {
				p.drop()
				s.awaitEnd()
			}
			want := ""
			for i, m := range box {
				gone := marked[i] || s.config.Expire == AtOnce && fetched[i] || s.config.Expire == 30 && old[i]
				if !quit || !gone {
					want += m
				}
			}
			if got := s.read(t); got != want+late {
				t.Fatalf("round %d, expire %d, quit %v: left %q, want %q", round, s.config.Expire, quit, got, want+late)
			}
		}
	})
}

// What expires, and cannot be removed now, is no failure of a client that has marked
// nothing; who has marked something is told (UPD-5).
func TestExpireFails(t *testing.T) {
	for marks, want := range map[string]string{"NOOP": "+OK popper signing off, 0 messages removed", "DELE 2": "-ERR [SYS/TEMP] maildrop is locked by another program, no message was removed"} {
		synctest.Test(t, func(t *testing.T) {
			mail := dated(time.Now().AddDate(0, 0, -32), first) + dated(time.Now(), second)
			s := newSite(t, mail, func(c *Config) { c.Expire = 30 })
			p := s.login(t)
			p.ok(marks)
			release := s.hold(t)
			p.exact("QUIT", want)
			p.gone()
			release()
			if got := s.read(t); got != mail || !strings.Contains(s.log.String(), "update failed") {
				t.Errorf("left: %q, log:\n%s", got, s.log.String())
			}
		})
	}
}
