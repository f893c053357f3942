package server

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"popper/parser"
)

// AUTH (R5034-AUTH-1): a login by a SASL mechanism. The handler makes a saslLogin of the
// command; the session asks the client for lines and gives them to it, until it has the
// outcome.

// mechanisms are those that are offered on this connection. What needs privacy is not even
// listed without it: a client that sees it in CAPA sends its token at once.
func (d *dialog) mechanisms() []Mechanism {
	if d.config.Mechanisms == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.config.Mechanisms()), func(m Mechanism) bool {
		return !d.has(m.Needs())
	})
}

// has tells whether the connection has what a mechanism needs.
func (d *dialog) has(p Protection) bool {
	switch p {
	case NeedsNothing:
		return true
	case NeedsPrivacy:
		return d.private != nil || d.local()
	}
	return d.private != nil
}

// local tells whether the client is on this machine: it has a loopback address, or none.
// A proxy here that does the TLS for its clients (stunnel, HAProxy) looks just so, and
// would else keep them all from logging in with tokens.
//
// Residual risk: such a proxy may also pass on clients that came to it without TLS. Then
// it is the proxy's configuration that exposes them; nothing here can see it.
func (d *dialog) local() bool { return !d.peer.IsValid() || d.peer.Addr().IsLoopback() }

// Auth: R5034-AUTH-1.
func (d *dialog) Auth(c *parser.Command) outcome {
	if !c.Has(parser.ArgMechanism) {
		return d.listMechanisms()
	}
	for _, m := range d.mechanisms() {
		if strings.EqualFold(m.Name(), string(c.Mechanism)) {
			return d.begins(m, c)
		}
	}
	return refusal("no such mechanism: AUTH alone lists those that there are")
}

func (d *dialog) listMechanisms() outcome {
	var b []byte
	for _, m := range d.mechanisms() {
		b = parser.AppendMechanismNameLine(b, m.Name())
	}
	return done("mechanisms follow").list(b)
}

// begins begins a login.
func (d *dialog) begins(m Mechanism, c *parser.Command) outcome {
	l := &saslLogin{dialog: d, exchange: m.Begin(d.ctx, d.private)}
	if c.Has(parser.ArgResponse) {
		var ok bool
		if l.initial, ok = decodeResponse(c.Response); !ok {
			return notBase64()
		}
	}
	return outcome{login: l}
}

// decodeResponse undoes the Base64 of a response; "=" is one without an octet.
func decodeResponse(line []byte) (response []byte, ok bool) {
	if string(line) == "=" {
		return []byte{}, true
	}
	response = make([]byte, base64.StdEncoding.DecodedLen(len(line)))
	n, err := base64.StdEncoding.Strict().Decode(response, line)
	return response[:n], err == nil
}

func notBase64() outcome { return refusal("that is not Base64") }

// saslLogin is a login that is under way.
type saslLogin struct {
	dialog   *dialog
	exchange Exchange
	initial  []byte // the response that came with the command; nil: none did
	denied   error  // not nil: what the client says next does not matter any more
}

// step takes a response, and returns what to say to the client, or the outcome.
func (l *saslLogin) step(response []byte) (challenge []byte, o *outcome) {
	done := false
	err := l.dialog.inTurn(func() (err error) {
		challenge, done, err = l.exchange.Next(response)
		return err
	})
	clear(response) // it may hold a password
	switch {
	case errors.Is(err, ErrDenied) && challenge != nil:
		l.denied = err
		return challenge, nil
	case err != nil || done:
		return nil, l.end(err)
	}
	return challenge, nil
}

// end is the outcome, of an exchange that is done or has failed.
func (l *saslLogin) end(err error) *outcome {
	d := l.dialog
	named := d.name
	d.name = l.exchange.Claimed()
	var o outcome
	switch {
	case errors.Is(err, ErrExchange):
		o = refusal("that is not what the mechanism expects")
	case err != nil:
		o = d.judge(Account{}, err)
	default:
		o = d.judge(l.exchange.Account(), nil)
	}
	if !o.ok { // the session goes on as if AUTH had not been given: PASS is for whom USER named
		d.name = named
	}
	return &o
}
