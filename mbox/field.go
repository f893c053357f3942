package mbox

import (
	"bytes"
	"io"
)

// Fields returns the header fields called name of message i, 0 ≤ i < Len, as they
// stand in the file, one behind the other, continuation lines included. Case does
// not matter. It returns at most maxFields octets, whole lines only; no field is an
// empty result. ErrChanged and the system's errors are as for Stream.Next.
func (m *Maildrop) Fields(i int, name string) ([]byte, error) {
	p := fieldPicker{name: []byte(name)}
	for s := m.Top(i, 0); ; {
		b, err := s.Next()
		if err == io.EOF {
			p.end()
			return p.out, nil
		}
		if err != nil {
			return nil, err
		}
		p.feed(b)
	}
}

// fieldPicker takes a header in pieces of any length and keeps the fields of one name.
type fieldPicker struct {
	name []byte
	line []byte // the beginning of the line that is not complete
	keep bool   // the field that the last line belongs to is wanted
	out  []byte
}

func (p *fieldPicker) feed(b []byte) {
	for len(b) > 0 {
		k := bytes.IndexByte(b, '\n') + 1
		if k == 0 {
			p.hold(b)
			return
		}
		p.hold(b[:k])
		p.end()
		b = b[k:]
	}
}

// hold takes octets of a line; of a line that is too long to be shown, only as many
// as show that.
func (p *fieldPicker) hold(b []byte) {
	p.line = append(p.line, b[:min(len(b), maxFields+1-len(p.line))]...)
}

// end judges the line. One that begins with a blank goes the way of its field.
func (p *fieldPicker) end() {
	if len(p.line) > 0 && p.line[0] != ' ' && p.line[0] != '\t' {
		p.keep = hasName(p.line, p.name)
	}
	if p.keep && len(p.out)+len(p.line) <= maxFields {
		p.out = append(p.out, p.line...)
	}
	p.line = p.line[:0]
}

// hasName tells whether a header line begins a field called name.
func hasName(line, name []byte) bool {
	field, _, ok := bytes.Cut(line, []byte{':'})
	return ok && bytes.EqualFold(bytes.TrimRight(field, " \t"), name)
}
