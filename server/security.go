package server

import (
	"context"
	"net"
)

// Security makes connections private (RFC 2595, RFC 8314). It is called by many
// sessions at one time, and keeps nothing of one for another.
type Security interface {
	// Secure holds the server's part of the handshake on conn, which from then on
	// belongs to what is returned. An error ends that session alone. When ctx ends
	// nobody waits any more: it returns soon, with any error.
	Secure(ctx context.Context, conn net.Conn) (Private, error)
}

// Private is a connection that nobody else can read or change.
type Private interface {
	net.Conn
	// Binding is the channel binding of that kind ("tls-exporter",
	// "tls-server-end-point", RFC 5929 and RFC 9266), nil if this connection has none.
	Binding(kind string) []byte
	// Describe tells how it is protected, for the log.
	Describe() string
}
