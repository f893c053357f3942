package server

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// crowd is an account source that thinks about each login but mrose's until it may
// answer, and counts those that it thinks about.
type crowd struct {
	people
	thinking atomic.Int64
	answer   chan struct{} // closed: it may
}

func (c *crowd) Authenticate(ctx context.Context, name string, secret []byte) (Account, error) {
	if name != "mrose" {
		c.thinking.Add(1)
		defer c.thinking.Add(-1)
		select {
		case <-c.answer:
		case <-ctx.Done():
			return Account{}, ctx.Err()
		}
	}
	return c.people.Authenticate(ctx, name, secret)
}

// besiege begins many logins from one address, by PASS and by AUTH in turns.
func besiege(t *testing.T, s *site, n int) (all []*client) {
	t.Helper()
	for i := range n {
		p := s.from(t, fmt.Sprintf("192.0.2.1:%d", i+1))
		p.ok("USER stranger")
		p.send("PASS " + secret)
		all = append(all, p)
	}
	synctest.Wait()
	return all
}

// One address with many connections does not keep everybody else from having a password
// checked, however slow that is; and all of its own get their answer.
func TestManyLoginsOfOneNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{answer: make(chan struct{})}
		s := newSite(t, two, func(config *Config) {
			c.people = config.Accounts.(people)
			config.Accounts = c
		})
		all := besiege(t, s, 3*networkLogins)
		if n := c.thinking.Load(); n != networkLogins {
			t.Errorf("%d logins of one network are checked at the same time, want %d", n, networkLogins)
		}
		p := s.from(t, "192.0.2.2:1")
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		all[0].drop()
		all[3*networkLogins-1].drop()
		close(c.answer)
		for _, p := range all[1 : 3*networkLogins-1] {
			p.expect("-ERR [AUTH] wrong name or password")
			p.drop()
		}
		p.quit()
		s.awaitEnd()
		if n := len(s.turns.line); n != 0 {
			t.Errorf("%d networks are left", n)
		}
	})
}

// Whose turn does not come is told so in time, and has not failed to log in.
func TestTurnWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{answer: make(chan struct{})}
		s := newSite(t, two, func(config *Config) {
			c.people = config.Accounts.(people)
			config.Accounts = c
		})
		besiege(t, s, networkLogins)
		p := s.from(t, "192.0.2.1:99")
		start := time.Now()
		p.ok("USER mrose")
		p.exact("PASS "+secret, "-ERR [SYS/TEMP] service unavailable: accounts cannot be checked now, wait and try again")
		if d := time.Since(start); d != turnWait {
			t.Errorf("told after %v", d)
		}
		close(c.answer)
		p.ok("USER mrose")
		p.ok("PASS " + secret)
	})
}

// A mechanism's login takes its turn, too, and gives it back after each step.
func TestTurnOfMechanism(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{answer: make(chan struct{})}
		s := newSite(t, two, func(config *Config) {
			riddles(config)
			c.people = config.Accounts.(people)
			config.Accounts = c
		})
		for i := range 2 * networkLogins { // who is asked holds no turn
			s.from(t, fmt.Sprintf("192.0.2.1:%d", i+1)).more("AUTH RIDDLE", "name?")
		}
		besiege(t, s, networkLogins)
		p := s.from(t, "192.0.2.1:99")
		start := time.Now()
		p.want("AUTH RIDDLE", "-ERR [SYS/TEMP]")
		if d := time.Since(start); d != turnWait {
			t.Errorf("told after %v", d)
		}
		close(c.answer)
		p.more("AUTH RIDDLE", "name?")
	})
}
