package parser

import "bytes"

// appendText appends at most limit octets of s. Octets that would end the line,
// or that a terminal would obey, become "?": what a client sent may come back to
// it in a reply, but only as text.
func appendText(dst []byte, s string, limit int) []byte {
	for i := 0; i < len(s) && i < limit; i++ {
		c := s[i]
		if c < ' ' || c == 0x7F {
			c = '?'
		}
		dst = append(dst, c)
	}
	return dst
}

// Previous is what stands before a line of an mbox file.
type Previous uint8

// The places where a line may stand.
const (
	AtStart    Previous = iota // it is the first of the file
	AfterEmpty                 // an empty line is before it
	AfterText                  // a line that is not empty is before it
)

// window is how far indexEither looks at a time. Without it, a text with many
// of one octet and none of the other would be searched to its end each time,
// and the time would grow with the square of the length.
const window = 256

// indexEither is the index of the first a or b in s, or -1.
func indexEither(s []byte, a, b byte) int {
	for at := 0; at < len(s); at += window {
		w := s[at:min(at+window, len(s))]
		k := bytes.IndexByte(w, a)
		if k >= 0 {
			w = w[:k]
		}
		if j := bytes.IndexByte(w, b); j >= 0 {
			return at + j
		}
		if k >= 0 {
			return at + k
		}
	}
	return -1
}
