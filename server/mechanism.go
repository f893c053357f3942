package server

import (
	"context"
	"errors"
)

// Mechanism is a SASL mechanism (RFC 4422), as AUTH offers it (R5034-AUTH-1). It is
// called by many sessions at one time.
type Mechanism interface {
	// Name is how clients call it, in capitals: "SCRAM-SHA-256".
	Name() string
	// Needs is what a connection must have for the mechanism to be offered on it.
	Needs() Protection
	// Begin begins one exchange. private is the connection, nil if it is not private.
	// When ctx ends nobody waits any more: Next then returns soon, with any error.
	Begin(ctx context.Context, private Private) Exchange
}

// Protection is what a mechanism needs of the connection.
type Protection int

const (
	// NeedsNothing: it is offered wherever USER and PASS are (Config.RequireTLS bars both).
	NeedsNothing Protection = iota
	// NeedsPrivacy: what the client says opens its account, and others besides, to everybody
	// who reads it: a bearer token (RFC 7628 section 3, RFC 6750 section 5.3). Nobody reads
	// what comes from this machine.
	NeedsPrivacy
	// NeedsBinding: it binds the login to the private connection that it happens on. Without
	// one there is nothing to bind it to, wherever the client is.
	NeedsBinding
)

// Exchange is one login by a mechanism.
type Exchange interface {
	// Next takes what the client says; nil is what it has not said: an initial response
	// that did not come. It returns what the server says next, or that the exchange is
	// done: then the client has proved who it is. ErrDenied: it has not, or it is nobody.
	// ErrExchange: what it said makes no sense. Any other error is a temporary failure
	// of the account source: it goes to the log and must not contain a secret.
	// A challenge that comes with ErrDenied is sent first, and the client's answer to it
	// does not matter (OAUTHBEARER tells so what was wrong with the token). The response
	// is overwritten when Next has returned and must not be kept.
	Next(response []byte) (challenge []byte, done bool, err error)
	// Account is who has logged in, when the exchange is done.
	Account() Account
	// Claimed is who the client says it is, as far as it has said so; for the log.
	Claimed() string
}

// ErrExchange is the answer of an [Exchange] to a response that its mechanism does not
// know.
var ErrExchange = errors.New("not what this mechanism expects")

// Digests checks the answers of APOP (R1939-APOP-1). It is called by many sessions at
// one time.
type Digests interface {
	// HasSecrets tells whether anybody can log in so, as things are: the timestamp is sent
	// for his sake only.
	HasSecrets() bool
	// Check returns the account of name if digest is the MD5, in hexadecimal digits, of
	// stamp followed by the secret that name shares with the server, and ErrDenied both
	// for an unknown name and for a wrong digest, after the same time for both. Any other
	// error is a temporary failure of the source of accounts or secrets.
	Check(ctx context.Context, name, stamp string, digest []byte) (Account, error)
}
