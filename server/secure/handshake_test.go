package secure

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"popper/server"
	"popper/server/secure/securetest"
)

var _ server.Security = (*KeyPair)(nil)

// R2595-STLS-1: what either side writes arrives at the other.
func TestHandshake(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	for _, version := range versions {
		client, c, err := x.shake(t, limited(cert, version))
		if err != nil {
			t.Fatal(err)
		}
		go io.WriteString(client, "CAPA\r\n")
		if line, err := bufio.NewReader(c).ReadString('\n'); line != "CAPA\r\n" {
			t.Errorf("the server got %q, %v", line, err)
		}
		go io.WriteString(c, "+OK\r\n")
		if line, err := bufio.NewReader(client).ReadString('\n'); line != "+OK\r\n" {
			t.Errorf("the client got %q, %v", line, err)
		}
		s := client.ConnectionState()
		if want := tls.VersionName(version) + ", " + tls.CipherSuiteName(s.CipherSuite); c.Describe() != want {
			t.Errorf("described as %q, want %q", c.Describe(), want)
		}
		if s.NegotiatedProtocol != "pop3" {
			t.Errorf("ALPN %q", s.NegotiatedProtocol)
		}
	}
}

// The same over TCP, with the end of one half, as after QUIT.
func TestLoopback(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan error, 1)
	go func() { ended <- goodbye(t.Context(), x, l) }()
	for _, version := range versions {
		client, err := tls.Dial("tcp", l.Addr().String(), limited(cert, version))
		if err != nil {
			t.Fatal(err)
		}
		// No deadline: the end of the stream must come by itself.
		if got, err := io.ReadAll(client); string(got) != "+OK bye\r\n" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		// and of TCP, for those that do not understand the one of TLS
		if n, err := client.NetConn().Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("below: %d octets, %v", n, err)
		}
		client.Close()
		if err := <-ended; err != io.EOF {
			t.Errorf("the server's read: %v", err)
		}
		go func() { ended <- goodbye(t.Context(), x, l) }()
	}
	l.Close()
	<-ended
}

// goodbye serves one client: a reply, the end of that half, and what still comes.
func goodbye(ctx context.Context, x *fixture, l net.Listener) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := x.Secure(ctx, conn)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(c, "+OK bye\r\n"); err != nil {
		return err
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 1))
	return err
}

// RFC 9325, 3.8: who names protocols must name ours; who names none need not.
func TestALPN(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	for _, version := range versions {
		for _, c := range []struct {
			offers []string
			want   string // what is agreed on; "no" for a refusal
		}{
			{nil, ""},
			{[]string{"pop3"}, "pop3"},
			{[]string{"imap", "pop3"}, "pop3"},
			{[]string{"http/1.1"}, "no"},
			{[]string{"h2", "http/1.1"}, "no"},
			{[]string{"POP3"}, "no"}, // they are octets: case matters
			{[]string{"smtp", "imap", "evil\r\n+OK"}, "no"},
		} {
			config := limited(cert, version)
			config.NextProtos = c.offers
			client, _, err := x.shake(t, config)
			switch {
			case c.want == "no" && err == nil:
				t.Errorf("%q was accepted", c.offers)
			case c.want == "no":
				contains(t, "refusal", err.Error(), "another protocol than POP3")
				if strings.Contains(err.Error(), c.offers[len(c.offers)-1]) && c.offers[0] != "POP3" {
					t.Errorf("the log quotes the client: %q", err)
				}
			case err != nil:
				t.Errorf("%q: %v", c.offers, err)
			case client.ConnectionState().NegotiatedProtocol != c.want:
				t.Errorf("%q: agreed on %q", c.offers, client.ConnectionState().NegotiatedProtocol)
			}
		}
	}
}

// Whatever name a client asks for, it gets the one certificate, and judges itself.
func TestServerName(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	for _, name := range []string{"", "other.example", "127.0.0.1"} {
		config := cert.Client()
		config.ServerName, config.InsecureSkipVerify = name, true
		client, _, err := x.shake(t, config)
		if err != nil {
			t.Errorf("%q: %v", name, err)
		} else if !client.ConnectionState().PeerCertificates[0].Equal(cert.Cert) {
			t.Errorf("%q: another certificate", name)
		}
	}
}

// No ticket leaves: nothing of a session is kept for another.
func TestNoResumption(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	for _, version := range versions {
		config := limited(cert, version)
		config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
		for range 2 {
			client, c, err := x.shake(t, config)
			if err != nil {
				t.Fatal(err)
			}
			go c.Close()
			if _, err := io.ReadAll(client); err != nil { // would take a ticket in
				t.Fatal(err)
			}
			if client.ConnectionState().DidResume {
				t.Errorf("%s: resumed", tls.VersionName(version))
			}
		}
	}
}

// One client's failure, or its silence, is not another's.
func TestClientsApart(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	silent, waiting := x.start(t.Context())
	old, oldDone, err := x.shake(t, limited(cert, tls.VersionTLS12))
	if err != nil {
		t.Fatal(err)
	}
	stranger := cert.Client()
	stranger.NextProtos = []string{"http/1.1"}
	if _, _, err := x.shake(t, stranger); err == nil {
		t.Error("the stranger was let in")
	}
	_, modern, err := x.shake(t, limited(cert, tls.VersionTLS13))
	if err != nil {
		t.Fatal(err)
	}
	silent.Close()
	if r := <-waiting; r.err == nil {
		t.Error("a handshake without a client")
	} else {
		contains(t, "hung up", r.err.Error(), "before a handshake had begun")
	}
	go io.WriteString(oldDone, "+OK\r\n")
	if line, err := bufio.NewReader(old).ReadString('\n'); line != "+OK\r\n" {
		t.Errorf("%q, %v", line, err)
	}
	contains(t, "old", oldDone.Describe(), "TLS 1.2, ")
	contains(t, "modern", modern.Describe(), "TLS 1.3, ")
}

func TestSilentClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := serve(t, securetest.New(t, securetest.Options{}))
		begun := time.Now()
		there, done := x.start(t.Context())
		r := <-done
		if took := time.Since(begun); took != handshakeTime {
			t.Errorf("it took %v", took)
		}
		contains(t, "error", r.err.Error(), "did not begin", "STARTTLS")
		if _, err := there.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the connection is open: %v", err)
		}
	})
}

// A client that sends an octet now and then gets no more time than others, before and
// within its first message.
func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := serve(t, securetest.New(t, securetest.Options{}))
		begun := time.Now()
		there, done := x.start(t.Context())
		if _, err := there.Write([]byte{22, 3, 1, 1, 0}); err != nil { // a record of 256 octets
			t.Fatal(err)
		}
		for {
			time.Sleep(handshakeTime / 8)
			if _, err := there.Write([]byte{1}); err != nil {
				break
			}
		}
		if r := <-done; r.err == nil || time.Since(begun) > handshakeTime+handshakeTime/8 {
			t.Errorf("%v after %v", r.err, time.Since(begun))
		}
	})
}

// A client that has said its first words and then nothing is not one that waits for a
// greeting.
func TestStalledClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert := securetest.New(t, securetest.Options{})
		x := serve(t, cert)
		there, done := x.start(t.Context())
		go tls.Client(&cut{Conn: there, writes: 1 << 20, stall: t.Context().Done()}, cert.Client()).Handshake()
		r := <-done
		contains(t, "error", r.err.Error(), "took longer than 30s")
	})
}

var errCut = errors.New("cut by shutdown")

// When ctx ends nobody waits any more, at whatever point the handshake is.
func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert := securetest.New(t, securetest.Options{})
		x := serve(t, cert)
		for _, hello := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(t.Context())
			there, done := x.start(ctx)
			if hello {
				go tls.Client(&cut{Conn: there, writes: 1 << 20, stall: t.Context().Done()}, cert.Client()).Handshake()
			}
			time.Sleep(time.Second)
			begun := time.Now()
			cancel(errCut)
			if r := <-done; !errors.Is(r.err, errCut) || time.Since(begun) != 0 {
				t.Errorf("%v after %v", r.err, time.Since(begun))
			}
			there.Close()
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errCut)
		there, done := x.start(ctx)
		if r := <-done; !errors.Is(r.err, errCut) {
			t.Errorf("begun too late: %v", r.err)
		}
		there.Close()
	})
}

// cut is a client's connection that ends, or stalls, when so many octets have gone one way.
type cut struct {
	net.Conn
	reads, writes int             // still to go
	stall         <-chan struct{} // not nil: it stalls, until this is closed
}

func (c *cut) Read(b []byte) (int, error) {
	if c.reads == 0 {
		return 0, c.end()
	}
	n, err := c.Conn.Read(b[:min(len(b), c.reads)])
	c.reads -= n
	return n, err
}

func (c *cut) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b[:min(len(b), c.writes)])
	if c.writes -= n; err == nil && n < len(b) {
		err = c.end()
	}
	return n, err
}

func (c *cut) end() error {
	if c.stall != nil {
		<-c.stall
	}
	c.Close()
	return net.ErrClosed
}

// A client may hang up after any octet that it sent or got: an error that is in words,
// and the next one is served.
func TestHangUp(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader) // whose signatures have all the same length
	if err != nil {
		t.Fatal(err)
	}
	cert := securetest.New(t, securetest.Options{Key: key})
	x := serve(t, cert)
	const all = 1 << 20
	for _, version := range versions {
		config := limited(cert, version)
		config.CurvePreferences = []tls.CurveID{tls.X25519} // a short first message
		there, done := x.start(t.Context())
		whole := &cut{Conn: there, reads: all, writes: all}
		if err := tls.Client(whole, config).Handshake(); err != nil {
			t.Fatal(err)
		}
		<-done
		for n := range all - whole.writes {
			x.hangUp(t, &cut{reads: all, writes: n}, config)
		}
		for n := range all - whole.reads {
			x.hangUp(t, &cut{reads: n, writes: all}, config)
		}
		if _, _, err := x.shake(t, config); err != nil {
			t.Error(err)
		}
	}
}

func (x *fixture) hangUp(t *testing.T, client *cut, config *tls.Config) {
	t.Helper()
	reads, writes := client.reads, client.writes
	there, done := x.start(t.Context())
	client.Conn = there
	if tls.Client(client, config).Handshake() == nil {
		t.Fatalf("the handshake ended after %d octets sent, %d got", writes, reads)
	}
	there.Close()
	r := <-done
	if r.err == nil {
		t.Fatalf("no error after %d octets sent, %d got", writes, reads)
	}
	contains(t, "error", r.err.Error(), "TLS: the client closed the connection")
}

// Close tells the client that nothing was cut off; one that does not read does not hold it.
func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert := securetest.New(t, securetest.Options{})
		x := serve(t, cert)
		here, there := net.Pipe()
		go tls.Client(there, cert.Client()).Handshake()
		for _, end := range []func(c server.Private) error{
			server.Private.Close,
			func(c server.Private) error { return c.(interface{ CloseWrite() error }).CloseWrite() },
		} {
			c, err := x.Secure(t.Context(), &patient{Conn: here, patience: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			if end(c) == nil || time.Since(begun) != closeTime {
				t.Errorf("ended after %v", time.Since(begun))
			}
			here, there = net.Pipe()
			go tls.Client(there, cert.Client()).Handshake()
		}
		here.Close()
	})
}

// A panic within the handshake ends up in the goroutine that called, which can recover.
func TestPanic(t *testing.T) {
	x := serve(t, securetest.New(t, securetest.Options{}))
	defer func() {
		if p, _ := recover().(string); !strings.Contains(p, "out of order") || !strings.Contains(p, "broken.Read") {
			t.Errorf("panic %q", p)
		}
	}()
	here, _ := net.Pipe()
	_, err := x.Secure(t.Context(), broken{here})
	t.Errorf("returned with %v", err)
}

// broken is a connection with a defect.
type broken struct{ net.Conn }

func (broken) Read([]byte) (int, error) { panic("out of order") }
