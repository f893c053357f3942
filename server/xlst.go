package server

import (
	"io"
	"strconv"
	"strings"

	"popper/parser"
)

// XtndXlst: BERK-XLST-1. The name may be written with its colon.
func (d *dialog) XtndXlst(c *parser.Command) outcome {
	name := strings.TrimSuffix(string(c.Header), ":")
	if name == "" || strings.Contains(name, ":") {
		return refusal("that is no name of a header field")
	}
	f := &fieldListing{dialog: d, name: name, end: d.drop.Len()}
	if c.Has(parser.ArgMessage) {
		i, ok := d.index(c)
		if !ok {
			return noSuchMessage()
		}
		f.next, f.end = i, i+1
	}
	o := done(xtnd+" %s fields follow", name)
	o.body = f
	return o
}

// fieldListing is the source of XTND XLST: the fields of each message that is not
// marked, made as the client reads.
type fieldListing struct {
	dialog    *dialog
	name      string
	next, end int
	stuffer   parser.Stuffer
	made      text // what one message has
}

func (l *fieldListing) fill(dst []byte) ([]byte, error) {
	for len(l.made.rest) == 0 {
		if l.next == l.end {
			return l.stuffer.End(dst), io.EOF
		}
		if err := l.make(l.next); err != nil {
			return dst, err
		}
		l.next++
	}
	dst, _ = l.made.fill(dst)
	return dst, nil
}

// make makes the lines of message i.
func (l *fieldListing) make(i int) error {
	if l.dialog.marks.has(i) {
		return nil
	}
	fields, err := l.dialog.drop.Fields(i, l.name)
	if err == nil && len(fields) > 0 {
		l.made.rest = l.stuffer.Append(nil, numbered(i+1, fields))
	}
	return err
}

// numbered puts the message's number in front of each field; continuation lines
// stay as they are.
func numbered(n int, fields []byte) (out []byte) {
	for line := range strings.Lines(string(fields)) {
		if line[0] != ' ' && line[0] != '\t' {
			out = append(strconv.AppendInt(out, int64(n), 10), ' ')
		}
		out = append(out, line...)
	}
	if out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	return out
}
