package server

import (
	"io"
	"net"
	"time"
)

// linger closes the sending half of conn and reads for a bounded time what the
// client still sends. Closing a TCP socket on unread octets (a client pipelined
// something behind QUIT) resets the connection, and the reset may overtake the
// last reply.
func linger(conn net.Conn) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, conn, lingerOctets)
	}
}

// peer is the address of the client, for the log.
func peer(conn net.Conn) string {
	if a := conn.RemoteAddr(); a != nil {
		return a.String()
	}
	return "unknown"
}
