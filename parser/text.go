package parser

import (
	"unicode"
	"unicode/utf8"
)

// appendText appends at most limit octets of s, whole characters only. Octets that
// would end the line, or that a terminal would obey, become "?": what a client sent
// may come back to it in a reply, but only as text. Text may be UTF-8 (RFC 6856);
// the C1 controls become "?" too, be they one octet, as terminals of Latin-1 read
// them, or UTF-8.
func appendText(dst []byte, s string, limit int) []byte {
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		piece := s[:n]
		if unicode.IsControl(r) || r == utf8.RuneError && n == 1 { // not UTF-8
			piece = "?"
		}
		if limit -= len(piece); limit < 0 {
			break
		}
		dst, s = append(dst, piece...), s[n:]
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
