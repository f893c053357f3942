package mbox

import "popper/parser"

// hold takes octets of a line whose end has not come yet.
func (s *scanner) hold(b []byte) {
	if len(b) == 0 {
		return
	}
	if s.at == s.line {
		s.held = s.held[:0]
		s.maybe = (b[0] == 'F' || len(s.msgs) == 0) && parser.SeparatorMayFollow(s.prev)
		s.quote = b[0] == '>' && s.unquote
	}
	if s.maybe = s.maybe && len(s.held)+len(b) <= maxOpenLine; s.maybe {
		s.held = append(s.held, b...)
	}
	if s.quote {
		s.unquoting(b)
	}
	s.cr = b[len(b)-1] == '\r'
	s.at += int64(len(b))
	// A line that cannot be a separator decides at once, however long it is.
	s.alien = s.alien || len(s.msgs) == 0 && !s.maybe
}

// endOpen ends the open line with an LF.
func (s *scanner) endOpen() {
	n := s.at - s.line
	s.at++
	switch {
	case n == 0 || n == 1 && s.cr:
		s.prev, s.empty = parser.AfterEmpty, uint8(n+1)
		s.bare += 1 - n
	case s.maybe && separator(s.held):
		s.begin(s.line, int(n)+1)
	default:
		s.alien = s.alien || len(s.msgs) == 0
		s.prev = parser.AfterText
		if !s.cr {
			s.bare++
		}
		if s.quote {
			s.endUnquoting()
		}
	}
	s.line, s.cr = s.at, false
}
