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
	buf        [commandBuffer]byte
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
	}
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
		return errors.New("the parser does not consume an over-long line") // never: it keeps at most MaxCommand
	}
	n, err := in.conn.Read(in.buf[in.end:])
	in.end += n
	if n > 0 {
		return nil // err, if it lasts, comes again
	}
	return err
}
