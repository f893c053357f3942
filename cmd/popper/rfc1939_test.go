package main_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// The dialogues that RFCs print, held from outside. What an RFC leaves to a server (the
// text of replies, the timestamp) may differ, what it does not may not.

// of is a letter that travels as n octets, line ends included.
func of(n int, subject string) string {
	head := "Subject: " + subject + "\n\n"
	return head + strings.Repeat("x", n-len(crlf(head))-2) + "\n"
}

// RFC 1939 section 10: mrose logs in by APOP, with the secret of section 7, and takes
// two messages of 120 and 200 octets (R1939-APOP-1).
func TestRFC1939Session(t *testing.T) {
	s := newSite(t)
	mrose := s.dir + "/mrose"
	one, two := of(120, "one"), of(200, "two")
	s.write(s.passwd, "mrose:"+hash+"\n")
	s.write(mrose, mailbox([]string{one, two}))
	_, addr := s.listen(s.digests("mrose:tanstaaf\n")...)
	if got := digest("<1896.697170952@dbc.mtview.ca.us>", "tanstaaf"); got != "c4c9334bac560ecc979e58001b3e22fb" {
		t.Fatalf("the digest of the RFC's timestamp is %s", got)
	}
	c, stamp := stamped(t, connect(t, addr))
	reply := c.ask("APOP mrose "+digest(stamp, "tanstaaf"), "+OK")
	if !strings.Contains(reply, "2 messages (320 octets)") {
		t.Errorf("%q", reply)
	}
	c.ask("STAT", "+OK 2 320")
	c.ask("LIST", "+OK")
	if got := c.lines(); got != "1 120\r\n2 200\r\n" {
		t.Errorf("LIST: %q", got)
	}
	for i, letter := range []string{one, two} {
		c.ask(fmt.Sprint("RETR ", i+1), fmt.Sprintf("+OK %d octets", len(crlf(letter))))
		if got := c.lines(); got != crlf(letter) {
			t.Errorf("RETR %d: %q", i+1, got)
		}
		c.ask(fmt.Sprint("DELE ", i+1), "+OK")
	}
	c.ask("QUIT", "+OK")
	c.end()
	if got := s.read(mrose); got != "" {
		t.Errorf("left in the maildrop: %q", got)
	}
}

// RFC 2449 section 5: with the same settings CAPA announces what the example does, but
// for the mechanisms (R2449-CAPA-1).
func TestRFC2449Capabilities(t *testing.T) {
	s := newSite(t)
	_, addr := s.listen("--login-delay", "900s", "--expire", "60")
	c := dial(t, addr)
	before := c.capa()
	for _, want := range []string{"TOP", "USER", `SASL [A-Z0-9_ -]+`, "RESP-CODES", "LOGIN-DELAY 900", "PIPELINING", "EXPIRE 60", "UIDL", `IMPLEMENTATION \S+`} {
		n := 0
		for _, line := range before {
			if regexp.MustCompile(`^` + want + `$`).MatchString(line) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is announced %d times: %q", want, n, before)
		}
	}
	c.login()
	if after := c.capa(); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("after login %q, before %q", after, before)
	}
	c.ask("QUIT", "+OK")
	c = dial(t, addr)
	c.ask("USER ann", "+OK")
	c.ask("PASS "+secret, "-ERR [LOGIN-DELAY]") // R2449-CODE-1: what is announced holds
	c.ask("CAPA EXTRA", "-ERR")
}

// RFC 5034 section 4: how AUTH PLAIN looks with and without an initial response, and
// how it is cancelled; the user of its example is "test" (R5034-AUTH-1).
func TestRFC5034Plain(t *testing.T) {
	s := newSite(t)
	s.write(s.passwd, "test:"+hash+"\n")
	p, addr := s.listen("-d")
	c := dial(t, addr)
	c.ask("AUTH PLAIN", "+ ")
	c.ask("*", "-ERR")
	c.ask("AUTH PLAIN", "+ ")
	c.ask("dGVzdAB0ZXN0AHRlc3Q=", "-ERR") // test, test, and a password that is not his here
	c.ask("AUTH PLAIN not base64", "-ERR")
	c.ask("AUTH PLAIN", "+ ")
	c.ask("not base64", "-ERR")
	c.ask("AUTH PLAIN "+plain("test", secret), "+OK")
	c.ask("AUTH PLAIN "+plain("test", secret), "-ERR")
	c.ask("QUIT", "+OK")
	c = dial(t, addr)
	c.ask("AUTH PLAIN", "+ ")
	c.ask(plain("test", secret), "+OK")
	c.ask("QUIT", "+OK")
	if out := p.out.String(); strings.Contains(out, plain("test", secret)) || strings.Contains(out, "dGVzdAB0ZXN0AHRlc3Q") {
		t.Errorf("a response is in the log: %s", out)
	}
}
