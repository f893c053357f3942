package main_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// LOCK-1: several agents deliver at the same time, with the locks that each has, while
// session after session reads and deletes. Nothing is lost, nothing torn, nothing comes
// twice; the order is that of the locks. POPPER_DELIVERIES is the number of letters.
func TestAgentsTogether(t *testing.T) {
	t.Parallel()
	p := newPost(t, agents[len(agents)-1], 1, 3000, "")
	together := []*post{p, p, p}
	for _, a := range agents[:1] { // the others may be missing, popper's own is not
		other := *p
		other.agent = a
		other.program = other.find()
		other.write(p.dir+"/conf", expand(a.conf, p.dir))
		if p.as.Credential != nil {
			other.giveAway("nobody")
		}
		together = append(together, &other)
	}
	_, addr := p.serve()
	letters := int64(times(t, "POPPER_DELIVERIES", 200))
	var next atomic.Int64
	next.Store(1) // the one that is there
	came := make(chan error, len(together))
	var working sync.WaitGroup
	for _, q := range together {
		working.Go(func() {
			var err error
			for n := next.Add(1); err == nil && n <= letters; n = next.Add(1) {
				err = q.deliverLetter(int(n))
			}
			came <- err
		})
	}
	ended := make(chan struct{})
	go func() {
		working.Wait()
		close(ended)
	}()
	var seen []int
	sessions := 0
	for more := true; more; sessions++ {
		select {
		case <-ended:
			more = false
		default:
		}
		seen = append(seen, p.readAndDelete(addr)...)
	}
	for range together {
		if err := <-came; err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(seen)
	if !slices.Equal(seen, upTo(1, int(letters))) {
		t.Errorf("%d letters were seen, want each of %d once: %v", len(seen), letters, seen)
	}
	t.Logf("%d letters by %d agents, %d sessions", letters, len(together), sessions)
}

// readAndDelete fetches and deletes all there is.
func (p *post) readAndDelete(addr string) []int {
	p.t.Helper()
	c := p.enter(addr)
	there := p.retrAll(c)
	for i := range there {
		c.ask("DELE "+itoa(i+1), "+OK")
	}
	c.leave()
	return there
}

// A letter that is delivered while another program holds the lock waits, and a mail
// system hears that it may try again.
func TestDeliverLockHeld(t *testing.T) {
	s := newSite(t)
	s.write(s.mailbox+".lock", "")
	out, code := s.deliver("From: x\n\nx\n", "--file", s.mailbox, "--lock-wait", "50ms")
	if code != 75 || s.read(s.mailbox) != mail {
		t.Errorf("%d: %s", code, out)
	}
}
