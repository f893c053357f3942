package server_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"

	"popper/server"
)

// R2595-STLS-1, R1081-QUIT-2: however a session ends by the server's will, the last reply
// arrives, then TLS's own end (RFC 8446, 6.1), without which a client must think that
// somebody has cut it off, and then TCP's. That holds also for clients that have sent
// more than the server wants to read.
func TestTLSEnds(t *testing.T) {
	ends := []struct {
		name  string
		steps []string
		rest  string // sent behind the last step, and never answered
	}{
		{"QUIT", by("> QUIT", bye), ""},
		{"QUIT with deletions", by("> DELE 1", "< +OK…", "> QUIT", "< +OK popper signing off, 1 messages removed"), ""},
		{"QUIT before login", []string{"> QUIT", farewell}, ""},
		{"too many mistakes", times(10, "> USER mrose", askName, "> PASS wrong", denied), ""},
		{"more behind QUIT", by(">| QUIT\r\n"+strings.Repeat("NOOP\r\n", 2000), bye), "NOOP\r\n"},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, implicit := range []bool{false, true} {
			for _, end := range ends {
				name := tls.VersionName(version) + " with STLS, " + end.name
				if implicit {
					name = tls.VersionName(version) + " at once, " + end.name
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					o, shut := open(t, stls)
					defer shut()
					below, v := o.private(t, version, implicit)
					v.play(end.steps)
					if end.rest != "" {
						v.send(end.rest)
					}
					// No error, io.ErrUnexpectedEOF above all: the end came by close_notify.
					if rest, err := io.ReadAll(v.r); err != nil || len(rest) > 0 {
						t.Errorf("at the end: %q, %v", rest, err)
					}
					if n, err := below.Read(make([]byte, 1)); n != 0 || err != io.EOF {
						t.Errorf("below: %d octets, %v", n, err)
					}
					if o.halves.Load() != 1 {
						t.Error("the connection ended as a whole, after a time, and not this half at once")
					}
				})
			}
		}
	}
}

// private begins a private session of that version, and reads the greeting.
func (o *office) private(t *testing.T, version uint16, implicit bool) (below net.Conn, v *visitor) {
	t.Helper()
	config := o.certificate.Client()
	config.MinVersion, config.MaxVersion = version, version
	if !implicit {
		v = o.visit(t)
		v.play([]string{"> STLS", "< +OK…"})
		below = v.conn
	} else {
		addr, shut := o.serve(t, (*server.Server).ServeTLS)
		t.Cleanup(shut)
		below, v = dial(t, addr), &visitor{t: t, o: o}
	}
	c := tls.Client(below, config)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	v.conn, v.r = c, bufio.NewReader(c)
	if implicit {
		v.play([]string{"< +OK popper ready"})
	}
	return below, v
}
