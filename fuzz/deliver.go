package fuzz

import (
	"bytes"
	"strings"

	"popper/mbox"
	"popper/mbox/mboxref"
	"popper/parser"
)

// FuzzDeliver appends the input, as a message, to a maildrop that the input's own octets
// choose: what was there stays, octet for octet, and one message more is there, which
// un-quoted is the input. MBOX-8, MBOX-4.
func FuzzDeliver(data []byte) int {
	before := []string{"", spool, strings.TrimSuffix(spool, "\n"), spool + "\r\n"}[len(data)%4]
	writeSpool([]byte(before))
	sender, _, _ := strings.Cut(string(data), "\n")
	l := mbox.Letter{Sender: sender, Fields: []byte("X-Mark: 1\n"), Text: bytes.NewReader(data)}
	err := mbox.Append(spoolPath(), l, mbox.Mboxrd, mbox.Options{})
	must(err == nil, "%q: %v", data, err)
	got := readSpool()
	must(bytes.HasPrefix(got, []byte(before)), "%q: what was there became %q", data, got)
	old, err := mboxref.Messages([]byte(before), false)
	must(err == nil, "%v", err)
	now, err := mboxref.Messages(got, true)
	must(err == nil && len(now) == len(old)+1, "%q: %d messages became %d (%v): %q", data, len(old), len(now), err, got)
	text := data
	if line, rest, ok := bytes.Cut(data, []byte{'\n'}); parser.IsSeparator(bytes.TrimSuffix(line, []byte{'\r'})) {
		text = nil // a separator line of its own is dropped
		if ok {
			text = rest
		}
	}
	want := mboxref.Normal(append([]byte("X-Mark: 1\n"), text...))
	last := mboxref.Normal(now[len(now)-1].Body)
	must(bytes.Equal(last, want), "%q: delivered as %q, want %q", data, last, want)
	return worth(bytes.Contains(data, []byte("From ")))
}
