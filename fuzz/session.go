package fuzz

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"time"

	"popper/mbox"
	"popper/mbox/mboxref"
	"popper/parser"
	"popper/server"
)

// spool is the maildrop of the session target: small, with what is awkward.
const spool = "From a@example.com Tue Jan  2 15:04:05 2024\nSubject: one\n\n.\n..\nbody\n\n" +
	"From b@example.com Tue Jan  2 15:04:06 2024\r\nSubject: two\r\n\r\nno line end\rhere\r\n\r\n" +
	"From c@example.com Tue Jan  2 15:04:07 2024\n\n\n>From quoted\n\x00\xff\n\n" +
	"From d@example.com Tue Jan  2 15:04:08 2024\n"

const login = "USER u\r\nPASS p\r\n"

type anyone struct{}

func (anyone) Authenticate(_ context.Context, name string, secret []byte) (server.Account, error) {
	if name != "u" || string(secret) != "p" {
		return server.Account{}, server.ErrDenied
	}
	return server.Account{Name: name, Maildrop: spoolPath()}, nil
}

// FuzzSession sends the input to a session that is logged in, then looks at
// every octet that came back: one reply for each command, in order, shaped as
// the grammar says, and at what became of the maildrop and of a group. R1081-LINE-3,
// R1081-LINE-4, R1081-LINE-6, R1081-DELE-1, R1081-QUIT-2, R1081-QUIT-3, R1082-BB-2,
// R1082-BB-3, R2449-LINE-8.
func FuzzSession(data []byte) int {
	writeSpool([]byte(spool))
	c := &script{in: append([]byte(login), data...)}
	writeGroup()
	srv := server.New(server.Config{Accounts: anyone{}, Maildrop: mbox.Options{State: statePath()},
		Groups: group{}, Submission: new(postman), Log: slog.New(strict{})})
	srv.ServeConn(c)
	s := reader{rest: c.out.String()}
	s.line() // the greeting
	removed := s.replies(append([]byte(login), data...))
	must(s.rest == "", "%q: behind the last reply came %q", data, s.rest)
	checkSpool(data, removed)
	checkGroup()
	return worth(s.positive > 2)
}

// strict is a log that takes an error for what it is: in this target nothing may
// fail, and a panic, which a session survives, least of all.
type strict struct{}

func (strict) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (s strict) WithAttrs([]slog.Attr) slog.Handler         { return s }
func (s strict) WithGroup(string) slog.Handler              { return s }

func (strict) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	panic(text)
}

// checkSpool: exactly the removed messages are gone (R1081-QUIT-2).
func checkSpool(data []byte, removed map[uint64]bool) {
	messages, err := mboxref.Messages([]byte(spool), false)
	must(err == nil, "%v", err)
	want := ""
	for i, m := range messages {
		if !removed[uint64(i)+1] {
			want += spool[m.Start:m.End]
		}
	}
	got := string(readSpool())
	must(got == want, "%q: the maildrop holds %q, want %q", data, got, want)
}

// reader follows the replies.
type reader struct {
	rest     string
	last     string // the first line of the last reply
	positive int

	whole      []byte // all that the client sends
	handshakes []int  // how much of it was gone when each began
}

func (s *reader) line() string {
	l, rest, ok := strings.Cut(s.rest, "\r\n")
	must(ok, "no whole line in %q", s.rest)
	must(!strings.ContainsAny(l, "\r\n"), "a reply holds a bare line end: %q", l)
	s.rest = rest
	return l
}

// reply reads one reply and tells whether it is positive (R1081-LINE-3).
func (s *reader) reply(multiline bool) bool {
	l := s.line()
	s.last = l
	ok := strings.HasPrefix(l, "+OK")
	must(ok || strings.HasPrefix(l, "-ERR"), "a reply begins with neither +OK nor -ERR: %q", l)
	must(len(l)+2 <= parser.MaxReply, "a reply has %d octets", len(l)+2)
	if ok && multiline {
		body := "\r\n" + s.rest
		k := strings.Index(body, "\r\n.\r\n")
		must(k >= 0, "a multi-line reply has no end: %q", s.rest)
		s.rest = body[k+5:]
	}
	return ok
}

// replies reads the replies to in. It tells which messages were removed: those that
// were marked when the session left TRANSACTION, by QUIT (R1081-QUIT-2) or for a
// group (R1082-BB-2); none if it ended in another way (R1081-QUIT-3).
func (s *reader) replies(in []byte) (removed map[uint64]bool) {
	marked := map[uint64]bool{}
	state := parser.StartState
	var p parser.CommandParser
	for len(in) > 0 && !state.Final() && s.last != tooManyBad {
		n, r := p.Parse(in)
		in = in[n:]
		if r == parser.More {
			break
		}
		valid := r == parser.Parsed && state.Allows(p.Verb)
		if valid && asks(&p.Command) {
			var whole bool
			if in, whole = s.exchange(in); !whole {
				break
			}
		}
		ok := s.reply(valid && p.Multiline(state))
		must(valid || !ok, "%v in %v got a positive reply", &p.Command, state)
		if !valid {
			continue
		}
		if ok {
			s.positive++
		}
		switch {
		case state != parser.StateTransaction || !ok:
		case p.Verb == parser.VerbDele:
			must(!marked[p.Message] && p.Message <= 4, "DELE %d was accepted", p.Message)
			marked[p.Message] = true
		case p.Verb == parser.VerbRset:
			clear(marked)
		case state.Next(&p.Command, ok) != state:
			removed = marked
		}
		state = state.Next(&p.Command, ok)
		if ok && p.Verb == parser.VerbStls {
			in, s.handshakes = s.whole[s.handshakes[0]:], s.handshakes[1:]
			p = parser.CommandParser{}
		}
		if ok && p.Verb.AsksContent() {
			var whole bool
			if in, whole = content(in); !whole {
				break
			}
			s.reply(false)
		}
	}
	return removed
}

// tooManyBad is how the server ends a session that makes no sense to it.
const tooManyBad = "-ERR too many bad commands"

// script is a connection whose client has said everything beforehand.
type script struct {
	in  []byte
	out bytes.Buffer

	piecewise  bool  // it comes in pieces whose sizes its octets decide
	taken      int   // octets that were read
	handshakes []int // how much was taken when each began
}

func (c *script) Read(b []byte) (int, error) {
	if len(c.in) == 0 {
		return 0, net.ErrClosed
	}
	if c.piecewise {
		b = b[:min(len(b), 1+int(c.in[0])%100)]
	}
	n := copy(b, c.in)
	c.in = c.in[n:]
	c.taken += n
	return n, nil
}

func (c *script) Write(b []byte) (int, error)      { return c.out.Write(b) }
func (c *script) Close() error                     { return nil }
func (c *script) LocalAddr() net.Addr              { return nil }
func (c *script) RemoteAddr() net.Addr             { return nil }
func (c *script) SetDeadline(time.Time) error      { return nil }
func (c *script) SetReadDeadline(time.Time) error  { return nil }
func (c *script) SetWriteDeadline(time.Time) error { return nil }
