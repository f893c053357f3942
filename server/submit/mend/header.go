// Package mend makes what a mail program sent fit for mail transfer: header fields
// that must be there are added, and the message says on whose behalf it is sent
// (BERK-XMIT-2). All else stays as it came, octet for octet.
package mend

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Header is the header of a message: fields that know only their name and keep the
// octets in which they came. A library would be welcome here; but those that keep
// fields as they are still change bare LFs into CRLFs, drop fields without a name,
// and refuse what mail transfer takes, so that the octets would not stay.
type Header struct {
	fields []field
	blank  []byte // the line behind them
}

type field struct {
	name string // in lower case
	raw  []byte // all its lines, with their ends
}

// ErrTooLarge is the error for a header of more than MaxHeader octets.
var ErrTooLarge = fmt.Errorf("the header is larger than %d octets", MaxHeader)

// Read reads a header and the blank line behind it, and leaves r at the body.
//
// What mail programs do wrong is read as mail transfer programs read it (sendmail,
// postfix):
//
//   - a first line "From ..." or ">From ...", the separator of an mbox file, is left
//     out, and so are empty lines before the first field: a message without header
//     could go to nobody;
//   - a line that is neither a field nor the continuation of one ends the header. It
//     belongs to the body, and the blank line that is missing there is put in, so that
//     every program behind us reads the same header that was looked at here;
//   - LF alone ends a line, too;
//   - white space between a name and its colon, as RFC 822 had it, is left out: some
//     programs do not know the field with it, and would show a Bcc to everybody.
func Read(r *bufio.Reader) (*Header, error) {
	h := &Header{blank: []byte("\r\n")}
	for size, first := 0, true; ; {
		line, err := peekLine(r, MaxHeader-size)
		if err != nil || len(line) == 0 {
			return h, err
		}
		text := trimEnd(line)
		name, isField := fieldName(text)
		continued := (text != "" && (text[0] == ' ' || text[0] == '\t')) && len(h.fields) > 0
		envelope := first && (strings.HasPrefix(text, "From ") || strings.HasPrefix(text, ">From "))
		switch {
		case envelope, text == "" && len(h.fields) == 0: // left out
		case text == "":
			h.blank = bytes.Clone(line)
			_, err = r.Discard(len(line))
			return h, err
		case continued:
			last := &h.fields[len(h.fields)-1]
			last.raw = append(last.raw, line...)
		case isField:
			h.fields = append(h.fields, newField(name, line))
		default:
			return h, nil
		}
		first = first && text == "" // empty lines may precede a "From " line
		if _, err := r.Discard(len(line)); err != nil {
			return h, err
		}
		size += len(line)
	}
}

// peekLine looks at the next line, its end included, which may be the end of the
// message. r's buffer is larger than most lines; for others it is as large as MaxHeader.
func peekLine(r *bufio.Reader, limit int) ([]byte, error) {
	for n := 1; ; {
		_, err := r.Peek(n)
		b, _ := r.Peek(r.Buffered())
		switch k := bytes.IndexByte(b, '\n'); {
		case k >= 0 && k < limit:
			return b[:k+1], nil
		case k >= 0 || len(b) > limit || errors.Is(err, bufio.ErrBufferFull):
			return nil, ErrTooLarge
		case err == io.EOF:
			return b, nil
		case err != nil:
			return nil, err
		}
		n = len(b) + 1
	}
}

// NewReader is a reader as Read wants it.
func NewReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, MaxHeader+1) }

func trimEnd(line []byte) string {
	text := bytes.TrimSuffix(line, []byte("\n"))
	if len(text) < len(line) {
		text = bytes.TrimSuffix(text, []byte("\r"))
	}
	return string(text)
}

// fieldName gives the name at the start of a field.
func fieldName(line string) (string, bool) {
	name, _, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	return name, ok && name != "" && !strings.ContainsFunc(name, odd)
}

func newField(name string, line []byte) field {
	_, value, _ := bytes.Cut(line, []byte(":"))
	return field{strings.ToLower(name), append([]byte(name+":"), value...)}
}

// value is what a field says, unfolded. Only blanks are trimmed: where a CR alone is
// left, others will not read an address, and so must this not.
func (f *field) value() string {
	_, v, _ := strings.Cut(string(f.raw), ":")
	v = strings.ReplaceAll(strings.ReplaceAll(v, "\r\n", "\n"), "\n", "")
	return strings.Trim(v, " \t")
}

// values are those of all fields of that name.
func (h *Header) values(name string) (all []string) {
	for i := range h.fields {
		if h.fields[i].name == name {
			all = append(all, h.fields[i].value())
		}
	}
	return all
}

// remove takes out the fields of that name for which drop is true.
func (h *Header) remove(name string, drop func(value string) bool) {
	kept := h.fields[:0]
	for _, f := range h.fields {
		if f.name != name || !drop(f.value()) {
			kept = append(kept, f)
		}
	}
	h.fields = kept
}

// add puts a field at the end.
func (h *Header) add(name, value string) {
	if n := len(h.fields); n > 0 { // the message may end in the middle of its last line
		last := &h.fields[n-1]
		if !bytes.HasSuffix(last.raw, []byte("\n")) {
			last.raw = append(last.raw, "\r\n"...)
		}
	}
	h.fields = append(h.fields, field{strings.ToLower(name), []byte(name + ": " + value + "\r\n")})
}

// Bytes is the header as it is now, with the blank line behind it.
func (h *Header) Bytes() []byte {
	var b []byte
	for i := range h.fields {
		b = append(b, h.fields[i].raw...)
	}
	if len(b) > 0 && b[len(b)-1] != '\n' {
		b = append(b, "\r\n"...)
	}
	return append(b, h.blank...)
}

// HideBcc takes out the recipients that others must not see.
func (h *Header) HideBcc() {
	for _, name := range []string{"bcc", "resent-bcc"} {
		h.remove(name, func(string) bool { return true })
	}
}
