package server

import (
	"errors"
	"net"

	"popper/parser"
)

// input reads command lines. buf[start:end] has been read and not yet been
// parsed to its end; the first used octets of it are the command being carried
// out, whose text fields alias them.
type input struct {
	conn       net.Conn
	parser     parser.CommandParser
	start, end int
	used       int
	buf        []byte // small, or larger while a line needs it
	small      [commandBuffer]byte
}

func newInput(conn net.Conn) *input {
	in := &input{conn: conn}
	in.buf = in.small[:]
	return in
}

// parse looks for one command line in what has been read.
func (in *input) parse() parser.Result {
	n, r := in.parser.Parse(in.buf[in.start:in.end])
	in.used = n
	if r == parser.More {
		in.discard() // octets of a line that is too long
	}
	return r
}

// discard forgets the command last parsed. It is overwritten, so that no
// password outlives its command.
func (in *input) discard() {
	clear(in.buf[in.start : in.start+in.used])
	in.start += in.used
	in.used = 0
	if in.start == in.end {
		in.start, in.end = 0, 0
		in.buf = in.small[:]
	}
}

// forget throws away all that has been read.
func (in *input) forget() {
	clear(in.buf)
	in.parser, in.start, in.end, in.used = parser.CommandParser{}, 0, 0, 0
	in.buf = in.small[:]
}

// pending are the octets that have been read and not yet used.
func (in *input) pending() []byte { return in.buf[in.start:in.end] }

// use takes the first n of them.
func (in *input) use(n int) {
	in.used = n
	in.discard()
}

// fill reads more octets, once.
func (in *input) fill() error {
	if in.start > 0 {
		n := copy(in.buf[:], in.buf[in.start:in.end])
		clear(in.buf[n:in.end])
		in.start, in.end = 0, n
	}
	if in.end == len(in.buf) {
		if len(in.buf) >= parser.MaxLine {
			return errors.New("the parser does not consume an over-long line") // never: it keeps at most MaxLine
		}
		in.grow()
	}
	n, err := in.conn.Read(in.buf[in.end:])
	in.end += n
	if n > 0 {
		return nil // err, if it lasts, comes again
	}
	return err
}

// grow makes room for the longest line that there may be: a login by a long token.
func (in *input) grow() {
	larger := make([]byte, parser.MaxLine)
	copy(larger, in.buf[:in.end])
	clear(in.buf)
	in.buf = larger
}
