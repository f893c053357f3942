// Package submit hands messages that clients send (XTND XMIT, BERK-XMIT-1) to mail
// transfer: to a program that is compatible with sendmail, or to an SMTP submission
// server. It mends their header first (package mend) and limits their recipients.
//
// Whom it trusts: nobody's header. The envelope sender is made of the login name, the
// Sender field is the user's, and nothing of a message becomes an argument of a
// program or a line of SMTP without having been parsed as an address.
//
// Residual risk: a connection or a program that fails after it has been given the
// whole message may have taken it. The client is told that it was not, and may send it
// again: twice is better than never.
package submit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"popper/server"
	"popper/server/submit/mend"
)

// Options are what both ways have in common.
type Options struct {
	Domain        string // that of the users' addresses
	MaxRecipients int    // of one message; 0: DefaultMaxRecipients
}

// letter is a message on its way.
type letter struct {
	from   string // the envelope sender
	to     []string
	header *mend.Header
	body   io.Reader
	size   int64 // of the message as it came
}

// carrier takes letters. Its errors are those of server.Submission.
type carrier interface {
	carry(ctx context.Context, l *letter) error
}

// office implements server.Submission.
type office struct {
	Options
	carrier
}

func open(o Options, c carrier) (server.Submission, error) {
	if o.MaxRecipients <= 0 {
		o.MaxRecipients = DefaultMaxRecipients
	}
	if err := mend.CheckDomain(o.Domain); err != nil {
		return nil, err
	}
	return &office{o, c}, nil
}

// Submit implements server.Submission.
func (o *office) Submit(ctx context.Context, user string, r io.ReadSeeker, size int64) error {
	l, err := o.letter(user, r, size)
	if err != nil {
		return err
	}
	return o.carry(ctx, l)
}

// letter reads the header, and refuses what cannot be sent.
func (o *office) letter(user string, r io.ReadSeeker, size int64) (*letter, error) {
	address, err := mend.AddressOf(user, o.Domain)
	if err != nil {
		return nil, &server.Refusal{Reason: "your user name cannot be a sender's address", Err: err}
	}
	body := mend.NewReader(r)
	h, err := mend.Read(body)
	switch {
	case errors.Is(err, mend.ErrTooLarge):
		return nil, &server.Refusal{Reason: err.Error()}
	case err != nil:
		return nil, fmt.Errorf("the message cannot be read back: %w", err)
	}
	to, count, err := h.Recipients()
	switch {
	case err != nil:
		return nil, &server.Refusal{Reason: err.Error()}
	case len(to) == 0:
		return nil, &server.Refusal{Reason: "it names no recipient in To, Cc or Bcc"}
	case count > o.MaxRecipients: // BERK-XMIT-3
		return nil, &server.Refusal{Reason: fmt.Sprintf("it names %d recipients, and %d are allowed", count, o.MaxRecipients)}
	}
	h.Mend(address, time.Now())
	return &letter{address.String(), to, h, body, size}, nil
}
