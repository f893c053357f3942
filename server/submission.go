package server

import (
	"context"
	"io"
)

// Submission hands messages to the system's mail transfer (BERK-XMIT-1). It is called
// by many sessions at one time.
type Submission interface {
	// Submit sends the message of size octets that r reads, lines ended by CRLF, on
	// behalf of user (BERK-XMIT-2), and returns when mail transfer has taken it. A
	// *Refusal is its answer to the client; any other error is for the log alone.
	// When ctx ends nobody waits any more: it returns soon, with any error.
	Submit(ctx context.Context, user string, r io.ReadSeeker, size int64) error
}

// Refusal is why a message was not taken, in words for the client.
type Refusal struct {
	Reason    string
	Temporary bool  // it may be taken later
	Err       error // for the log; may be nil
}

func (r *Refusal) Error() string {
	if r.Err != nil {
		return r.Reason + ": " + r.Err.Error()
	}
	return r.Reason
}

func (r *Refusal) Unwrap() error { return r.Err }
