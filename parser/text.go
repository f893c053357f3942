package parser

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
