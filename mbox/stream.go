package mbox

import (
	"bytes"
	"fmt"
	"io"

	"popper/parser"
)

// Stream hands out one message, or its top, in pieces. Separator line and closing
// empty line are left out, line ends are as they stand in the file (the parser's
// Stuffer makes them CRLF), quoting is undone if the maildrop was opened so.
// A stream that is not read to its end needs no closing.
type Stream struct {
	m        *Maildrop
	from     int64 // file offset of the content
	off, end int64 // what is still to be read
	owed     int64 // octets of the announced size not yet handed out
	whole    bool  // the announced size holds: this is no top
	top      cutter
	undo     *parser.Unquoter
	buf, out []byte
	last     byte // last octet handed out
	err      error
}

// Message is the whole of message i, 0 ≤ i < Len (R1081-RETR-1).
func (m *Maildrop) Message(i int) *Stream {
	s := &Stream{m: m, owed: m.msgs[i].size(), whole: true}
	s.from, s.end = m.content(i)
	s.off = s.from
	if m.options.Unquote {
		s.undo = new(parser.Unquoter)
	}
	return s
}

// Top is the header of message i, the blank line, and that many lines of its body;
// all of it if the body has no more (R1081-TOP-1).
func (m *Maildrop) Top(i int, lines uint64) *Stream {
	s := m.Message(i)
	s.whole, s.top = false, cutter{lines: lines}
	return s
}

// Next returns the next piece, at most 256 KiB, valid until the next call; at the
// end io.EOF. Any other error (ErrChanged, or the system's) means that the message
// was not handed out as announced: the client must not be told that it is complete
// (R1081-RETR-2). io.EOF comes only after the file was found unchanged.
func (s *Stream) Next() ([]byte, error) {
	for s.err == nil && s.off < s.end {
		if b := s.read(); len(b) > 0 {
			s.count(b)
			return b, nil
		}
	}
	if s.err == nil {
		s.err = s.finish()
	}
	s.free()
	return nil, s.err
}

// read reads the next piece and undoes its quoting.
func (s *Stream) read() []byte {
	if s.buf == nil {
		s.buf = getBlock(s.m.options.block)
	}
	b := s.buf[:min(int64(len(s.buf)), s.end-s.off)]
	if err := readFull(s.m.f, b, s.off); err != nil {
		s.err = fmt.Errorf("%s: %w", s.m.path, err)
		return nil
	}
	s.off += int64(len(b))
	if !s.whole {
		n, done := s.top.cut(b)
		if done {
			s.end = s.off
		}
		b = b[:n]
	}
	if s.undo == nil {
		return b
	}
	if s.out == nil {
		s.out = getBlock(s.m.options.block)
	}
	s.out = s.undo.Append(s.out[:0], b)
	if s.off == s.end {
		s.out = s.undo.End(s.out)
	}
	return s.out
}

// count takes a piece off the announced size.
func (s *Stream) count(b []byte) {
	s.owed -= int64(len(b) + bareLFs(b, s.last))
	s.last = b[len(b)-1]
}

// finish ends a stream whose last octet has been handed out.
func (s *Stream) finish() error {
	lo, hi := s.from, s.off
	if s.off > s.from && s.last != '\n' {
		s.owed -= 2
	}
	if s.whole && s.owed != 0 {
		s.m.spoiled = true
		return fmt.Errorf("%w: %s: the message at offset %d is %d octets shorter than announced", ErrChanged, s.m.path, lo, s.owed)
	}
	if err := s.m.checkSent(lo, hi); err != nil {
		return err
	}
	return io.EOF
}

func (s *Stream) free() {
	putBlock(s.buf)
	putBlock(s.out)
	s.buf, s.out = nil, nil
}

// bareLFs counts the LFs in b that no CR precedes; prev is the octet before b.
// Most mail on Unix has no CR at all, and then both searches run at vector speed.
func bareLFs(b []byte, prev byte) int {
	n := bytes.Count(b, []byte{'\n'})
	if prev == '\r' && len(b) > 0 && b[0] == '\n' {
		n--
	}
	for {
		k := bytes.IndexByte(b, '\r')
		if k < 0 || k+1 == len(b) {
			return n
		}
		if b[k+1] == '\n' {
			n--
		}
		b = b[k+1:]
	}
}

// cutter finds where the top of a message ends, over any cut into pieces.
type cutter struct {
	lines uint64 // body lines still wanted
	body  bool   // the blank line has passed
	long  bool   // the current line has an octet that is not its CR
	cr    bool   // the current line has an octet
}

// cut tells how many octets of b belong to the top, and whether it ends there.
func (c *cutter) cut(b []byte) (n int, done bool) {
	for n < len(b) {
		if c.body && c.lines == 0 {
			return n, true
		}
		k := bytes.IndexByte(b[n:], '\n')
		if k < 0 {
			c.note(b[n:])
			return len(b), false
		}
		c.note(b[n : n+k])
		if c.body {
			c.lines--
		} else {
			c.body = !c.long
		}
		c.long, c.cr = false, false
		n += k + 1
	}
	return n, c.body && c.lines == 0
}

// note takes octets of a line that are not its LF. A line is blank if that is
// nothing, or one CR.
func (c *cutter) note(line []byte) {
	if len(line) > 0 {
		c.long = c.long || c.cr || len(line) > 1 || line[0] != '\r'
		c.cr = true
	}
}
