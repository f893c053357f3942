package server

import (
	"io"

	"popper/parser"
)

// listing is the source of LIST and UIDL without a number: one line for each
// message that is not marked, made as the client reads, so that a million
// messages need no more memory than one.
type listing struct {
	dialog *dialog
	next   int
	line   func(dst []byte, i int) []byte
}

func (l *listing) fill(dst []byte) ([]byte, error) {
	for end := len(dst) + fillRoom - 2*parser.MaxReply; len(dst) < end; l.next++ {
		if l.next >= l.dialog.drop.Len() {
			return parser.AppendEnd(dst), io.EOF
		}
		if !l.dialog.marks.has(l.next) {
			dst = l.line(dst, l.next)
		}
	}
	return dst, nil
}
