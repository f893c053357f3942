package main_test

import (
	"fmt"
	netmail "net/mail"
	"os"
	"strings"
	"testing"
	"time"
)

// sendmail makes a program that appends what it gets to a file, with a line before it
// that has its arguments.
func (s *site) sendmail(script string) (path, sent string) {
	s.t.Helper()
	path, sent = s.dir+"/sendmail", s.dir+"/sent"
	s.write(path, "#!/bin/sh\nsent='"+sent+"'\n"+script+"\n")
	if err := os.Chmod(path, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.write(sent, "")
	return path, sent
}

const appends = `{ echo "$@"; cat; } >>"$sent"`

// send sends by XTND XMIT, and gives the reply to it.
func (c *client) send(message string) string {
	c.t.Helper()
	c.ask("XTND XMIT", "+OK")
	for line := range strings.SplitSeq(strings.TrimSuffix(message, "\n"), "\n") {
		if strings.HasPrefix(line, ".") {
			line = "." + line
		}
		fmt.Fprintf(c, "%s\r\n", line)
	}
	fmt.Fprint(c, ".\r\n")
	return c.line()
}

// BERK-XMIT-1, BERK-XMIT-2: a message on its way through a program, dots and all, in a
// session that goes on as if nothing had been.
func TestXmit(t *testing.T) {
	s := newSite(t)
	program, sent := s.sendmail(appends)
	_, addr := s.listen("--sendmail", program, "--mail-domain", "example.org")
	c := dial(t, addr)
	c.ask("XTND XMIT", "-ERR") // not before login
	c.login()
	const message = "From: ann@example.org\nTo: b@c\nDate: x\nMessage-ID: <y>\n\n.\n..\n.x\nQUIT\n\xe4\n"
	if got := c.send(message); got != "+OK message accepted" {
		t.Error(got)
	}
	if got := c.send("From: boss@example.org\nTo: b@c\nDate: x\nMessage-ID: <y>\n\nx\n"); got != "+OK message accepted" {
		t.Error(got)
	}
	want := "-t -oem -oi -f ann@example.org\n" + message +
		"-t -oem -oi -f ann@example.org\nFrom: boss@example.org\nTo: b@c\nDate: x\nMessage-ID: <y>\nSender: ann@example.org\n\nx\n"
	if got := s.read(sent); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	s.session(dialAfter(c, addr))
}

// dialAfter ends a session and begins the next one.
func dialAfter(c *client, addr string) *client {
	c.t.Helper()
	c.ask("QUIT", "+OK")
	c.end()
	return dial(c.t, addr)
}

// Why a message was not sent, and that the session goes on. BERK-XMIT-3: limits.
func TestXmitRefused(t *testing.T) {
	s := newSite(t)
	program, sent := s.sendmail(`cat >/dev/null; echo "no such user here" >&2; exit 67`)
	p, addr := s.listen("--sendmail", program, "--mail-domain", "example.org", "--max-message", "1K", "--max-recipients", "2")
	c := dial(t, addr)
	c.login()
	for _, m := range []struct{ message, want string }{
		{"To: b@c\n\nx\n", "-ERR message not sent: a recipient is unknown: no such user here"},
		{"Subject: x\n\nx\n", "-ERR message not sent: it names no recipient in To, Cc or Bcc"},
		{"To: a@b, c@d\nBcc: e@f\n\n", "-ERR message not sent: it names 3 recipients, and 2 are allowed"},
		{"To: b@c\n\n" + strings.Repeat("QUIT\n", 300), "-ERR [SYS/PERM] message has 1811 octets, and 1024 are allowed"},
	} {
		if got := c.send(m.message); got != m.want {
			t.Errorf("%q, want %q", got, m.want)
		}
	}
	c.ask("STAT", "+OK 3")
	p.find("ended with exit code 67: no such user here")
	if got := s.read(sent); got != "" {
		t.Errorf("sent %q", got)
	}
}

// A server without the flags, and one whose program is gone.
func TestXmitNotOffered(t *testing.T) {
	s := newSite(t)
	_, addr := s.listen()
	c := dial(t, addr)
	c.login()
	c.ask("XTND XMIT", "-ERR sending mail is not offered here")
	c.ask("QUIT", "+OK")
	program, _ := s.sendmail(appends)
	p, addr := s.listen("--sendmail", program, "--mail-domain", "example.org")
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	c = dial(t, addr)
	c.login()
	if got := c.send("To: b@c\n\n"); !strings.HasPrefix(got, "-ERR [SYS/TEMP]") || strings.Contains(got, s.dir) {
		t.Error(got)
	}
	p.find("install a mail program")
}

// loginAfter logs in as soon as the session before, which was cut off, is over.
func loginAfter(t *testing.T, addr string) *client {
	t.Helper()
	for start := time.Now(); ; {
		c := dial(t, addr)
		c.ask("USER ann", "+OK")
		got := c.ask("PASS "+secret, "")
		switch {
		case strings.HasPrefix(got, "+OK"):
			return c
		case !strings.HasPrefix(got, "-ERR [IN-USE]") || time.Since(start) > patience:
			t.Fatal(got)
		}
		c.Close()
	}
}

// BERK-XMIT-3: nothing is sent of a message whose connection ends before the dot, at
// any place, or behind something that is not quite the end.
func TestXmitCut(t *testing.T) {
	s := newSite(t)
	program, sent := s.sendmail(appends)
	p, addr := s.listen("--sendmail", program, "--mail-domain", "example.org")
	const message = "To: b@c\r\n\r\nx\r\n.\r\n"
	for n := range len(message) {
		c := loginAfter(t, addr)
		c.ask("XTND XMIT", "+OK")
		fmt.Fprint(c, message[:n])
		c.Close()
	}
	for _, end := range []string{"\n.", "\r\n..\r\n", "\r\n. \r\n", "\r.\r"} {
		c := loginAfter(t, addr)
		c.ask("XTND XMIT", "+OK")
		fmt.Fprint(c, "To: b@c\r\n\r\nx"+end)
		c.Close()
	}
	// Sessions of one user exclude each other: behind this login the others are over.
	c := loginAfter(t, addr)
	if got := s.read(sent); got != "" {
		t.Errorf("sent %q", got)
	}
	if strings.Contains(p.out.String(), "message sent") {
		t.Error(p.out.String())
	}
	s.unchanged()
	if got := c.send("To: b@c\n\nx\n"); got != "+OK message accepted" {
		t.Error(got)
	}
	m, err := netmail.ReadMessage(strings.NewReader(strings.SplitAfterN(s.read(sent), "\n", 2)[1]))
	if err != nil {
		t.Fatal(err)
	}
	date, err := m.Header.Date()
	if from := m.Header.Get("From"); err != nil || date.IsZero() || from != "ann@example.org" || m.Header.Get("Message-Id") == "" {
		t.Errorf("%v, %v", m.Header, err)
	}
}
