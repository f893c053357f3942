package secure

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime/debug"

	"popper/server"
)

// protocol is POP3's name in ALPN, in the registry of RFC 7301.
const protocol = "pop3"

var errSlow = errors.New("the handshake takes too long")

// configuration is that of all connections with this certificate.
func configuration(cert tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates:           []tls.Certificate{cert}, // the only one: names that clients ask for do not matter
		MinVersion:             tls.VersionTLS12,
		NextProtos:             []string{protocol}, // who names others only is refused
		SessionTicketsDisabled: true,
		GetConfigForClient:     note,
	}
}

// heard is what a client said in its first message, kept to explain a failure.
type heard struct{ hello *tls.ClientHelloInfo }

type heardKey struct{}

// note finds the handshake's own heard through its context: the configuration is
// shared, and keeps nothing of one client for another.
func note(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if h, ok := hello.Context().Value(heardKey{}).(*heard); ok {
		h.hello = hello
	}
	return nil, nil
}

// Secure implements server.Security (R2595-STLS-1). When the handshake fails, conn is
// left open, for what was said to reach the client; but when ctx or the time for a
// handshake ends, it is closed. The error is for the log: it tells what probably is wrong,
// and nothing that the client sent appears in it as it was.
func (p *KeyPair) Secure(ctx context.Context, conn net.Conn) (server.Private, error) {
	g := p.current()
	var h heard
	limited, stop := context.WithTimeout(context.WithValue(ctx, heardKey{}, &h), handshakeTime)
	defer stop()
	c := tls.Server(conn, g.config)
	err := handshake(limited, c)
	if err == nil {
		return &private{Conn: c, endpoint: g.endpoint}, nil
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case limited.Err() != nil:
		err = errSlow
	case spokePOP3(err):
		answerPlainly(limited, conn)
	}
	return nil, &failure{why: explain(err, h.hello, g), err: err}
}

// handshake holds it in a goroutine of its own, whose stack grows to 16 KiB and is then
// free for the next; the session's would keep it while it is idle. A panic is the session's.
func handshake(ctx context.Context, c *tls.Conn) error {
	done := make(chan error, 1)
	var failed string
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				failed = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
		}()
		done <- c.HandshakeContext(ctx)
	}()
	err, ok := <-done
	if !ok {
		panic(failed)
	}
	return err
}

// answerPlainly tells a client that speaks plain POP3 here what is wrong, in its own
// language: mail programs show it to their user.
func answerPlainly(ctx context.Context, conn net.Conn) {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_, _ = conn.Write([]byte("-ERR TLS is expected here: choose SSL/TLS in the settings of your mail program\r\n"))
}
