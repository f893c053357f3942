package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// LOCK-1: postfix's own local delivery, and popper deliver, on one maildrop, while
// session after session reads and deletes: each letter comes once, and none is torn.
// POPPER_DELIVERIES is the number of letters.
func TestPostfixLocal(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIP: postfix can be started by root only")
	}
	x := startPostfix(t)
	p := &post{site: x.site, agent: agents[len(agents)-1], program: binary, as: nobody(t), size: 3000}
	_, addr := x.site.listen("--lock-wait", agentPatience.String())
	letters := times(t, "POPPER_DELIVERIES", 60)
	failed := make(chan error, 2)
	go func() { failed <- p.half(0, letters, p.deliverLetter) }()
	go func() { failed <- p.half(1, letters, x.hand(p)) }()
	var seen []int
	for end := time.Now().Add(agentPatience + time.Duration(letters)*200*time.Millisecond); len(seen) < letters && time.Now().Before(end); {
		seen = append(seen, p.takeAll(addr)...)
	}
	for range 2 {
		if err := <-failed; err != nil {
			t.Fatalf("%v\n%s", err, x.log())
		}
	}
	slices.Sort(seen)
	if !slices.Equal(seen, upTo(1, letters)) {
		t.Errorf("%d letters were seen, want each of %d once: %v\n%s", len(seen), letters, seen, x.log())
	}
	t.Logf("%d letters, half by postfix", letters)
}

// half delivers every second letter.
func (p *post) half(first, letters int, deliver func(n int) error) error {
	for n := first + 1; n <= letters; n += 2 {
		if err := deliver(n); err != nil {
			return err
		}
	}
	return nil
}

// hand gives a letter to postfix, for its local delivery.
func (x *postfix) hand(p *post) func(n int) error {
	return func(n int) error {
		cmd := exec.Command(x.sendmail, "-oi", "-f", "a@popper.test", "spool@popper.test")
		cmd.Stdin = strings.NewReader(p.letter(n))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("letter %d: %w %s", n, err, out)
		}
		return nil
	}
}

// takeAll fetches and deletes all there is; of each letter the body must be whole.
func (p *post) takeAll(addr string) (numbers []int) {
	p.t.Helper()
	c := p.enter(addr)
	for i := range c.count() {
		c.ask(fmt.Sprint("RETR ", i+1), "+OK")
		header, body, _ := strings.Cut(c.lines(), "\r\n\r\n")
		m := messageID.FindStringSubmatch(header)
		if m == nil {
			p.t.Fatalf("no letter: %q", header+body) // such as one that comes back
		}
		var n int
		fmt.Sscan(m[1], &n)
		_, want, _ := strings.Cut(crlf(p.letter(n)), "\r\n\r\n")
		if got := strings.Replace(body, "\r\n>From ", "\r\nFrom ", 1); got != want {
			p.t.Fatalf("letter %d is torn: %q", n, got)
		}
		c.ask(fmt.Sprint("DELE ", i+1), "+OK")
		numbers = append(numbers, n)
	}
	c.leave()
	return numbers
}
