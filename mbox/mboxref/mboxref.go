// Package mboxref reads mbox files in the most obvious way: the whole file in
// memory, one regular expression, line after line. It is slow, shares no code with
// the product, and is what tests compare the scanner with. It is the rules
// of mbox files written down once more, MBOX-1, MBOX-2, MBOX-3, MBOX-4, MBOX-5, MBOX-6.
package mboxref

import (
	"bytes"
	"errors"
	"regexp"
)

// Message is a message in data: data[Start:End] is what it occupies, from its
// separator line to the next one; Body is its content.
type Message struct {
	Start, End int
	Body       []byte
}

// ErrNotMailbox: MBOX-5.
var ErrNotMailbox = errors.New("does not begin with a separator line")

const (
	day   = `(Mon|Tue|Wed|Thu|Fri|Sat|Sun)`
	month = `(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`
	clock = `[0-2]?[0-9]:[0-5][0-9](:([0-5][0-9]|60))?`
	zone  = `( +([A-Za-z]{1,5}( +[A-Za-z]{1,5})?|[-+][0-9]{4}))?`
)

// A separator line without its line end (MBOX-1). Octets that are not UTF-8 match
// a negated class one by one.
var separator = regexp.MustCompile(`^From ([^\x00\r\n]* )? *` + day + ` +` + month + ` +[0-3]?[0-9] +` +
	clock + zone + ` +[0-9]{4}` + zone + `( +remote +from +[!-~]+)? *$`)

const maxSeparator = 998

var quoted = regexp.MustCompile(`(?m)^>(>*From )`)

// Messages returns the messages of data, un-quoted if so wanted (MBOX-4).
func Messages(data []byte, unquote bool) ([]Message, error) {
	var found []Message
	at, empty := 0, 0 // length of the empty line before
	for first := true; at < len(data); first = false {
		line := data[at:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		bare := withoutEnd(line)
		switch {
		case (first || empty > 0) && len(bare) <= maxSeparator && separator.Match(bare):
			end(found, data, at, empty)
			found = append(found, Message{Start: at, Body: data[at+len(line):]})
			empty = 0
		case len(bare) == 0:
			empty = len(line)
		case len(found) == 0:
			return nil, ErrNotMailbox
		default:
			empty = 0
		}
		at += len(line)
	}
	end(found, data, at, empty)
	if len(found) > 0 && internal(found[0].Body) {
		found = found[1:]
	}
	for i := range found {
		if unquote {
			found[i].Body = quoted.ReplaceAll(found[i].Body, []byte("$1"))
		}
	}
	return found, nil
}

// end lets the last message found end at offset at, before which is an empty line
// of the given length (MBOX-2).
func end(found []Message, data []byte, at, empty int) {
	if len(found) > 0 {
		m := &found[len(found)-1]
		m.End = at
		m.Body = data[len(data)-len(m.Body) : at-empty]
	}
}

func withoutEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		return bytes.TrimSuffix(line[:n-1], []byte("\r"))
	}
	return line
}

var (
	blank   = regexp.MustCompile(`(?m)^\r?\n`)
	subject = regexp.MustCompile(`(?im)^Subject:.*$`)
	marked  = regexp.MustCompile(`^(?i:Subject):[ \t]*DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA[ \t]*\r?$`)
	state   = regexp.MustCompile(`(?im)^X-IMAP:`)
)

// internal: MBOX-6, looked for in the first 16 KiB.
func internal(body []byte) bool {
	body = body[:min(len(body), 16<<10)]
	if end := blank.FindIndex(body); end != nil {
		body = body[:end[0]]
	}
	return marked.Match(subject.Find(body)) && state.Match(body)
}

// Normal is body as it is sent, before stuffing: all line ends CRLF, a missing
// last one added (MBOX-3). Its length is the size of the message.
func Normal(body []byte) (out []byte) {
	for i, c := range body {
		if c == '\n' && (i == 0 || body[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	if len(body) > 0 && body[len(body)-1] != '\n' {
		out = append(out, "\r\n"...)
	}
	return out
}
