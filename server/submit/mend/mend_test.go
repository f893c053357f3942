package mend

import (
	"io"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

var (
	ann = Address{"ann", "example.org"}
	now = time.Date(2024, 1, 2, 15, 4, 5, 0, time.FixedZone("", -7*3600))
)

var random = regexp.MustCompile(`<[A-Z2-7]{26}@example\.org>`)

// mended is the whole message, read octet by octet, with its random part as "<new>".
func mended(t *testing.T, message string, a Address) string {
	t.Helper()
	r := NewReader(iotest.OneByteReader(strings.NewReader(message)))
	h, err := Read(r)
	if err != nil {
		t.Fatalf("%q: %v", message, err)
	}
	h.Mend(a, now)
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return random.ReplaceAllString(string(h.Bytes())+string(body), "<new>")
}

const (
	from   = "From: ann@example.org\r\n"
	sender = "Sender: ann@example.org\r\n"
	date   = "Date: Tue, 02 Jan 2024 15:04:05 -0700\r\n"
	id     = "Message-ID: <new>\r\n"
	rest   = "Date: x\r\nMessage-ID: <y>\r\n"
)

// BERK-XMIT-2.
func TestMend(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing is there", "To: b@c\r\n\r\nx", "To: b@c\r\n" + from + date + id + "\r\nx"},
		{"all is there", from + rest + "\r\nx", from + rest + "\r\nx"},
		{"only what is missing", "Date: x\r\n" + from + "\r\n", "Date: x\r\n" + from + id + "\r\n"},
		{"an empty field is missing", "From: \r\nDate:\r\nMessage-id: \r\n \r\nTo: b@c\r\n\r\n", "To: b@c\r\n" + from + date + id + "\r\n"},
		{"octets and order stay", "X-\x7e:\t a\r\n\tb \xe4\r\nfROM:  \"Ann\"\r\n <ann@EXAMPLE.org>\r\nx-a:\r\n" + rest + "\r\n.\n\r\x00\xff",
			"X-\x7e:\t a\r\n\tb \xe4\r\nfROM:  \"Ann\"\r\n <ann@EXAMPLE.org>\r\nx-a:\r\n" + rest + "\r\n.\n\r\x00\xff"},
		{"LF alone", "To: b@c\nDate: x\n\nx\n", "To: b@c\nDate: x\n" + from + id + "\nx\n"},
		{"the end in a field", "Date: x\r\nMessage-ID: y", "Date: x\r\nMessage-ID: y\r\n" + from + "\r\n"},
		{"the end in a field, complete", from + "Date: x\r\nMessage-ID: y", from + "Date: x\r\nMessage-ID: y\r\n\r\n"},
		{"the end behind a field", from + rest, from + rest + "\r\n"},
		{"nothing", "", from + date + id + "\r\n"},

		{"somebody else's From", "From: bob@example.org\r\n" + rest + "\r\n", "From: bob@example.org\r\n" + rest + sender + "\r\n"},
		{"other case of letters", "From: Ann@example.org\r\n" + rest + "\r\n", "From: Ann@example.org\r\n" + rest + sender + "\r\n"},
		{"another domain", "From: ann@example.com\r\n" + rest + "\r\n", "From: ann@example.com\r\n" + rest + sender + "\r\n"},
		{"the user and another", "From: ann@example.org, b@c\r\n" + rest + "\r\n", "From: ann@example.org, b@c\r\n" + rest + sender + "\r\n"},
		{"another From behind", from + "From: b@c\r\n" + rest + "\r\n", from + "From: b@c\r\n" + rest + sender + "\r\n"},
		{"an unreadable From", "From: Ann\r\n" + rest + "\r\n", "From: Ann\r\n" + rest + sender + "\r\n"},
		{"a name that looks like the user", "From: \"ann@example.org\" <b@c>\r\n" + rest + "\r\n", "From: \"ann@example.org\" <b@c>\r\n" + rest + sender + "\r\n"},
		{"a false Sender", "sender: d@e\r\nFrom: b@c\r\n" + rest + "\r\n", "From: b@c\r\n" + rest + sender + "\r\n"},
		{"a false Sender of the user's own", from + "Sender: d@e\r\n" + rest + "\r\n", from + rest + "\r\n"},
		{"a true Sender", "Sender: Ann <ann@example.org>\r\nFrom: b@c\r\n" + rest + "\r\n", "Sender: Ann <ann@example.org>\r\nFrom: b@c\r\n" + rest + "\r\n"},
		{"two Senders", sender + sender + "From: b@c\r\n" + rest + "\r\n", "From: b@c\r\n" + rest + sender + "\r\n"},
		{"a CR behind the user's address", "From: ann@example.org\r\r\n" + sender[:len(sender)-2] + "\r\r\n" + rest + "\r\n", "From: ann@example.org\r\r\n" + rest + sender + "\r\n"},
		{"a Return-Path", "Return-path: <b@c>\r\n" + from + rest + "\r\n", from + rest + "\r\n"},

		{"a separator", "From ann Tue Jan  2 15:04:05 2024\r\n" + from + rest + "\r\n", from + rest + "\r\n"},
		{"a quoted separator", ">From ann\n" + from + rest + "\r\n", from + rest + "\r\n"},
		{"a second separator", "From a\r\nFrom b\r\n" + from, from + date + id + "\r\nFrom b\r\n" + from},
		{"empty lines before", "\r\n\n" + from + rest + "\r\n\r\n", from + rest + "\r\n\r\n"},
		{"empty lines and a separator", "\r\nFrom a\r\n\r\n" + from + rest + "\r\n", from + rest + "\r\n"},
		{"a line that is no field", from + rest + "Hello\r\nTo: b@c\r\n\r\n", from + rest + "\r\nHello\r\nTo: b@c\r\n\r\n"},
		{"a name with a space", from + rest + "a b: c\r\n", from + rest + "\r\na b: c\r\n"},
		{"no name", from + rest + ": c\r\n", from + rest + "\r\n: c\r\n"},
		{"a space before the colon", "bcc\t : b@c\r\nFrom :ann@example.org\r\n" + rest + "\r\n", "bcc: b@c\r\nFrom:ann@example.org\r\n" + rest + "\r\n"},
		{"a continuation of nothing", " c\r\n" + from, from + date + id + "\r\n c\r\n" + from},
		{"a CR too many", from + rest + "\r\r\nx", from + rest + "\r\n\r\r\nx"},
	} {
		got := mended(t, c.in, ann)
		if got != c.want {
			t.Errorf("%s: %q became\n%q, want\n%q", c.name, c.in, got, c.want)
		}
	}
}

// What is added can be read by others.
func TestMendedIsReadable(t *testing.T) {
	m, err := mail.ReadMessage(strings.NewReader(mended(t, "To: b@c\r\n\r\n", Address{"-an\"n <b@c>", "example.org"})))
	if err != nil {
		t.Fatal(err)
	}
	if a, err := m.Header.AddressList("From"); err != nil || len(a) != 1 || a[0].Address != "-an\"n <b@c>@example.org" {
		t.Error(a, err)
	}
	if d, err := m.Header.Date(); err != nil || !d.Equal(now) {
		t.Error(d, err)
	}
}

func TestAddressOf(t *testing.T) {
	for _, c := range []struct{ user, want string }{
		{"ann", "ann@example.org"},
		{"ann.b_c+d-e", "ann.b_c+d-e@example.org"},
		{"ann@example.com", "ann@example.com"}, // a login name of many domains
		{"-Cx", `"-Cx"@example.org`},
		{"-Cx@example.com", `"-Cx"@example.com`},
		{"a b", `"a b"@example.org`},
		{"a,b@c@d", `"a,b@c"@d`},
		{`a\"b`, `"a\\\"b"@example.org`},
		{".a", `".a"@example.org`}, {"a..b", `"a..b"@example.org`}, {"a|b", `"a|b"@example.org`},
		{"änn", "änn@example.org"},
		{"", ""}, {"a\nb", ""}, {"a\x00", ""}, {"\xff", ""}, {"@d", ""}, {"a@", ""}, {"a@b c", ""}, {"a@<b>", ""}, {"a\u0085b", ""},
	} {
		a, err := AddressOf(c.user, "example.org")
		if (err != nil) != (c.want == "") || err == nil && a.String() != c.want {
			t.Errorf("%q: %q, %v; want %q", c.user, a, err, c.want)
		}
		if err == nil && !a.isAll(a.String()) {
			t.Errorf("%q: %q is not itself", c.user, a)
		}
	}
}

func TestRecipients(t *testing.T) { // BERK-XMIT-3
	for _, c := range []struct {
		in    string
		want  string
		count int
		err   string
	}{
		{"To: b@c\r\n", "b@c", 1, ""},
		{"To: B <b@c>,\r\n \"d, e\" <d@e>\r\nCC: f@g, b@c\r\nBcc: h@i\r\n", "b@c d@e f@g h@i", 5, ""},
		{"To: group: b@c, d@e;\r\n", "b@c d@e", 2, ""},
		{"To: Undisclosed recipients:;\r\nBcc: b@c\r\nCc:\r\n", "b@c", 1, ""},
		{"Resent-To: r@s\r\nResent-Bcc: t@u\r\nTo: b@c\r\n", "r@s t@u", 3, ""},
		{"To: \"a b\"@c, o'neil@d\r\n", `"a b"@c o'neil@d`, 2, ""},
		{"Subject: To: b@c\r\n", "", 0, ""},
		{"To: undisclosed\r\n", "", 0, "the addresses of To"},
		{"Cc: a@b c@d\r\n", "", 0, "the addresses of Cc"},
		{"Resent-Bcc: @\r\n", "", 0, "the addresses of Resent-Bcc"},
		{"To: b@c\rBcc: d@e\r\n", "", 0, "the addresses of To"}, // CR alone ends no line
	} {
		h, err := Read(NewReader(strings.NewReader(c.in + "\r\nTo: z@z\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		got, n, err := h.Recipients()
		if c.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("%q: %v, want %q", c.in, err, c.err)
			}
			continue
		}
		if err != nil || strings.Join(got, " ") != strings.ReplaceAll(c.want, `\`, "") || n != c.count {
			t.Errorf("%q: %q, %d, %v; want %q, %d", c.in, got, n, err, c.want, c.count)
		}
	}
}

func TestHideBcc(t *testing.T) {
	h, err := Read(NewReader(strings.NewReader("BCC: a@b\r\nTo: c@d\r\nbcc :\r\n e@f\r\nResent-Bcc: g@h\r\nX-Bcc: i@j\r\n\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	h.HideBcc()
	if got := string(h.Bytes()); got != "To: c@d\r\nX-Bcc: i@j\r\n\r\n" {
		t.Errorf("%q", got)
	}
}

// A header of MaxHeader octets is read, a larger one is not, in one line or in many.
func TestHeaderLimit(t *testing.T) {
	line := "X: " + strings.Repeat("x", 1019) + "\r\n" // 1 KiB
	for _, c := range []struct {
		in string
		ok bool
	}{
		{strings.Repeat(line, MaxHeader/1024-1) + line[:1022-2] + "\r\n\r\nx", true},
		{strings.Repeat(line, MaxHeader/1024) + "\r\nx", false},
		{"X: " + strings.Repeat("x", MaxHeader), false},
		{"X: " + strings.Repeat("x", MaxHeader-10) + "\r\n\r\n", true},
		{"\r\n" + strings.Repeat("\r\n", MaxHeader), false},
	} {
		h, err := Read(NewReader(strings.NewReader(c.in)))
		if (err == nil) != c.ok || err != nil && err != ErrTooLarge {
			t.Errorf("%.20q... of %d: %v", c.in, len(c.in), err)
		}
		if c.ok && !strings.HasPrefix(c.in, string(h.Bytes())) {
			t.Errorf("%.20q...: changed", c.in)
		}
	}
}

// An error of the disk is not the end of a header.
func TestReadError(t *testing.T) {
	for _, text := range []string{"", "To: b", "To: b@c\r\n"} {
		_, err := Read(NewReader(io.MultiReader(strings.NewReader(text), iotest.ErrReader(io.ErrClosedPipe))))
		if err != io.ErrClosedPipe {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Every message gets another name.
func TestMessageIDs(t *testing.T) {
	var all []string
	for range 100 {
		var h Header
		h.Mend(ann, now)
		all = append(all, h.values("message-id")...)
	}
	slices.Sort(all)
	if got := slices.Compact(all); len(got) != 100 {
		t.Errorf("%d of 100", len(got))
	}
}
