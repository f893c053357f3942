package server

import (
	"errors"
	"io"
)

// answer queues the reply. Its error says why the session must end.
func (s *session) answer(o outcome) error {
	start := s.out.position()
	if err := s.say(o.firstLine(s.dialog.language)); err != nil {
		return err
	}
	if o.body == nil {
		return nil
	}
	if t, ok := o.body.(*text); ok && len(t.rest) <= smallBuffer {
		return s.say(t.rest) // no large buffer for CAPA, which strangers may ask for
	}
	if err := s.pull(o.body); err != nil {
		return s.broken(start, err)
	}
	return nil
}

func (s *session) say(line []byte) error {
	if err := s.out.room(len(line)); err != nil {
		return err
	}
	s.out.buf = append(s.out.buf, line...)
	return nil
}

// pull queues the body of a multi-line reply, source.fill by source.fill, and sends what
// is pending when more takes time.
func (s *session) pull(body source) error {
	for {
		if err := s.out.room(fillRoom); err != nil {
			return err
		}
		var err error
		s.out.buf, err = body.fill(s.out.buf)
		switch err {
		case nil:
		case io.EOF:
			return nil
		case errLater:
			if err := s.out.write(); err != nil {
				return err
			}
		default:
			return sourceError{err}
		}
	}
}

// broken deals with a reply, begun at start, whose body cannot be finished.
func (s *session) broken(start int64, err error) error {
	var source sourceError
	if !errors.As(err, &source) {
		return err // the connection's fault
	}
	s.log.Error("message or listing cannot be sent whole; another program changes the maildrop, or its disk fails",
		append(s.dialog.account(), "err", source.error)...)
	if s.out.takeBack(start) {
		o := refusal("[SYS/TEMP] maildrop cannot be read or has changed, log in again")
		return s.say(o.firstLine(s.dialog.language))
	}
	return err
}

// sourceError is an error of the maildrop, not of the connection.
type sourceError struct{ error }

func (e sourceError) Unwrap() error { return e.error }
