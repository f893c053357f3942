package server

import (
	"regexp"
	"strings"
	"testing"
)

// shortest is what PHPMailer reads of a line, its end included: from what is longer it
// takes the rest for the next reply.
const shortest = 127

// R1081-GREET-1, R2449-LINE-8: what is said before login fits into the smallest buffer of a
// client, with every cause for a refusal, and every number at its largest.
func TestRepliesBeforeLoginAreShort(t *testing.T) {
	for _, text := range phrases(t) {
		text = regexp.MustCompile("%d").ReplaceAllString(text, "9223372036854775807")
		text = regexp.MustCompile("%[a-z]").ReplaceAllString(text, "XTND X-BBOARDS")
		if reply := "-ERR [LOGIN-DELAY] " + text + "\r\n"; len(reply) > shortest {
			t.Errorf("%d octets: %q", len(reply), reply)
		}
	}
}

// R1939-APOP-1: mail programs find the timestamp only if it stands at the end of the greeting,
// is the only thing in angle brackets, and has no characters but these: KMail, poplib,
// curl, Ruby, Thunderbird. The name of the host cannot spoil it.
func TestTimestampHasOneForm(t *testing.T) {
	forms := []*regexp.Regexp{
		regexp.MustCompile(`^\+OK [^<>]*<[A-Za-z0-9._-]+@[A-Za-z0-9._-]+>\r\n$`),
		regexp.MustCompile(`^\+OK.[^<]*(<.*>)`),
		regexp.MustCompile(`<[!-~]+@[!-~]+>`),
		regexp.MustCompile(`<[^<>@\x00-\x20\x7F-\xFF]+@[^<>@\x00-\x20\x7F-\xFF]+>`),
	}
	for _, host := range []string{"", "pop.example.org", "x", "[::1]", "[192.0.2.1]", "a b", "a>b", "<a", "a@b", "é.example", "a\r\n+OK", "\x00",
		strings.Repeat("h", 64), strings.Repeat("h", 65), strings.Repeat("h", 1000)} {
		withHost := func(c *Config) { sharing(c); c.Host = host }
		c := newSite(t, two, withHost).config
		for range 20 {
			greeting := string(greeting(timestamp(&c)))
			for _, f := range forms {
				if !f.MatchString(greeting) || strings.Count(greeting, "<") != 1 || len(greeting) > shortest {
					t.Errorf("host %q: %q", host, greeting)
				}
			}
		}
	}
}
