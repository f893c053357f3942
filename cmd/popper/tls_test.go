package main_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"popper/server/secure/securetest"
)

// secured is a server that clients reach in the clear, and over TLS.
type secured struct {
	*site
	p         *process
	cert      *securetest.Pair
	authority string // file of the certificate that clients must trust
	plain     string // address for STLS
	private   string // address for TLS from the first octet on
}

// certify makes a certificate for the site, signed by an authority of its own.
func (s *site) certify() (cert *securetest.Pair, authority string) {
	s.t.Helper()
	root := securetest.New(s.t, securetest.Options{Name: "authority", Authority: true})
	authority = filepath.Join(s.dir, "authority.pem")
	s.write(authority, string(root.CertPEM()))
	cert = securetest.New(s.t, securetest.Options{Signer: root})
	cert.Write(s.t, s.dir)
	return cert, authority
}

// pairFlags name the certificate and key that certify has made.
func (s *site) pairFlags(more ...string) []string {
	return append([]string{"--tls-cert", s.dir + "/cert.pem", "--tls-key", s.dir + "/key.pem"}, more...)
}

// secure starts a server of the site.
func (s *site) secure(more ...string) *secured {
	s.t.Helper()
	x := &secured{site: s}
	x.cert, x.authority = s.certify()
	x.p, _ = s.listen(s.pairFlags(append([]string{"--listen-tls", "127.0.0.1:0"}, more...)...)...)
	m := x.p.find(`(?s)msg=listening addr=(\S+).*msg=listening addr=(\S+)`)
	x.plain, x.private = m[1], m[2]
	return x
}

// versions of TLS that are served.
var versions = []uint16{tls.VersionTLS12, tls.VersionTLS13}

// client is the configuration of one that speaks this version only.
func (x *secured) client(version uint16) *tls.Config {
	c := x.cert.Client()
	c.MinVersion, c.MaxVersion = version, version
	return c
}

// tap notes the records that the server sends.
type tap struct {
	net.Conn
	mu   sync.Mutex
	seen []byte
}

func (c *tap) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, b[:n]...)
	return n, err
}

// clean tells whether the last thing that the server sent is the alert close_notify:
// crypto/tls forgives a server that leaves it away. A record of TLS 1.3 does not tell
// its kind, but no other that is sent here is as short as that of an alert.
func (c *tap) clean() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	alert := false
	for b := c.seen; len(b) > 0; {
		if len(b) < 5 {
			return false
		}
		n := int(b[3])<<8 | int(b[4])
		if len(b) < 5+n {
			return false
		}
		alert = b[0] == 21 || b[0] == 23 && n == 2+1+16
		b = b[5+n:]
	}
	return alert
}

// connect opens a connection with a deadline.
func connect(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// dialTLS begins with TLS, as on port 995.
func dialTLS(t *testing.T, addr string, config *tls.Config) (*client, *tap) {
	t.Helper()
	wire := &tap{Conn: connect(t, addr)}
	return greet(t, tls.Client(wire, config)), wire
}

// stls makes a connection private after the greeting.
func stls(t *testing.T, addr string, config *tls.Config) (*client, *tap) {
	t.Helper()
	conn := connect(t, addr)
	greet(t, conn).ask("STLS", "+OK")
	wire := &tap{Conn: conn}
	private := tls.Client(wire, config)
	if err := private.Handshake(); err != nil {
		t.Fatal(err)
	}
	return over(t, private), wire
}

// ways are those to a private connection.
func (x *secured) ways() map[string]func(*testing.T, *tls.Config) (*client, *tap) {
	return map[string]func(*testing.T, *tls.Config) (*client, *tap){
		"STLS": func(t *testing.T, c *tls.Config) (*client, *tap) { return stls(t, x.plain, c) },
		"TLS":  func(t *testing.T, c *tls.Config) (*client, *tap) { return dialTLS(t, x.private, c) },
	}
}

// capa asks for the capabilities.
func (c *client) capa() []string {
	c.t.Helper()
	c.ask("CAPA", "+OK")
	return strings.Split(strings.TrimSuffix(c.lines(), "\r\n"), "\r\n")
}

// has tells whether a capability is among them, whatever its arguments.
func has(capa []string, word string) bool {
	return slices.ContainsFunc(capa, func(l string) bool { return l == word || strings.HasPrefix(l, word+" ") })
}

// R2595-STLS-1: a whole session, over each version and each way, whose end is a clean
// one of TLS.
func TestPrivateSession(t *testing.T) {
	for _, version := range versions {
		for _, way := range []string{"STLS", "TLS"} {
			t.Run(way+" "+tls.VersionName(version), func(t *testing.T) {
				x := newSite(t).secure()
				c, wire := x.ways()[way](t, x.client(version))
				x.session(c)
				if !wire.clean() {
					t.Error("the end may be a truncation")
				}
				x.p.find(`the connection is private" peer=\S+ by="` + tls.VersionName(version))
			})
		}
	}
}

// Behind the proper end of TLS the connection ends, too.
func TestPrivateEndIsWhole(t *testing.T) {
	x := newSite(t).secure()
	for name, way := range x.ways() {
		c, wire := way(t, x.client(tls.VersionTLS13))
		c.ask("QUIT", "+OK")
		c.end()
		if n, err := wire.Conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("%s: after close_notify the connection gives %d octets, %v", name, n, err)
		}
	}
}

// What a client pipelined behind QUIT does not cost it the clean end.
func TestPrivateEndBeforeMore(t *testing.T) {
	x := newSite(t).secure()
	for _, version := range versions {
		for name, way := range x.ways() {
			c, wire := way(t, x.client(version))
			if _, err := fmt.Fprint(c, "CAPA\r\nQUIT\r\n"+strings.Repeat("NOOP\r\n", 5000)); err != nil {
				t.Fatal(err)
			}
			c.line()
			c.lines()
			c.line()
			c.end()
			if !wire.clean() {
				t.Errorf("%s %s: the end may be a truncation", name, tls.VersionName(version))
			}
		}
	}
}

// R1081-QUIT-3: a session that is cut does not look like one that has ended.
func TestPrivateCutIsNoEnd(t *testing.T) {
	t.Parallel()
	for how, flags := range map[string][]string{
		"idle": {"--idle-timeout", "500ms"},
		"stop": {"--grace", "0s"},
		"kill": nil,
	} {
		for _, version := range versions {
			x := newSite(t).secure(flags...)
			for name, way := range x.ways() {
				if name != "TLS" && how != "idle" {
					continue // the server ends with the first
				}
				c, wire := way(t, x.client(version))
				c.login()
				c.ask("DELE 1", "+OK")
				switch how {
				case "stop":
					x.p.signal(syscall.SIGTERM)
				case "kill":
					x.p.signal(syscall.SIGKILL)
				}
				if n, err := io.Copy(io.Discard, c.r); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s, %s: %d octets, %v", how, name, n, err)
				}
				if wire.clean() {
					t.Errorf("%s, %s: the cut looks like a proper end", how, name)
				}
			}
			x.unchanged()
		}
	}
}

// R2595-STLS-1: CAPA tells what is true before and after; what was said in the clear is
// forgotten; there is no TLS within TLS.
func TestStlsBorder(t *testing.T) {
	x := newSite(t).secure()
	conn := connect(t, x.plain)
	before := greet(t, conn)
	if capa := before.capa(); !has(capa, "STLS") || !has(capa, "USER") || !has(capa, "SASL") {
		t.Errorf("before: %q", capa)
	}
	before.ask("LANG de", "+OK de ")
	before.ask("USER ann", "+OK")
	before.ask("STLS", "+OK")
	private := tls.Client(conn, x.cert.Client())
	c := over(t, private)
	capa := c.capa()
	if has(capa, "STLS") || !has(capa, "USER") || !has(capa, "SASL") {
		t.Errorf("after: %q", capa)
	}
	c.ask("PASS "+secret, "-ERR")
	if strings.Contains(x.p.out.String(), "msg=login") {
		t.Error("the name from before served a login")
	}
	c.ask("STLS", "-ERR")
	c.ask("NOPE", "-ERR unknown command") // in the first language again
	c.login()
	c.ask("STLS", "-ERR") // in TRANSACTION
	c.ask("QUIT", "+OK")
	c.end()

	clear := dial(t, x.plain)
	clear.login()
	clear.ask("STLS", "-ERR")
	if has(clear.capa(), "STLS") {
		t.Error("STLS is announced after login")
	}
}

// R2595-STLS-1: --require-tls lets nobody say a password in the clear, and does not
// invite to it.
func TestRequireTLS(t *testing.T) {
	s := newSite(t)
	s.write(s.dir+"/apop", "ann:a long shared secret\n")
	s.write(s.dir+"/rpop", "127.0.0.1 ann\n")
	x := s.secure("--require-tls", "--apop-secrets", s.dir+"/apop", "--rpop", s.dir+"/rpop")
	conn := connect(t, x.plain)
	c, stamp := stamped(t, conn)
	if capa := c.capa(); has(capa, "USER") || has(capa, "SASL") || !has(capa, "STLS") {
		t.Errorf("in the clear: %q", capa)
	}
	for _, command := range []string{"USER ann", "PASS " + secret, "APOP ann " + digest(stamp, "a long shared secret"),
		"AUTH PLAIN " + plain("ann", secret), "AUTH", "AUTH SCRAM-SHA-256", "RPOP ann"} {
		c.ask(command, "-ERR")
	}
	c.ask("STAT", "-ERR")
	c.ask("STLS", "+OK")
	p := over(t, tls.Client(conn, x.cert.Client()))
	if capa := p.capa(); !has(capa, "USER") || !has(capa, "SASL") || has(capa, "STLS") {
		t.Errorf("after STLS: %q", capa)
	}
	x.session(p)
	for _, how := range []string{"APOP", "AUTH"} {
		conn := connect(t, x.plain)
		c, stamp := stamped(t, conn)
		c.ask("STLS", "+OK")
		p := over(t, tls.Client(conn, x.cert.Client()))
		if how == "APOP" {
			p.ask("APOP ann "+digest(stamp, "a long shared secret"), "+OK")
		} else {
			p.ask("AUTH PLAIN "+plain("ann", secret), "+OK")
		}
		p.ask("QUIT", "+OK")
		p.end()
	}
}
