package server

import (
	"errors"
	"io"
	"time"

	"popper/parser"
)

// intake takes the content that a positive reply asked for (parser.Verb.AsksContent).
// If the connection ends before the final dot, done is not called, and nothing has
// happened (BERK-XMIT-3).
type intake interface {
	io.Writer      // its errors are its own: all content is read, to the final dot
	done() outcome // the content is whole; the second reply
	close()
}

// take reads content up to the line of one dot, undoes the stuffing and gives it to
// in, and returns the second outcome. The client has been told to begin: that reply
// leaves first.
//
// Residual risk: a client that does not wait for that reply, and gets a refusal, has
// its content taken for commands. No server can tell.
func (s *session) take(in intake) (outcome, error) {
	defer in.close()
	if err := s.out.flush(); err != nil {
		return outcome{}, err
	}
	s.in.discard() // the command
	latest := time.Now().Add(contentTime)
	var undo parser.Unstuffer
	var buf [2 * commandBuffer]byte // un-stuffing gives back at most a held CR more
	for {
		b, n, whole := undo.Append(buf[:0], s.in.pending())
		s.in.use(n)
		_, _ = in.Write(b)
		if whole {
			return in.done(), s.wasCut()
		}
		if err := s.moreContent(latest); err != nil {
			return outcome{}, err
		}
	}
}

// moreContent reads once. A client that sends an octet now and then is bounded by latest.
func (s *session) moreContent(latest time.Time) error {
	if time.Now().After(latest) {
		return errors.New("the message did not come to its end in time")
	}
	deadline := s.deadline()
	if latest.Before(deadline) {
		deadline = latest
	}
	_ = s.conn.SetReadDeadline(deadline)
	return s.in.fill()
}
