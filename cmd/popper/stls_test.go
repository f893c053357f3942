package main_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
)

// R2595-STLS-1, CVE-2011-0411: somebody between client and server who can write, and
// not read, puts commands of his own behind STLS. However they arrive, none is carried
// out: they are thrown away, or the handshake fails.
func TestStlsInjection(t *testing.T) {
	x := newSite(t).secure("-d")
	const injected = "USER ann\r\nPASS " + secret + "\r\nDELE 1\r\nQUIT\r\n"
	const all = "STLS\r\n" + injected
	held := 0
	for at := 1; at <= len(all); at++ {
		for _, wait := range []bool{false, true} {
			if wait && at < len("STLS\r\n") {
				continue // there is no reply to wait for
			}
			if x.inject(all[:at], all[at:], wait) {
				held++
			}
		}
	}
	// At least that which came in one segment was thrown away: the handshake was held.
	if held == 0 {
		t.Error("no handshake was held")
	}
	x.unchanged()
	if strings.Contains(x.p.out.String(), "msg=login") {
		t.Error("somebody logged in")
	}
}

// inject sends the two parts, and then tries to hold the handshake. It checks that
// nothing but STLS in the clear, and what came over TLS, was carried out.
func (x *secured) inject(first, second string, wait bool) (held bool) {
	x.t.Helper()
	conn := connect(x.t, x.plain)
	defer conn.Close()
	c := greet(x.t, conn)
	send := func(s string) {
		if _, err := io.WriteString(conn, s); err != nil && wait {
			x.t.Fatal(err)
		}
	}
	send(first)
	if !wait {
		send(second)
	}
	if l := c.line(); !strings.HasPrefix(l, "+OK") {
		x.t.Fatalf("%q, %q: STLS is answered with %q", first, second, l)
	}
	if wait {
		send(second)
	}
	want := []string{"STLS"}
	private := tls.Client(conn, x.cert.Client())
	if err := private.Handshake(); err == nil {
		held = true
		p := over(x.t, private)
		p.ask("NOOP", "-ERR") // the first reply is to this, and says that nobody is logged in
		p.ask("CAPA", "+OK")
		p.lines()
		p.ask("QUIT", "+OK")
		p.end()
		want = append(want, "NOOP", "CAPA", "QUIT")
	} else if second == "" {
		x.t.Fatalf("an honest handshake fails: %v", err)
	}
	conn.Close()
	peer := regexp.QuoteMeta(conn.LocalAddr().String())
	x.p.find(`msg="session ends" peer=` + peer)
	got := []string{}
	for _, m := range regexp.MustCompile(`(?m)msg=command peer=`+peer+` state=(\S+) line="?([^" \n]*)`).FindAllStringSubmatch(x.p.out.String(), -1) {
		got = append(got, m[2])
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		x.t.Errorf("%q, %q, waiting %v: carried out were %q, want %q", first, second, wait, got, want)
	}
	return held
}

// What comes in the clear after the reply to STLS makes the handshake fail, and the
// session end.
func TestStlsClearTextAfterReply(t *testing.T) {
	x := newSite(t).secure()
	for _, sent := range []string{"CAPA\r\n", "USER ann\r\nPASS x\r\n", "\r\n\r\n\r\n", strings.Repeat("NOOP\r\n", 3000)} {
		conn := connect(t, x.plain)
		c := greet(t, conn)
		c.ask("STLS", "+OK")
		_, _ = io.WriteString(conn, sent)
		rest, err := io.ReadAll(c.r)
		if ne, ok := err.(net.Error); ok && ne.Timeout() || strings.Contains(string(rest), "+OK") {
			t.Errorf("%q: %q, %v", sent[:6], rest, err)
		}
		x.p.find(`TLS handshake failed.*peer=` + regexp.QuoteMeta(conn.LocalAddr().String()))
	}
}

// Octets of the handshake that come in the same segment as STLS are thrown away like all
// others: the handshake cannot be held, and does not hang either (R2595-STLS-1: the
// client waits for the reply).
func TestStlsEagerHandshake(t *testing.T) {
	x := newSite(t).secure()
	conn := connect(t, x.plain)
	c := greet(t, conn)
	hello := firstFlight(t, x.cert.Client())
	if _, err := conn.Write(append([]byte("STLS\r\n"), hello...)); err != nil {
		t.Fatal(err)
	}
	if l := c.line(); !strings.HasPrefix(l, "+OK") {
		t.Fatal(l)
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, c.r)
	x.p.find("session ends")
	if strings.Contains(x.p.out.String(), "is private") {
		t.Error("octets from before the reply became part of TLS")
	}
}

// firstFlight is what a client sends first.
func firstFlight(t *testing.T, config *tls.Config) []byte {
	t.Helper()
	here, there := net.Pipe()
	defer here.Close()
	go func() { _ = tls.Client(there, config).Handshake() }()
	b := make([]byte, 16<<10)
	n, err := here.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}
