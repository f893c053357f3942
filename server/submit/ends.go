package submit

import (
	"bytes"
	"io"
	"slices"
)

// ends changes the line ends of a message on its way.
//
// For a program they become LF, as everything on Unix has them: of CRLF the CR is
// dropped. For SMTP the library makes CRLF of LF alone, and stuffs the dots behind
// either; but CR alone it lets pass. Some servers take that for the end of a line, and
// would find in "CR . CR" the end of a message, and in what follows another (SMTP
// smuggling). It becomes a space: a line end, in a header, could make a field.
type ends struct {
	r    io.Reader
	bare []byte // what stands for a CR that no LF follows
	crlf []byte // what stands for CRLF
	in   []byte
	out  []byte
	rest []byte // of what was converted
	cr   bool   // the last octet was a CR, which is held back
	err  error
}

func unixEnds(r io.Reader) io.Reader { return &ends{r: r, bare: []byte("\r"), crlf: []byte("\n")} }
func smtpEnds(r io.Reader) io.Reader { return &ends{r: r, bare: []byte(" "), crlf: []byte("\r\n")} }

func (e *ends) Read(p []byte) (int, error) {
	for len(e.rest) == 0 && e.err == nil {
		e.fill(len(p))
	}
	n := copy(p, e.rest)
	if e.rest = e.rest[n:]; len(e.rest) > 0 {
		return n, nil
	}
	return n, e.err
}

func (e *ends) fill(size int) {
	e.in = slices.Grow(e.in[:0], size)[:size]
	var n int
	n, e.err = e.r.Read(e.in)
	e.out = e.out[:0]
	for in := e.in[:n]; len(in) > 0; {
		switch {
		case e.cr && in[0] == '\n':
			e.out, in = append(e.out, e.crlf...), in[1:]
		case e.cr:
			e.out = append(e.out, e.bare...)
		}
		var before []byte
		before, in, e.cr = bytes.Cut(in, []byte("\r"))
		e.out = append(e.out, before...)
	}
	if e.cr && e.err == io.EOF {
		e.out, e.cr = append(e.out, e.bare...), false
	}
	e.rest = e.out
}
