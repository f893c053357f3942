package server

import (
	"bytes"
	"encoding/base64"
	"errors"

	"popper/parser"
)

// converse holds the exchange of lines that a login asks for (R5034-AUTH-1), and returns
// its outcome. An error says why the session must end.
func (s *session) converse(l *saslLogin) (outcome, error) {
	response := l.initial
	for {
		challenge, o := l.step(response)
		if o != nil {
			return *o, s.wasCut()
		}
		line, whole, err := s.askLine(challenge)
		switch {
		case l.denied != nil: // whatever the client says, or if it goes away: it cannot cancel that
			o := l.end(l.denied)
			return *o, errors.Join(err, s.wasCut())
		case err != nil:
			return outcome{}, err
		case !whole:
			return refusal("response longer than %d octets", maxResponse), nil
		case string(line) == "*":
			return refusal("login cancelled"), nil
		}
		var ok bool
		if response, ok = decodeResponse(line); !ok {
			return notBase64(), nil
		}
		clear(line)
	}
}

// askLine tells the client the challenge, and reads one line, its line end left out. Of
// one that is too long nothing is kept, and whole is false (R2449-LINE-8).
func (s *session) askLine(challenge []byte) (line []byte, whole bool, err error) {
	if err := s.say(parser.AppendMore(nil, base64.StdEncoding.EncodeToString(challenge))); err != nil {
		return nil, false, err
	}
	if err := s.out.flush(); err != nil {
		return nil, false, err
	}
	s.in.discard() // the command
	_ = s.conn.SetReadDeadline(s.deadline())
	whole = true
	for {
		piece, _, ended := bytes.Cut(s.in.pending(), []byte{'\n'})
		if whole = whole && len(line)+len(piece) <= maxResponse+len("\r"); whole {
			line = append(line, piece...)
		} else {
			clear(line)
			line = nil
		}
		if ended {
			s.in.use(len(piece) + 1)
			line = bytes.TrimSuffix(line, []byte{'\r'})
			return line, whole && len(line) <= maxResponse, nil
		}
		s.in.use(len(piece))
		if err := s.in.fill(); err != nil {
			return nil, false, err
		}
	}
}
