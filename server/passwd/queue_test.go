package passwd

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"popper/server"
)

// A login that does not get its turn is a temporary failure, not a denial,
// and computes nothing.
func TestQueueWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := open(t, "ann:"+secretBcrypt+"\n")
		x.slots = make(chan struct{}) // nobody ever reads
		_, err := x.Authenticate(context.Background(), "ann", []byte("secret"))
		if err == nil || errors.Is(err, server.ErrDenied) || len(x.hashed) != 0 {
			t.Errorf("%v, %d hashes", err, len(x.hashed))
		}
	})
}

// A login that nobody waits for any more gives its turn up at once.
func TestQueueCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := open(t, "ann:"+secretBcrypt+"\n")
		x.slots = make(chan struct{}) // nobody ever reads
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		_, err := x.Authenticate(ctx, "ann", []byte("secret"))
		if !errors.Is(err, context.Canceled) || time.Since(start) != 0 || len(x.hashed) != 0 {
			t.Errorf("%v after %v, %d hashes", err, time.Since(start), len(x.hashed))
		}
	})
}

// A panic in a hash function gives its slot back.
func TestSlotAfterPanic(t *testing.T) {
	x := open(t, "ann:"+secretBcrypt+"\n")
	x.match = nil
	func() {
		defer func() { recover() }()
		x.Authenticate(context.Background(), "ann", []byte("secret"))
	}()
	if len(x.slots) != 0 {
		t.Error("the slot is lost")
	}
}
