package secure

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"popper/server/secure/securetest"
)

// patient is a connection as a session lays below TLS: a Write that is cut by its deadline
// is taken up again as long as the client takes something. TLS cannot do so itself: when
// a Write of a record has failed, it is broken for good.
type patient struct {
	net.Conn
	patience time.Duration
}

func (p *patient) SetDeadline(t time.Time) error    { return p.SetReadDeadline(t) }
func (p *patient) SetWriteDeadline(time.Time) error { return nil }

func (p *patient) Write(b []byte) (int, error) {
	for sent := 0; ; {
		_ = p.Conn.SetWriteDeadline(time.Now().Add(p.patience))
		n, err := p.Conn.Write(b[sent:])
		sent += n
		if err == nil || n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return sent, err
		}
	}
}

// slow reads a little now and then.
type slow struct {
	net.Conn
	pause time.Duration
}

func (s *slow) Read(b []byte) (int, error) {
	time.Sleep(s.pause)
	return s.Conn.Read(b[:min(len(b), 1000)])
}

// A client that reads slower than any deadline, so that every record is cut many times,
// gets every octet.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert := securetest.New(t, securetest.Options{})
		x := serve(t, cert)
		sent := make([]byte, 300<<10) // some twenty records
		for i := range sent {
			sent[i] = byte(rand.Uint32())
		}
		for _, version := range versions {
			here, there := net.Pipe()
			got := make(chan []byte)
			go func() {
				below := &slow{Conn: there}
				client := tls.Client(below, limited(cert, version))
				if err := client.Handshake(); err != nil {
					t.Error(err)
				}
				below.pause = 4 * time.Second
				b, err := io.ReadAll(client)
				if err != nil {
					t.Errorf("the client's read: %v", err)
				}
				there.Close()
				got <- b
			}()
			c, err := x.Secure(t.Context(), &patient{here, 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // means nothing below
			if n, err := c.Write(sent); n != len(sent) || err != nil {
				t.Errorf("%d octets written, %v", n, err)
			}
			if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
				t.Error(err)
			}
			if b := <-got; !bytes.Equal(b, sent) {
				t.Errorf("%d octets of %d arrived, or others", len(b), len(sent))
			}
			here.Close()
		}
	})
}
