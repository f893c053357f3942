package server

import "io"

// text is the source of a body that was made beforehand, final dot included.
type text struct{ rest []byte }

func (t *text) fill(dst []byte) ([]byte, error) {
	n := min(len(t.rest), fillRoom)
	dst, t.rest = append(dst, t.rest[:n]...), t.rest[n:]
	if len(t.rest) == 0 {
		return dst, io.EOF
	}
	return dst, nil
}
