package parser_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"popper/parser"
)

// R1081-LINE-3, R1081-STAT-1, R1081-LIST-1, R1939-UIDL-1, R2449-CAPA-1, R5034-AUTH-1,
// R6856-UTF8-1: written from the RFCs' examples. An empty challenge is "+" and one space.
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
		{string(parser.AppendMore(nil, "")), "+ \r\n"},
		{string(parser.AppendMore(nil, "cnNwYXV0aD0wYjk3")), "+ cnNwYXV0aD0wYjk3\r\n"},
		{string(parser.AppendMore([]byte("x"), strings.Repeat("YQ==", 500))), "x+ " + strings.Repeat("YQ==", 500) + "\r\n"},
		{string(parser.AppendCapabilityLine(nil, "SASL CRAM-MD5 KERBEROS_V4")), "SASL CRAM-MD5 KERBEROS_V4\r\n"},
		{string(parser.AppendMechanismNameLine(nil, "PLAIN")), "PLAIN\r\n"},
		{string(parser.AppendLanguage(nil, "es", "Idioma cambiado")), "+OK es Idioma cambiado\r\n"},
		{string(parser.AppendLanguageLine(nil, "en-boont", "English Boontling dialect")), "en-boont English Boontling dialect\r\n"},
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

// Octets that would end the line, or that a terminal would obey, come out as
// "?": the C1 controls too, as single octets and as UTF-8. Other UTF-8 stays.
func TestReplyHasNoControls(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\x00\x1b[2J\x7f":            "a??b??[2J?",
		"\x9b2J\x80\x9f":                   "?2J??",
		"\u009b2J \u0080\u009f":            "?2J ??",
		"Zo\u00eb \u00a0\u20ac \U0001f4ee": "Zo\u00eb \u00a0\u20ac \U0001f4ee",
		"\xe2\x82":                         "??",
		"\xc3(\xff\xa0":                    "?(??",
		"\xc2":                             "?",
		"\ufffd":                           "\ufffd",
	} {
		if got := string(parser.AppendErr(nil, in)); got != "-ERR "+want+"\r\n" {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// A character that does not fit is left out whole.
func TestReplyIsCutBetweenCharacters(t *testing.T) {
	for n := 500; n < 506; n++ {
		got := parser.AppendOK(nil, strings.Repeat("x", n)+"\u20ac\u20ac")
		if !utf8.Valid(got) || len(got) > 512 || len(got) < 510 {
			t.Errorf("after %d: %d octets, the last of them %q", n, len(got), got[500:])
		}
	}
}
