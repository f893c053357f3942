package fuzz

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"popper/mbox"
	"popper/parser"
	"popper/server"
)

// FuzzLogin sends the input to a session that has just begun, with all ways to log in:
// who gives his name for a secret is let in. Like FuzzSession it looks at every octet
// that came back; besides, what came in the clear behind STLS, as far as it had been
// read, must never have been a command (R2595-STLS-1).
func FuzzLogin(data []byte) int {
	writeSpool([]byte(spool))
	writeGroup()
	c := &script{in: data, piecewise: true}
	srv := server.New(server.Config{Accounts: trusting{}, Maildrop: mbox.Options{State: statePath()},
		Groups: group{}, Submission: new(postman), Log: slog.New(strict{}), LoginFailures: 100, FailurePause: -1,
		Security: veil{c}, Digests: trusting{}, Mechanisms: func() []server.Mechanism { return []server.Mechanism{mirror{}} },
		Trusted: func(netip.AddrPort, string, string) bool { return true }})
	srv.ServeConn(c)
	s := reader{rest: c.out.String(), handshakes: c.handshakes, whole: data}
	s.line() // the greeting
	removed := s.replies(data)
	must(s.rest == "", "%q: behind the last reply came %q", data, s.rest)
	checkSpool(data, removed)
	checkGroup()
	return worth(s.positive > 1)
}

// trusting lets in who gives his name for a secret.
type trusting struct{}

func (trusting) Authenticate(_ context.Context, name string, secret []byte) (server.Account, error) {
	if name != string(secret) {
		return server.Account{}, server.ErrDenied
	}
	return server.Account{Name: "u", Maildrop: spoolPath()}, nil
}

// Lookup is never asked, for the client has no port; but with it RPOP is offered, and so
// ends what USER began, as the grammar has it for one that fails.
func (trusting) Lookup(context.Context, string) (server.Account, error) {
	panic("RPOP was believed to a client without a port")
}

func (trusting) HasSecrets() bool { return true }

func (t trusting) Check(ctx context.Context, name, stamp string, digest []byte) (server.Account, error) {
	must(strings.HasPrefix(stamp, "<") && strings.HasSuffix(stamp, ">"), "timestamp %q", stamp)
	return t.Authenticate(ctx, name, digest)
}

// mirror is a mechanism: who says again what it says is let in. It asks for more as long
// as a response is longer than 3 octets.
type mirror struct{}

func (mirror) Name() string             { return "A" } // as the seeds have it
func (mirror) Needs() server.Protection { return server.NeedsNothing }
func (mirror) Begin(context.Context, server.Private) server.Exchange {
	return &mirroring{said: []byte("abc")}
}

type mirroring struct{ said []byte }

func (m *mirroring) Claimed() string         { return "u" }
func (m *mirroring) Account() server.Account { return server.Account{Name: "u", Maildrop: spoolPath()} }

func (m *mirroring) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return m.said, false, nil
	case bytes.Equal(response, m.said):
		return nil, true, nil
	case len(response) == 0:
		return nil, false, server.ErrExchange
	case len(response) > 3:
		m.said = bytes.Clone(response[:3])
		return m.said, false, nil
	}
	return response[:len(response)-1], false, server.ErrDenied
}

// veil stands for TLS: what is read behind its handshake is private. It notes where that
// begins.
type veil struct{ c *script }

func (v veil) Secure(context.Context, net.Conn) (server.Private, error) {
	v.c.handshakes = append(v.c.handshakes, v.c.taken)
	return veiled{v.c}, nil
}

type veiled struct{ net.Conn }

func (veiled) Binding(string) []byte { return nil }
func (veiled) Describe() string      { return "veil" }

// exchange follows the lines of a login, from the reply to its command on; in is what
// the client sends. It tells whether the exchange came to its end.
func (s *reader) exchange(in []byte) (rest []byte, whole bool) {
	for strings.HasPrefix(s.rest, "+ ") {
		s.line()
		k := bytes.IndexByte(in, '\n')
		if k < 0 {
			must(s.rest == "", "behind an unfinished exchange came %q", s.rest)
			return nil, false
		}
		in = in[k+1:]
	}
	return in, true
}

// asks tells whether the server may ask for lines before it replies to k.
func asks(k *parser.Command) bool { return k.Verb.AsksLines() && k.Has(parser.ArgMechanism) }
