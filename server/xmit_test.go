package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// postman is a Submission that keeps what it is given.
type postman struct {
	mail   []string
	answer error
}

func (p *postman) Submit(_ context.Context, user string, r io.ReadSeeker, size int64) error {
	b, err := io.ReadAll(r)
	if err != nil || int64(len(b)) != size {
		return fmt.Errorf("%d octets of %d: %w", len(b), size, err)
	}
	if p.answer == nil {
		p.mail = append(p.mail, user+": "+string(b))
	}
	return p.answer
}

const sendIt = "+OK send the message, and end it with a line of one dot"

// sending is a server with a postman, and a session in TRANSACTION.
func sending(t *testing.T, change func(*Config)) (*site, *client, *postman) {
	t.Helper()
	man := new(postman)
	s := newSite(t, two, func(c *Config) {
		c.Submission = man
		if change != nil {
			change(c)
		}
	})
	return s, s.login(t), man
}

// BERK-XMIT-1: the stuffing is undone, and +OK comes when submission has accepted.
func TestXmit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, man := sending(t, nil)
		p.exact("xtnd xmit", sendIt)
		p.exact("To: ann\r\n\r\n..\r\n...x\r\n.y\r\nend\r\n.", "+OK message accepted")
		p.exact("XTND XMIT", sendIt)
		p.exact(".", "+OK message accepted") // an empty one, for submission to judge
		p.exact("STAT", "+OK 2 320")
		if want := "mrose: To: ann\r\n\r\n.\r\n..x\r\ny\r\nend\r\n"; len(man.mail) != 2 || man.mail[0] != want || man.mail[1] != "mrose: " {
			t.Errorf("sent %q, want %q", man.mail, want)
		}
	})
}

// However the octets arrive, the message is the same, and so is what follows it.
func TestXmitInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, man := sending(t, nil)
		p.drop()
		s.awaitEnd()
		batch := "USER mrose\r\nPASS " + secret + "\r\nXTND XMIT\r\nA: b\r\n\r\n..\r\n\r.\r\n.\rx\r\n.\r\nSTAT\r\nXTND XMIT\r\n.\r\nQUIT\r\n"
		want := "+OK popper ready\r\n+OK send your password\r\n+OK maildrop has 2 messages (320 octets)\r\n" + sendIt +
			"\r\n+OK message accepted\r\n+OK 2 320\r\n" + sendIt + "\r\n+OK message accepted\r\n+OK popper signing off, 0 messages removed\r\n"
		check := func(pieces ...string) {
			t.Helper()
			man.mail = nil
			if got := s.run(t, pieces...); got != want {
				t.Fatalf("%q:\n%q\nwant\n%q", pieces, got, want)
			}
			if len(man.mail) != 2 || man.mail[0] != "mrose: A: b\r\n\r\n.\r\n\r.\r\n\rx\r\n" {
				t.Fatalf("sent %q", man.mail)
			}
		}
		check(batch)
		check(strings.Split(batch, "")...)
		for i := range batch {
			check(batch[:i], batch[i:])
		}
	})
}

// BERK-XMIT-1: the reason of a refusal; the session goes on.
func TestXmitRefused(t *testing.T) {
	for _, c := range []struct {
		err   error
		reply string
	}{
		{&Refusal{Reason: "no such user: bob"}, "-ERR message not sent: no such user: bob"},
		{&Refusal{Reason: "greylisted", Temporary: true, Err: errors.New("451")}, "-ERR [SYS/TEMP] message not sent: greylisted"},
		{fmt.Errorf("wrapped: %w", &Refusal{Reason: "two\r\nlines"}), "-ERR message not sent: two??lines"},
		{errors.New("password of the relay is wrong"), "-ERR [SYS/TEMP] mail cannot be sent now, try again later"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, p, man := sending(t, nil)
			man.answer = c.err
			p.exact("XTND XMIT", sendIt)
			p.exact("x\r\n.", c.reply)
			p.exact("STAT", "+OK 2 320")
			if !strings.Contains(s.log.String(), "message not sent") {
				t.Error("the log says nothing")
			}
		})
	}
}

// BERK-XMIT-3: a message over the limit is read to its dot, then refused.
func TestXmitLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, man := sending(t, func(c *Config) { c.MaxContent = 1000 })
		p.exact("XTND XMIT", sendIt)
		p.exact(strings.Repeat("x", 998)+"\r\n.", "+OK message accepted")
		p.exact("XTND XMIT", sendIt)
		p.exact(strings.Repeat("x", 999)+"\r\n.", "-ERR [SYS/PERM] message has 1001 octets, and 1000 are allowed")
		p.exact("XTND XMIT", sendIt)
		p.exact(strings.Repeat("QUIT\r\n", 100_000)+".", "-ERR [SYS/PERM] message has 600000 octets, and 1000 are allowed")
		p.exact("STAT", "+OK 2 320")
		if len(man.mail) != 1 {
			t.Errorf("%d messages were sent", len(man.mail))
		}
	})
}

// BERK-XMIT-3: nothing is sent without the final dot, however the connection ends.
func TestXmitBrokenOff(t *testing.T) {
	for name, end := range map[string]func(*site, *client){
		"drop":  func(s *site, p *client) { p.drop() },
		"idle":  func(s *site, p *client) { time.Sleep(DefaultIdleTimeout + time.Second) },
		"drip":  func(s *site, p *client) { drip(p) },
		"cut":   func(s *site, p *client) { s.Cut() },
		"half":  func(s *site, p *client) { _, _ = io.WriteString(p.conn, "."); p.drop() },
		"no LF": func(s *site, p *client) { _, _ = io.WriteString(p.conn, ".\r"); p.drop() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p, man := sending(t, nil)
				p.ok("DELE 1")
				p.exact("XTND XMIT", sendIt)
				p.send("To: ann\r\n\r\nbody")
				end(s, p)
				s.awaitEnd()
				if len(man.mail) > 0 || s.read(t) != two {
					t.Errorf("sent %q, maildrop %q", man.mail, s.read(t))
				}
			})
		})
	}
}

// drip sends an octet now and then, until the server has had enough.
func drip(p *client) {
	for range 100 {
		time.Sleep(5 * time.Minute)
		if _, err := io.WriteString(p.conn, "x"); err != nil {
			return
		}
	}
	p.tb.Fatalf("the server waits for ever")
}

// Where mail is not sent, the message is not asked for.
func TestXmitNotOffered(t *testing.T) {
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.exact("XTND XMIT", "-ERR sending mail is not offered here")
	})
}

// A message that cannot be held on the disk is refused, and the session goes on.
func TestXmitNoDisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		_, p, man := sending(t, nil)
		os.Setenv("TMPDIR", "/nowhere")
		p.exact("XTND XMIT", sendIt)
		p.exact(strings.Repeat("x", 100_000)+"\r\n.", "-ERR [SYS/TEMP] message cannot be held now, try again later")
		p.exact("STAT", "+OK 2 320")
		if len(man.mail) > 0 {
			t.Error("it was sent")
		}
	})
}

// The content is not traced.
func TestXmitIsNotLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, _ := sending(t, nil)
		p.exact("XTND XMIT", sendIt)
		p.exact("a private matter\r\n.", "+OK message accepted")
		if strings.Contains(s.log.String(), "private") {
			t.Errorf("log: %s", s.log.String())
		}
	})
}
