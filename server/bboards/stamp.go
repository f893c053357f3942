package bboards

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// stampField is the field that holds a message's number in its group.
const stampField = "BBoard-ID"

// stampLine is the field for number n.
func stampLine(n uint64) []byte {
	return append(strconv.AppendUint([]byte(stampField+": "), n, 10), '\n')
}

// stripper reads a message without its stamps, if it has any: who sends one has no
// right to it. It knows a field and where the header ends as mbox.Fields does.
type stripper struct {
	in   *bufio.Reader
	body bool   // the header is over
	open bool   // the last line read is not at its end
	skip bool   // it belongs to a stamp
	left []byte // what is to be handed out next
	err  error
}

func newStripper(r io.Reader) *stripper { return &stripper{in: bufio.NewReader(r)} }

func (s *stripper) Read(p []byte) (int, error) {
	for len(s.left) == 0 && s.err == nil {
		if s.body {
			return s.in.Read(p)
		}
		s.next()
	}
	if len(s.left) == 0 {
		return 0, s.err
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// next takes a line of the header, or a part of a long one.
func (s *stripper) next() {
	line, err := s.in.ReadSlice('\n')
	if !s.open && len(line) > 0 {
		s.judge(line)
	}
	s.open = errors.Is(err, bufio.ErrBufferFull)
	if !s.skip {
		s.left = line
	}
	if !s.open {
		s.err = err
	}
}

// judge looks at the beginning of a line.
func (s *stripper) judge(line []byte) {
	switch {
	case string(line) == "\n" || string(line) == "\r\n":
		s.body, s.skip = true, false
	case line[0] == ' ' || line[0] == '\t': // it goes the way of its field
	default:
		name, _, ok := bytes.Cut(line, []byte{':'})
		s.skip = ok && bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte(stampField))
	}
}
