package mbox

import (
	"bytes"
	"hash"
)

// bookkeeping are the header fields that other programs add and rewrite while the
// message stays the same message, in lower case.
var bookkeeping = map[string]bool{
	"status":            true,
	"x-status":          true,
	"x-keywords":        true,
	"x-uid":             true,
	"x-uidl":            true,
	"x-imap":            true,
	"x-imapbase":        true,
	"content-length":    true,
	"lines":             true, // mutt
	"x-mozilla-status":  true,
	"x-mozilla-status2": true,
}

// essence passes on the octets of a message that do not change while it lies in
// the maildrop: line ends become LF, a missing last one is added, and bookkeeping
// fields are left out, and a header that no empty line ends gets one, as from those who
// write such fields into it. It takes pieces of any length and keeps no more than the
// beginning of a header line.
type essence struct {
	to   hash.Hash
	body bool   // the blank line has passed
	skip bool   // the current header field is bookkeeping
	open bool   // the current header line has been judged, its octets pass or not
	name []byte // its beginning, before that
	cr   bool   // a CR is held back: is it part of a line end?
	cut  bool   // the last octet passed on is no LF
	also string // a field that is left out besides, in lower case
}

// feed takes the next octets, with any line ends.
func (e *essence) feed(b []byte) {
	for len(b) > 0 {
		if e.cr {
			if e.cr = false; b[0] != '\n' {
				e.lines([]byte{'\r'})
			}
		}
		k := bytes.IndexByte(b, '\r')
		if k < 0 {
			e.lines(b)
			return
		}
		e.lines(b[:k])
		e.cr = true
		b = b[k+1:]
	}
}

// lines takes octets in which every line end is an LF.
func (e *essence) lines(b []byte) {
	for !e.body && len(b) > 0 {
		if !e.open {
			b = e.judge(b)
			continue
		}
		k := bytes.IndexByte(b, '\n') + 1
		if e.open = k == 0; e.open {
			k = len(b)
		}
		if !e.skip {
			e.pass(b[:k])
		}
		b = b[k:]
	}
	e.pass(b)
}

// judge collects the beginning of a header line from b until it can be judged,
// and returns what it did not need.
func (e *essence) judge(b []byte) []byte {
	for i, c := range b {
		switch {
		case len(e.name) == 0 && c == '\n':
			e.body = true
			return b[i:]
		case len(e.name) == 0 && (c == ' ' || c == '\t'):
			e.open = true // a continuation line goes the way of its field
			return b[i:]
		case c == ':' || c == '\n' || len(e.name) == maxFieldName:
			name := bytes.ToLower(bytes.TrimRight(e.name, " \t"))
			e.skip = c == ':' && (bookkeeping[string(name)] || len(name) > 0 && string(name) == e.also)
			e.open = true
			e.flush()
			return b[i:]
		}
		e.name = append(e.name, c)
	}
	return nil
}

// flush passes on the collected beginning of a line, or not.
func (e *essence) flush() {
	if !e.skip {
		e.pass(e.name)
	}
	e.name = e.name[:0]
}

func (e *essence) pass(b []byte) {
	if len(b) > 0 {
		e.to.Write(b)
		e.cut = b[len(b)-1] != '\n'
	}
}

// finish ends the message and gets ready for the next one.
func (e *essence) finish() {
	if e.cr {
		e.lines([]byte{'\r'})
	}
	if len(e.name) > 0 {
		e.skip = false
		e.flush()
	}
	if e.cut {
		e.pass([]byte{'\n'})
	}
	if !e.body {
		e.pass([]byte{'\n'})
	}
	*e = essence{to: e.to, name: e.name[:0], also: e.also}
}
