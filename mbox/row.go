package mbox

import "popper/parser"

// message is a row of the table: 16 octets a message, the same in memory and in the
// index (sidecar.go), so that a maildrop of a million messages is 16 MB in both.
type message struct {
	start int64  // file offset of the separator line
	rest  uint64 // size, length of the separator line, length of the closing empty line
}

// What shares rest. A size has 50 bits, which maxSpool makes enough.
const (
	sepShift  = 2
	sizeShift = sepShift + 12
	sepMask   = 1<<(sizeShift-sepShift) - 1
	closeMask = 1<<sepShift - 1
)

// A separator line and its CRLF fit.
const _ = uint(sepMask - parser.MaxSeparator - 2)

func pack(start, size, sep, closing int64) message {
	return message{start, uint64(size)<<sizeShift | uint64(sep)<<sepShift | uint64(closing)}
}

// size is the message's octets as RFC 1081 counts them.
func (m message) size() int64 { return int64(m.rest >> sizeShift) }

// sep is the length of the separator line with its line end.
func (m message) sep() int64 { return int64(m.rest >> sepShift & sepMask) }

// closing is the length of the empty line that closes it: 0, 1 (LF) or 2 (CRLF).
func (m message) closing() int64 { return int64(m.rest & closeMask) }
