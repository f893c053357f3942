package server

import (
	"fmt"
	"io"

	"popper/mbox"
	"popper/parser"
)

// message is the source of RETR and TOP: a stream of the maildrop, dot-stuffed
// (R1081-LINE-5).
//
// The final dot is the server's word that the message is whole, so it is
// written only after the stream has ended with io.EOF, which mbox gives only
// when exactly the announced octets were read and the file is still the one
// that was scanned. The count made here is a second, weaker check (stuffed dots
// are in it, so that it can find too few octets only): no single fault in
// either package puts a dot behind a truncated message.
type message struct {
	stream  *mbox.Stream
	stuffer parser.Stuffer
	chunk   []byte // what is left of the chunk last pulled
	size    int64  // octets announced; 0 for TOP, which announces none
	made    int64  // octets of the body written so far, stuffing included
	whole   func() // called once when the body is complete; nil for TOP
}

// finalDot is the length of the line that ends a body.
const finalDot = int64(len(".\r\n"))

func (m *message) fill(dst []byte) ([]byte, error) {
	if len(m.chunk) == 0 {
		chunk, err := m.stream.Next()
		if err == io.EOF {
			return m.finish(dst)
		}
		if err != nil {
			return dst, err
		}
		m.chunk = chunk
	}
	n := min(len(m.chunk), fillRoom/2) // stuffing doubles it at most
	start := len(dst)
	dst = m.stuffer.Append(dst, m.chunk[:n])
	m.chunk = m.chunk[n:]
	m.made += int64(len(dst) - start)
	return dst, nil
}

func (m *message) finish(dst []byte) ([]byte, error) {
	start := len(dst)
	ended := m.stuffer.End(dst)
	m.made += int64(len(ended)-start) - finalDot
	if m.made < m.size {
		return dst, fmt.Errorf("message ended after %d of %d octets", m.made, m.size)
	}
	if m.whole != nil {
		m.whole()
	}
	return ended, io.EOF
}
