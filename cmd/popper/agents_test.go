package main_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// forAgents runs a test with each delivery agent that is installed.
func forAgents(t *testing.T, test func(*testing.T, agent)) {
	for _, a := range agents {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			test(t, a)
		})
	}
}

// LOCK-1: a session that sleeps holds no lock that a delivery waits for.
func TestSleepingSessionDelaysNoDelivery(t *testing.T) {
	forAgents(t, func(t *testing.T, a agent) {
		more := brief
		if a.name == "dovecot-lda" {
			more = "mbox_lock_timeout = 5s\n"
		}
		p := newPost(t, a, 3, 5000, more)
		_, addr := p.serve()
		c := p.enter(addr)
		uid := c.ask("UIDL 1", "+OK")
		p.retr(c, 1)
		for range 50 {
			p.unlocked()
			if err := p.deliver(); err != nil {
				t.Fatal(err)
			}
		}
		c.stay()
		c.ask("DELE 2", "+OK")
		left := append([]int{1}, upTo(3, p.sent)...)
		if a.edits { // UPD-3: then nothing is removed
			c.ask("QUIT", "-ERR [SYS/TEMP]")
			c.end()
			left = upTo(1, p.sent)
		} else {
			c.leave()
		}
		c = p.enter(addr)
		if got := c.ask("UIDL 1", "+OK"); got != uid { // R1939-UIDL-1
			t.Errorf("UIDL 1 became %q, was %q", got, uid)
		}
		if got := p.retrAll(c); !slices.Equal(got, left) {
			t.Errorf("letters %v, want %v", got, left)
		}
		c.leave()
	})
}

// unlocked asserts that the delivery locks are free. An agent alone does not show
// it: some take a lock by force that is older than they care to wait.
func (p *post) unlocked() {
	p.t.Helper()
	if _, err := os.Lstat(p.mailbox + ".lock"); !errors.Is(err, os.ErrNotExist) {
		p.t.Fatalf("there is a dotlock (%v)", err)
	}
	f, err := os.OpenFile(p.mailbox, os.O_RDWR, 0)
	if err == nil {
		defer f.Close()
		err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	}
	if err == nil {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		p.t.Fatalf("the spool file is locked: %v", err)
	}
}

// LOCK-1, UPD-2: mail comes while session after session reads and deletes; each
// letter is either deleted or left, once. POPPER_DELIVERIES is the number of letters.
func TestDeliveriesBesideSessions(t *testing.T) {
	t.Parallel()
	p := newPost(t, agents[0], 3, 5000, "")
	deliveries := times(t, "POPPER_DELIVERIES", 300)
	_, addr := p.serve()
	came := make(chan error)
	go func() {
		defer close(came)
		for range deliveries {
			came <- p.deliver()
		}
	}()
	var left, gone []int
	sessions := 0
	for more := true; more; sessions++ {
		for range 1 + rand.IntN(20) { // procmail waits for up to a second after each reader
			var err error
			if err, more = <-came; err != nil {
				t.Fatal(err)
			}
		}
		left, gone = p.readSome(addr, left, gone)
	}
	all := append(left, gone...)
	slices.Sort(all)
	if want := upTo(1, p.sent); !slices.Equal(all, want) {
		t.Errorf("left %v and deleted %v, of %d", left, gone, p.sent)
	}
	t.Logf("%d letters, %d sessions, %d letters left", p.sent, sessions, len(left))
}

// readSome is a session that deletes some. left are the letters that the last one
// left: they come first.
func (p *post) readSome(addr string, left, gone []int) (nowLeft, nowGone []int) {
	p.t.Helper()
	c := p.enter(addr)
	there := p.retrAll(c)
	if len(there) < len(left) || !slices.Equal(there[:len(left)], left) {
		p.t.Fatalf("letters %v, the last session left %v", there, left)
	}
	if !slices.IsSorted(there) {
		p.t.Fatalf("letters %v: not in the order of delivery", there)
	}
	for i, n := range there {
		if rand.IntN(2) == 0 {
			c.ask(fmt.Sprint("DELE ", i+1), "+OK")
			gone = append(gone, n)
		} else {
			nowLeft = append(nowLeft, n)
		}
	}
	c.leave()
	return nowLeft, gone
}

// UPD-2, UPD-4: the server is killed at a random instant of QUIT while mail comes.
// The next session finds all of it, and the marked messages all gone or all there.
// POPPER_KILLS is the number of kills with each agent.
func TestKillDuringQuit(t *testing.T) {
	t.Parallel()
	forAgents(t, func(t *testing.T, a agent) {
		p := newPost(t, a, 100, 200_000, "")
		k := &killer{post: p, span: 100 * time.Millisecond, left: upTo(1, p.sent)}
		rounds := times(t, "POPPER_KILLS", 20)
		for range rounds {
			k.round()
		}
		t.Logf("%d rounds: killed %d before the update, %d in the middle, %d after it, %d after the reply; %d letters, %d left",
			rounds, rounds-k.middle-k.done-k.replied, k.middle, k.done, k.replied, p.sent, len(k.left))
	})
}

// killer kills servers.
type killer struct {
	*post
	span                  time.Duration // how long a QUIT takes, about
	left                  []int         // the letters in the spool
	middle, done, replied int           // instants of the kills
}

// round marks the first message and some others, says QUIT, kills the server while
// letters come, and looks what the next server finds. A delivery may wait for the dotlock
// of the dead server, until the next one breaks it. dovecot-lda would break it itself,
// and edit a spool file that is still in pieces: popper then finishes nothing and keeps
// the journal for the administrator. So it delivers as soon as the next server has been.
func (k *killer) round() {
	k.t.Helper()
	server, addr := k.serve()
	c := k.enter(addr)
	kept := k.mark(c)
	sent := k.sent
	var came <-chan error
	if !k.edits {
		came = k.deliverSome()
	}
	reply := k.quit(c, server)
	_, err := os.Lstat(k.dir + "/.ann.pop")
	unfinished := err == nil

	server, addr = k.serve()
	defer func() {
		if k.t.Failed() {
			k.t.Logf("server: %s", server.out.String())
		}
	}()
	k.enter(addr).leave()
	if k.edits {
		came = k.deliverSome()
	}
	if err := <-came; err != nil {
		k.t.Fatal(err)
	}
	c = k.enter(addr)
	got := k.retrAll(c)
	c.leave()
	fresh := upTo(sent+1, k.sent)
	updated := slices.Equal(got, append(kept, fresh...))
	if !updated && (reply != "" || !slices.Equal(got, append(k.left, fresh...))) {
		k.t.Fatalf("reply %q, letters %v; before %v, to stay %v, came %v", reply, got, k.left, kept, fresh)
	}
	switch {
	case reply != "":
		k.replied++
	case unfinished:
		k.middle++
	case updated:
		k.done++
	}
	k.left = got
	_ = server.Process.Kill()
	<-server.exited
}

// deliverSome delivers beside what follows, and tells when it is done.
func (k *killer) deliverSome() <-chan error {
	came := make(chan error, 1)
	go func() {
		var err error
		for range 1 + rand.IntN(8) {
			err = errors.Join(err, k.deliver())
		}
		came <- err
	}()
	return came
}

// mark deletes the first message, so that all the others must move, and of these as
// many that the spool keeps its size. It gives the letters that stay.
func (k *killer) mark(c *client) (kept []int) {
	k.t.Helper()
	share := 40
	if len(k.left) > 100 {
		share = 10
	}
	for i, n := range k.left {
		if i == 0 || rand.IntN(share) == 0 {
			c.ask(fmt.Sprint("DELE ", i+1), "+OK")
		} else {
			kept = append(kept, n)
		}
	}
	return kept
}

// quit sends QUIT, kills the server at an instant of the time which that takes, and
// gives the reply, if it came.
func (k *killer) quit(c *client, server *process) string {
	k.t.Helper()
	c.stay()
	began := time.Now()
	if _, err := fmt.Fprint(c, "QUIT\r\n"); err != nil {
		k.t.Fatal(err)
	}
	time.AfterFunc(rand.N(k.span), func() { _ = server.Process.Kill() })
	reply, err := c.r.ReadString('\n')
	if err == nil {
		k.span = time.Since(began)
	} else {
		reply, k.span = "", k.span*5/4
	}
	<-server.exited
	if strings.HasPrefix(reply, "-") {
		k.t.Fatalf("QUIT: %q, %s", reply, server.out.String())
	}
	return reply
}
