package parser_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"popper/parser"
)

// R1081-LINE-3, R1081-STAT-1, R1081-LIST-1, R1939-UIDL-1: written from the
// RFCs' examples.
func TestReplies(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{string(parser.AppendOK(nil, "")), "+OK\r\n"},
		{string(parser.AppendOK(nil, "maildrop has 2 messages")), "+OK maildrop has 2 messages\r\n"},
		{string(parser.AppendErr(nil, "no such message")), "-ERR no such message\r\n"},
		{string(parser.AppendDropListing(nil, 2, 320)), "+OK 2 320\r\n"},
		{string(parser.AppendScanListing(nil, 2, 200)), "+OK 2 200\r\n"},
		{string(parser.AppendScanListingLine(nil, 1, 120)), "1 120\r\n"},
		{string(parser.AppendUniqueListing(nil, 2, "QhdPYR:00WBw1Ph7x7")), "+OK 2 QhdPYR:00WBw1Ph7x7\r\n"},
		{string(parser.AppendUniqueListingLine(nil, 1, "whqtswO00WBw418f9t5JxYwZ")), "1 whqtswO00WBw418f9t5JxYwZ\r\n"},
		{string(parser.AppendDropListing(nil, 0, 1<<64-1)), "+OK 0 18446744073709551615\r\n"},
		{string(parser.AppendEnd(nil)), ".\r\n"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// R1081-LINE-3, R2449-LINE-8: whatever text is put into a reply, it is one line
// of at most 512 octets.
func TestReplyIsOneLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + strings.Repeat("x", rapid.IntRange(0, 600).Draw(t, "more"))
		for _, line := range []string{string(parser.AppendOK(nil, text)), string(parser.AppendErr(nil, text))} {
			if len(line) > 512 || strings.IndexAny(line, "\r\n\x00") != len(line)-2 || !strings.HasSuffix(line, "\r\n") {
				t.Fatalf("%q", line)
			}
		}
	})
}
