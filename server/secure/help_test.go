package secure

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"popper/server"
	"popper/server/secure/securetest"
)

// fixture is a key pair whose clock and log a test holds.
type fixture struct {
	*KeyPair
	log  *record
	mu   sync.Mutex
	late time.Duration // of its clock
}

// record is a log.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

func (r *record) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.b.Reset()
}

// count is how many lines have the text.
func (r *record) count(text string) int { return strings.Count(r.String(), text) }

// serve opens the files of a certificate.
func serve(t testing.TB, cert *securetest.Pair) *fixture {
	t.Helper()
	certFile, keyFile := cert.Write(t, t.TempDir())
	x, err := openAt(certFile, keyFile, 0)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// openAt opens files as if it were so much later.
func openAt(certFile, keyFile string, late time.Duration) (*fixture, error) {
	x := &fixture{log: &record{}, late: late}
	var err error
	x.KeyPair, err = open(&KeyPair{certFile: certFile, keyFile: keyFile, now: x.clock,
		log: slog.New(slog.NewTextHandler(x.log, nil))})
	return x, err
}

func (x *fixture) clock() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return time.Now().Add(x.late)
}

func (x *fixture) pass(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.late += d
}

// served is the certificate that a handshake gets a second later.
func (x *fixture) served() *x509.Certificate {
	x.pass(lookEvery)
	return x.current().leaf
}

// result is what Secure returned.
type result struct {
	server.Private
	err error
}

// start begins Secure on one end of a pipe; it returns the other.
func (x *fixture) start(ctx context.Context) (net.Conn, <-chan result) {
	here, there := net.Pipe()
	return there, x.startOn(ctx, here)
}

func (x *fixture) startOn(ctx context.Context, here net.Conn) <-chan result {
	done := make(chan result, 1)
	go func() {
		c, err := x.Secure(ctx, here)
		if err != nil {
			here.Close()
		}
		done <- result{c, err}
	}()
	return done
}

// shake holds a whole handshake over TCP, where, as on no pipe, both sides may write at
// the same time. There is a client end also when it failed.
func (x *fixture) shake(t testing.TB, config *tls.Config) (*tls.Conn, server.Private, error) {
	t.Helper()
	here, there := loopback(t)
	done := x.startOn(t.Context(), here)
	client := tls.Client(there, config)
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Logf("the client says: %v", err)
		there.Close()
	}
	r := <-done
	return client, r.Private, r.err
}

// loopback is both ends of a TCP connection.
func loopback(t testing.TB) (here, there net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if there, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { there.Close() })
	if here, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close() })
	return here, there
}

// limited is a client's configuration for one version.
func limited(cert *securetest.Pair, version uint16) *tls.Config {
	c := cert.Client()
	c.MinVersion, c.MaxVersion = version, version
	return c
}

var versions = []uint16{tls.VersionTLS12, tls.VersionTLS13}

func write(t testing.TB, path string, data []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

func contains(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s: %q lacks %q", what, text, p)
		}
	}
}
