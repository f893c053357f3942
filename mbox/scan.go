package mbox

import (
	"bytes"

	"popper/parser"
)

// The scanner is fed a file's octets in pieces of any length and builds the
// table of messages. Nearly all lines lie within one piece, and those it does not
// look at one by one. A separator line begins with "F", so bytes.IndexByte, which
// is vector code, finds the next "F"; if an LF is before it, the octets before that
// tell whether the line may be a separator, and if so the parser decides. In text
// one octet of some hundreds is an "F", in base64 one of 64.
//
// The line that crosses from one piece into the next takes a slower way: of it is
// remembered only what is needed, its beginning if it may be a separator line (at
// most maxOpenLine octets), and whether it ends in CR so far. The lines before the
// first separator go the same way.
//
// A size is not measured by a second pass over the file. It follows from the extent,
// the number of LFs without a CR in it (each is sent as two octets), the octets that
// un-quoting takes away, and two for a missing last line end (R1081-SIZE-1).
//
// Residual risk: MBOX-1 is a heuristic of the format. Text that quotes a whole
// separator line after an empty line and was delivered unquoted is cut in two;
// no reader of mbox files can know better.

type scanner struct {
	msgs    []message
	unquote bool

	at    int64           // file offset of the next octet
	line  int64           // file offset at which the current line began
	prev  parser.Previous // what kind of line came before it
	empty uint8           // length of the line before if it was empty, else 0
	bare  int64           // LFs without CR in the current message's content
	saved int64           // octets of it that un-quoting takes away
	alien bool            // the first line that is not empty is no separator line

	// The line that crosses from one piece into the next.
	held  []byte // its beginning, while it may be a separator
	maybe bool   // it may still be one
	cr    bool   // its last octet so far is a CR
	quote bool   // it begins with ">" and goes through the un-quoter
	undo  parser.Unquoter
	out   []byte // the un-quoter's output, only counted
}

// feed takes the next octets of the file.
func (s *scanner) feed(b []byte) {
	for len(b) > 0 && (s.at > s.line || len(s.msgs) == 0) {
		k := bytes.IndexByte(b, '\n')
		if k < 0 {
			s.hold(b)
			return
		}
		s.hold(b[:k])
		s.endOpen()
		b = b[k+1:]
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	s.lines(b[:whole])
	s.hold(b[whole:])
}

// lines takes whole lines, when there is a message that they belong to.
func (s *scanner) lines(b []byte) {
	counted := 0
	for p := startsWith(b, 0, 'F'); p >= 0; p = startsWith(b, p+1, 'F') {
		prev, empty := s.before(b[:p])
		if !parser.SeparatorMayFollow(prev) {
			continue
		}
		n := bytes.IndexByte(b[p:], '\n')
		if !separator(b[p : p+n]) {
			continue
		}
		s.count(b[counted:p])
		s.prev, s.empty = prev, empty
		s.begin(s.at+int64(p), n+1)
		p += n
		counted = p + 1
	}
	s.count(b[counted:])
	s.prev, s.empty = s.before(b)
	s.at += int64(len(b))
	s.line = s.at
}

// startsWith finds the first line at or behind from that begins with c, or -1.
// b begins with a line.
func startsWith(b []byte, from int, c byte) int {
	for from < len(b) {
		k := bytes.IndexByte(b[from:], c)
		if k < 0 {
			break
		}
		if from += k; from == 0 || b[from-1] == '\n' {
			return from
		}
		from++
	}
	return -1
}

// before tells what the last line of b is, and its length if it is empty. b is
// whole lines.
func (s *scanner) before(b []byte) (prev parser.Previous, empty uint8) {
	switch n := len(b); {
	case n == 0:
		return s.prev, s.empty
	case n == 1 || b[n-2] == '\n':
		return parser.AfterEmpty, 1
	case b[n-2] == '\r' && (n == 2 || b[n-3] == '\n'):
		return parser.AfterEmpty, 2
	}
	return parser.AfterText, 0
}

// count counts what makes the size of whole lines of content differ from their length.
func (s *scanner) count(b []byte) {
	s.bare += int64(bareLFs(b, 0))
	if !s.unquote {
		return
	}
	for p := startsWith(b, 0, '>'); p >= 0; p = startsWith(b, p+1, '>') {
		n := bytes.IndexByte(b[p:], '\n')
		s.unquoting(b[p : p+n])
		s.endUnquoting()
		p += n
	}
}

// separator judges a line without its LF.
func separator(line []byte) bool {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return len(line) <= parser.MaxSeparator && parser.IsSeparator(line)
}

// begin closes the message before and opens one whose separator line is at
// file offset at, n octets with its line end.
func (s *scanner) begin(at int64, n int) {
	s.close(at)
	s.msgs = append(s.msgs, pack(at, 0, int64(n), 0))
	s.bare, s.saved, s.prev = 0, 0, parser.AfterText
}

// close fills in the row of the last message, which ends at file offset end.
func (s *scanner) close(end int64) {
	if len(s.msgs) == 0 {
		return
	}
	m := &s.msgs[len(s.msgs)-1]
	closing := int64(0)
	if s.prev == parser.AfterEmpty {
		if closing = int64(s.empty); closing == 1 {
			s.bare--
		}
	}
	size := end - closing - m.start - m.sep() + s.bare - s.saved
	*m = pack(m.start, size, m.sep(), closing)
}

// finish tells the scanner that the file ends here. A last line without a line
// end may be a separator too; other text there is sent with a line end (MBOX-3).
func (s *scanner) finish() {
	if s.at > s.line {
		if s.maybe && len(s.held) <= parser.MaxSeparator && parser.IsSeparator(s.held) {
			s.begin(s.line, int(s.at-s.line))
		} else {
			s.alien = s.alien || len(s.msgs) == 0
			s.bare += 2
			if s.quote {
				s.endUnquoting()
			}
			s.prev = parser.AfterText
		}
	}
	s.close(s.at)
}

// unquoting counts what the un-quoter makes of a piece of a line; which lines
// are quoted is the parser's knowledge alone.
func (s *scanner) unquoting(b []byte) {
	s.out = s.undo.Append(s.out[:0], b)
	s.saved += int64(len(b) - len(s.out))
}

func (s *scanner) endUnquoting() {
	s.out = s.undo.End(s.out[:0])
	s.saved -= int64(len(s.out))
	s.undo, s.quote = parser.Unquoter{}, false
}
