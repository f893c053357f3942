package server

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

// batch is a whole session; everything of it is known beforehand.
var batch = strings.Join([]string{"BOGUS", "USER mrose", "PASS " + secret, "stat", "LIST", "", "RETR 1", "UIDL 9",
	"TOP 2 1", strings.Repeat("z", 256), "DELE 2", "LAST", "DELE 1", "LIST", "RSET", "DELE 1", "NOOP", "QUIT", "NOOP"}, "\r\n") + "\r\n"

// The replies to batch, body lines included.
var batchReplies = strings.Join([]string{"+OK popper ready", "-ERR unknown command", "+OK send your password",
	"+OK maildrop has 2 messages (320 octets)", "+OK 2 320", "+OK 2 messages (320 octets)", "1 120", "2 200", ".",
	"-ERR unknown command", "+OK 120 octets"}, "\r\n") + "\r\n" + strings.ReplaceAll(crlf(first), "\r\n.", "\r\n..") +
	strings.Join([]string{".", "-ERR no such message", "+OK top of message follows", "Subject: two", "",
		"From here on", ".", "-ERR line longer than 255 octets", "+OK message 2 marked for deletion", "+OK 2",
		"+OK message 1 marked for deletion", "+OK 0 messages (0 octets)", ".", "+OK maildrop has 2 messages (320 octets)",
		"+OK message 1 marked for deletion", "+OK", "+OK popper signing off, 1 messages removed"}, "\r\n") + "\r\n"

// run sends pieces one after the other and returns all that comes back.
func (s *site) run(t *testing.T, pieces ...string) string {
	t.Helper()
	p := s.dial()
	defer p.drop()
	go func() {
		for _, piece := range pieces {
			if _, err := io.WriteString(p.conn, piece); err != nil {
				return // the server closes after QUIT
			}
		}
	}()
	got, err := io.ReadAll(p.r)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// However the octets arrive, the replies are the same (R1081-LINE-4).
func TestPipelining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, nil)
		check := func(how string, pieces ...string) {
			t.Helper()
			s.write(t, two)
			if got := s.run(t, pieces...); got != batchReplies {
				t.Fatalf("%s:\n%q\nwant\n%q", how, got, batchReplies)
			}
			if got := s.read(t); got != envelope(second) {
				t.Fatalf("%s: maildrop holds %q", how, got)
			}
		}
		check("in one write", batch)
		check("octet by octet", strings.Split(batch, "")...)
		for i := range batch {
			check("split at "+batch[:i], batch[:i], batch[i:])
		}
		s.write(t, two)
		if got := s.run(t, strings.ReplaceAll(batch, "\r\n", "\n")); got != batchReplies {
			t.Fatalf("with bare LF (R1081-LINE-2): %q", got)
		}
	})
}

// Replies to more commands than either buffer holds come all and in order.
func TestLongPipeline(t *testing.T) { // R1081-LINE-4
	inSession(t, func(t *testing.T, s *site, p *client) {
		const n = 3000
		go p.send(strings.Repeat("LIST 1\r\nRETR 2\r\nBOGUS\r\n", n) + "QUIT")
		for range n {
			p.expect("+OK 1 120")
			p.expect("+OK 200 octets")
			if got := p.body(); got != crlf(second) {
				t.Fatalf("RETR 2: %q", got)
			}
			p.expect("-ERR unknown command")
		}
		p.expect("+OK popper signing off, 0 messages removed")
		p.gone()
	})
}
