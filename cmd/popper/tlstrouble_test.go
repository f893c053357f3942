package main_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"popper/server/secure/securetest"
)

// misfits are clients whose handshake must fail, and what the log says of them.
var misfits = map[string]struct {
	try func(net.Conn, *tls.Config)
	why string
}{
	"plain POP3": {func(c net.Conn, _ *tls.Config) {
		_, _ = io.WriteString(c, "CAPA\r\n")
		_, _ = io.Copy(io.Discard, c)
	}, "plain POP3"},
	"hang-up":              {func(net.Conn, *tls.Config) {}, "closed the connection before"},
	"hang-up in the midst": {func(c net.Conn, _ *tls.Config) { _, _ = io.WriteString(c, "\x16\x03\x01\x02\x00\x01\x00") }, "closed the connection"},
	"garbage": {func(c net.Conn, _ *tls.Config) {
		_, _ = io.WriteString(c, strings.Repeat("\xff\x00garbage", 200))
		_, _ = io.Copy(io.Discard, c)
	}, "not TLS"},
	"TLS 1.0": {func(c net.Conn, config *tls.Config) {
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
		_ = tls.Client(c, config).Handshake()
	}, "only TLS 1.0"},
	"ALPN": {func(c net.Conn, config *tls.Config) {
		config.NextProtos = []string{"h2", "http/1.1"}
		_ = tls.Client(c, config).Handshake()
	}, "ALPN"},
	"another authority": {func(c net.Conn, config *tls.Config) {
		config.RootCAs = nil
		_ = tls.Client(c, config).Handshake()
	}, "does not trust this certificate"},
}

// R2595-STLS-1: a handshake that fails ends its session, and that one only: each kind is
// told in the log, and a hundred of them do not disturb a download.
func TestFailedHandshakes(t *testing.T) {
	s := newSite(t)
	big := "Subject: big\n\n" + strings.Repeat(strings.Repeat("x", 99)+"\n", 100<<10)
	s.write(s.mailbox, "From a Tue Jan  2 15:04:05 2024\n"+big)
	x := s.secure()
	c, _ := dialTLS(t, x.private, x.cert.Client())
	c.login()
	c.ask("RETR 1", "+OK")
	first := c.line() // the download runs, and waits for its reader

	var all sync.WaitGroup
	for range 15 {
		for _, m := range misfits {
			all.Go(func() {
				conn, err := net.DialTimeout("tcp", x.private, patience)
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(patience))
				m.try(conn, x.cert.Client())
			})
		}
	}
	if got := first + "\r\n" + c.lines(); got != crlf(big) {
		t.Errorf("the download has %d octets, want %d", len(got), len(crlf(big)))
	}
	all.Wait()
	c.ask("QUIT", "+OK")
	c.end()
	for name, m := range misfits {
		conn := connect(t, x.private)
		m.try(conn, x.cert.Client())
		conn.Close()
		peer := regexp.QuoteMeta(conn.LocalAddr().String())
		x.p.find(`level=WARN msg="TLS handshake failed: see err" peer=` + peer + ` err="TLS: .*` + m.why)
		x.p.find(`session ends" peer=` + peer)
		t.Log(name, "is told")
	}
	if out := x.p.out.String(); strings.Contains(out, "\xff") || strings.Contains(out, "\x00") || strings.Contains(out, "garbage") {
		t.Error("what a stranger sent is in the log")
	}
	d, _ := dialTLS(t, x.private, x.cert.Client())
	d.ask("QUIT", "+OK")
}

// One who speaks plain POP3 on the TLS port is told so in his own language.
func TestPlainOnTLSPort(t *testing.T) {
	x := newSite(t).secure()
	conn := connect(t, x.private)
	if _, err := io.WriteString(conn, "USER ann\r\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); !strings.HasPrefix(string(got), "-ERR TLS ") || strings.Count(string(got), "\n") != 1 || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// renew puts another pair in place of the one that is served, as programs do that renew
// certificates: each file is renamed over the old one.
func (x *secured) renew(certPEM, keyPEM []byte) {
	x.t.Helper()
	for name, data := range map[string][]byte{"key.pem": keyPEM, "cert.pem": certPEM} {
		path := filepath.Join(x.dir, name)
		x.write(path+".new", string(data))
		if err := os.Rename(path+".new", path); err != nil {
			x.t.Fatal(err)
		}
	}
}

// serial is that of the certificate which a new connection gets.
func (x *secured) serial() string {
	x.t.Helper()
	config := x.cert.Client()
	config.InsecureSkipVerify = true
	conn := tls.Client(connect(x.t, x.private), config)
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		x.t.Fatal(err)
	}
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Text(16)
}

// until asks again and again.
func (x *secured) until(what string, holds func() bool) {
	x.t.Helper()
	for late := time.Now().Add(patience); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(late) {
			x.t.Fatalf("never %s: %s", what, x.p.out.String())
		}
	}
}

// R2595-STLS-1: a renewed certificate serves new connections without a restart; sessions
// that run go on; a pair that cannot be used leaves the old one in place, and the log
// says so.
func TestRenewal(t *testing.T) {
	t.Parallel()
	x := newSite(t).secure()
	old, _ := dialTLS(t, x.private, x.cert.Client())
	old.login()
	first := x.serial()

	second := securetest.New(t, securetest.Options{Signer: x.cert.Signer})
	x.renew(second.CertPEM(), second.KeyPEM(t))
	x.until("the second", func() bool { return x.serial() == second.Cert.SerialNumber.Text(16) })
	if first == x.serial() {
		t.Fatal("both are the same")
	}
	old.ask("RETR 1", "+OK")
	if got := old.lines(); got != crlf(messages[0]) {
		t.Errorf("%q", got)
	}

	other := securetest.New(t, securetest.Options{})
	for why, pair := range map[string][2][]byte{
		"no certificate in it": {[]byte("half of a f"), second.KeyPEM(t)},
		"is not the key of":    {second.CertPEM(), other.KeyPEM(t)},
		"no private key in it": {second.CertPEM(), nil},
	} {
		x.renew(pair[0], pair[1])
		x.until(why, func() bool {
			if s := x.serial(); s != second.Cert.SerialNumber.Text(16) {
				t.Fatalf("%s: serves %s", why, s)
			}
			return regexp.MustCompile(`level=ERROR msg="the certificate and key cannot be used as they are now; the last good ones serve on" error=.*` + why).MatchString(x.p.out.String())
		})
	}
	third := securetest.New(t, securetest.Options{Signer: x.cert.Signer})
	x.renew(third.CertPEM(), third.KeyPEM(t))
	x.until("the third", func() bool { return x.serial() == third.Cert.SerialNumber.Text(16) })
	if c, _ := stls(t, x.plain, x.cert.Client()); c != nil { // STLS gets it, too
		c.ask("QUIT", "+OK")
	}
	x.p.find("certificate is in use.*serial=" + third.Cert.SerialNumber.Text(16))
	old.ask("DELE 1", "+OK")
	old.ask("QUIT", "+OK")
	old.end()
	if !strings.HasPrefix(x.read(x.mailbox), "From b") {
		t.Error("the session from before did not end with its update")
	}
}

// slowConn reads little at a time, and pauses.
type slowConn struct {
	net.Conn
	rest int // octets until it pauses
}

func (c *slowConn) Read(b []byte) (int, error) {
	if c.rest <= 0 {
		time.Sleep(4 * time.Millisecond)
		c.rest = 16 << 10
	}
	n, err := c.Conn.Read(b[:min(len(b), 509)])
	c.rest -= n
	return n, err
}

// narrow connects with a small buffer, so that the server feels how slowly it is read.
func narrow(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	conn := connect(t, addr).(*net.TCPConn)
	if err := conn.SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	return conn
}

// R1939-TIME-1: slow is not idle. A client that reads little at a time, for longer than
// the idle limit, gets the whole of a message.
func TestSlowPrivateReader(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	big := "Subject: big\n\n" + strings.Repeat(strings.Repeat("x", 99)+"\n", 80<<10)
	s.write(s.mailbox, "From a Tue Jan  2 15:04:05 2024\n"+big)
	x := s.secure("--idle-timeout", "500ms")
	for _, version := range versions {
		c := greet(t, tls.Client(&slowConn{Conn: narrow(t, x.private)}, x.client(version)))
		c.login()
		c.ask("RETR 1", "+OK")
		if got := c.lines(); got != crlf(big) {
			t.Errorf("%s: %d octets of %d", tls.VersionName(version), len(got), len(crlf(big)))
		}
		// By now the server may have waited too long for a command: the last octets were
		// still on their way when it began to.
	}
}

// R1939-TIME-1, R1081-QUIT-3: a client that stops reading is cut, and nothing is removed.
func TestStalledPrivateReader(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	text := "From a Tue Jan  2 15:04:05 2024\nSubject: big\n\n" + strings.Repeat(strings.Repeat("x", 99)+"\n", 90<<10)
	s.write(s.mailbox, text)
	x := s.secure("--idle-timeout", "500ms")
	for _, version := range versions {
		wire := &tap{Conn: narrow(t, x.private)}
		c := greet(t, tls.Client(wire, x.client(version)))
		c.login()
		c.ask("DELE 1", "+OK")
		c.ask("RSET", "+OK")
		if _, err := fmt.Fprint(c, "RETR 1\r\nDELE 1\r\nQUIT\r\n"); err != nil {
			t.Fatal(err)
		}
		x.p.find("session ends")
		x.p.out.reset()
		if _, err := io.Copy(io.Discard, c.r); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		if wire.clean() {
			t.Errorf("%s: the cut looks like a proper end", tls.VersionName(version))
		}
		if s.read(s.mailbox) != text {
			t.Error("mail was removed that its reader has not got")
		}
	}
}
