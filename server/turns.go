package server

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// Whose login is checked next when there are many.
//
// Checking a password takes long, because it is meant to, and a token waits for another
// server's word; so only few are checked at one time, and whoever knows accounts has all
// others wait in one line. A single stranger with many connections would fill that line,
// and everybody else would find the service unavailable. So a network (room.go) has only
// a few logins in that line; its others wait for these, and nobody else does.
//
// Connections that belong to no network do not wait here: a proxy on this machine speaks
// for all its clients.
//
// Residual risk: strangers in many networks fill the line all the same.
type turns struct {
	mu   sync.Mutex
	line map[netip.Prefix]*turn
}

// turn is that of one network.
type turn struct {
	places   chan struct{} // one for each login being checked
	sessions int           // which have a place or wait for one
}

var errTurn = errors.New("too many logins of one network at the same time; if these are honest users, cheaper hashes mend it")

// take waits until a login of the network may be checked, not longer than turnWait. done
// ends that turn.
func (t *turns) take(ctx context.Context, network netip.Prefix) (done func(), err error) {
	if !network.IsValid() {
		return func() {}, nil
	}
	ours := t.join(network)
	wait := time.NewTimer(turnWait)
	defer wait.Stop()
	select {
	case ours.places <- struct{}{}:
		return func() {
			<-ours.places
			t.leave(network)
		}, nil
	case <-wait.C:
		err = errTurn
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.leave(network)
	return nil, err
}

func (t *turns) join(network netip.Prefix) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	ours := t.line[network]
	if ours == nil {
		ours = &turn{places: make(chan struct{}, networkLogins)}
		t.line[network] = ours
	}
	ours.sessions++
	return ours
}

// leave forgets a network of which nobody is left.
func (t *turns) leave(network netip.Prefix) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ours := t.line[network]
	if ours.sessions--; ours.sessions == 0 {
		delete(t.line, network)
	}
}

// inTurn checks a login when it is the turn of the client's network.
func (d *dialog) inTurn(check func() error) error {
	done, err := d.turns.take(d.ctx, d.network)
	if err != nil {
		return err
	}
	defer done()
	return check()
}
