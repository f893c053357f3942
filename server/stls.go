package server

import (
	"errors"
	"net"
	"time"

	"popper/parser"
)

// TLS in a session (R2595-STLS-1). What counts is what happens at the border between
// the two streams:
//
//   - The reply to STLS is the last octet in the clear; it has left before the handshake.
//   - What the client, or somebody between, sent behind STLS in the clear is thrown away
//     and never carried out: one who may write into the stream, but not read it, could
//     else put commands of his own in front of those that come over the private one
//     (CVE-2011-0411). What has not yet been read is taken for the handshake, which fails.
//   - What the client said before is forgotten, the name of USER and all settings: it may
//     not have been the client who said it. Failed logins are not forgotten.
//   - A handshake that fails ends the session. Nothing of it is shared with others.
//
// TLS cannot go on after a Write that was cut in the middle, as happens where a deadline
// ends a slow one: so below it stands a connection that is patient by itself.

// Stls: R2595-STLS-1.
func (d *dialog) Stls(*parser.Command) outcome {
	o := done("begin the TLS handshake now")
	o.secure = true
	return o
}

// makePrivate holds the handshake.
func (s *session) makePrivate() error {
	if err := s.out.flush(); err != nil {
		return err
	}
	s.in.forget()
	_ = s.conn.SetReadDeadline(s.deadline())
	private, err := s.srv.config.Security.Secure(s.ctx, &patientConn{s.conn, s.deadline})
	if err != nil {
		s.log.Warn("TLS handshake failed: see err", "err", err)
		linger(s.conn) // the client should get to read why
		return err
	}
	s.log.Info("the connection is private", "by", private.Describe())
	s.wire, s.in.conn, s.out.conn = private, private, private
	s.dialog.begin(private)
	return nil
}

// begin forgets what the client said before the connection was private.
func (d *dialog) begin(private Private) {
	d.private, d.name, d.language = private, "", &languages[0]
}

// patientConn is a connection whose Write ends early only if the client has stopped
// reading; the deadlines for that are its own.
type patientConn struct {
	net.Conn
	deadline func() time.Time
}

func (c *patientConn) Write(b []byte) (int, error)      { return patientWrite(c.Conn, b, c.deadline) }
func (c *patientConn) SetWriteDeadline(time.Time) error { return nil }
func (c *patientConn) SetDeadline(t time.Time) error    { return c.Conn.SetReadDeadline(t) }

// CloseWrite closes the sending half, where there is one: the end of TLS alone does not
// tell every client that the connection is over.
func (c *patientConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
