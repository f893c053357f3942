package server

import (
	"io"

	"popper/parser"
)

// listing is the source of LIST and UIDL without a number: one line for each
// message that is not marked, made as the client reads, so that a million
// messages need no more memory than one.
type listing struct {
	dialog  *dialog
	next    int
	ready   int                           // of so many messages the lines can be made
	prepare func() (ready int, err error) // makes it more, which takes time
	line    func(dst []byte, i int) []byte
}

func (l *listing) fill(dst []byte) ([]byte, error) {
	all := l.dialog.drop.Len()
	if l.next == l.ready && l.ready < all {
		var err error
		if l.ready, err = l.prepare(); err != nil {
			return dst, err
		}
	}
	for end := len(dst) + fillRoom - 2*parser.MaxReply; len(dst) < end; l.next++ {
		switch {
		case l.next >= all:
			return parser.AppendEnd(dst), io.EOF
		case l.next >= l.ready:
			return dst, errLater
		case !l.dialog.marks.has(l.next):
			dst = l.line(dst, l.next)
		}
	}
	return dst, nil
}
