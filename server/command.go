package server

import (
	"time"

	"popper/parser"
)

// carryOut does what the command line just read wants, transition included. Its error
// says why the session must end.
func (s *session) carryOut(r parser.Result) (outcome, error) {
	c := &s.in.parser.Command
	s.trace(r, c)
	if o, bad := s.bars(r, c); bad {
		return o, nil
	}
	s.bad = 0
	k := parser.Command{Verb: c.Verb, Args: c.Args} // its texts are gone when a login has asked for more
	o := parser.Dispatch(s.dialog, c)
	if o.login != nil {
		var err error
		if o, err = s.converse(o.login); err != nil {
			return o, err
		}
	}
	s.dialog.state = s.dialog.state.Next(&k, o.ok)
	if s.dialog.state == parser.StateTransaction {
		s.loggedIn.Store(true)
	}
	return o, nil
}

// bars refuses a command that is not to be carried out here and now.
func (s *session) bars(r parser.Result, c *parser.Command) (o outcome, bad bool) {
	switch {
	case r != parser.Parsed:
		return s.refuse(badLine(r)), true
	case !s.srv.config.speaks(c.Verb.Dialect()):
		return s.refuse(badLine(parser.Unknown)), true
	}
	// First what is not offered: PASS behind a USER that was refused for want of TLS has
	// to say so, since some clients show their users nothing else.
	if why := s.dialog.unoffered(c.Verb); why != "" {
		return s.refuse(why), true
	}
	if !s.dialog.state.Allows(c.Verb) { // R1081-STATE-1
		return s.refuse("%s is not valid in %s state", c.Verb, s.dialog.state), true
	}
	return outcome{}, false
}

// updates tells whether the command line just read begins the update of the
// maildrop: it leaves it (R1081-QUIT-2, R1082-BB-2).
func (s *session) updates(r parser.Result) bool {
	c := &s.in.parser.Command
	return r == parser.Parsed && s.dialog.state == parser.StateTransaction &&
		s.dialog.state.Allows(c.Verb) && s.dialog.state.Next(c, true) != parser.StateTransaction
}

// refuse answers a bad command: nothing changes, but too many in a row end the
// session (R1081-LINE-7).
func (s *session) refuse(format string, args ...any) outcome {
	s.bad++
	o := refusal(format, args...)
	if s.bad >= maxBad {
		o = refusal("too many bad commands")
		o.end = "too many bad commands"
	}
	return o
}

func badLine(r parser.Result) string {
	switch r {
	case parser.Malformed:
		return "malformed arguments"
	case parser.TooLong:
		return "line longer than 255 octets" // parser.MaxCommand
	}
	return "unknown command"
}

// next returns the result of the next command line. Only a whole line starts
// the idle time anew: one octet now and then does not keep a session alive.
func (s *session) next() (parser.Result, error) {
	s.in.discard()
	r := s.in.parse()
	if r == parser.More {
		if err := s.out.flush(); err != nil {
			return r, err
		}
		// A connection without deadlines has no idle limit: no reason to end it.
		_ = s.conn.SetReadDeadline(s.deadline())
	}
	for r == parser.More {
		if err := s.in.fill(); err != nil {
			return r, err
		}
		r = s.in.parse()
	}
	// What was pipelined behind the moment of the cut is not carried out.
	return r, s.wasCut()
}

// deadline is when the next whole command line must have come, or the next octet
// of a reply must have been read (R1939-TIME-1).
func (s *session) deadline() time.Time {
	idle := time.Now().Add(s.srv.config.IdleTimeout)
	if login := s.started.Add(loginTime); !s.loggedIn.Load() && login.Before(idle) {
		return login
	}
	return idle
}
