package secure

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"popper/server/secure/securetest"
)

// What a client that is not satisfied makes the log say.
func TestExplainAlert(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	for _, version := range versions {
		config := limited(cert, version)
		config.RootCAs = nil
		_, _, err := x.shake(t, config)
		if err == nil {
			t.Fatal("it trusts anybody")
		}
		contains(t, "untrusted", err.Error(), "TLS: the client does not trust this certificate", "fullchain.pem", "host name")
	}
}

// Some clients complain after the handshake, to a Read. What else Read says is as it was.
func TestExplainLateAlert(t *testing.T) {
	for number, want := range map[tls.AlertError]string{
		44: "revoked", 45: "clock", 48: "fullchain.pem", 70: "update it", 99: "gave up: alert(99)",
	} {
		contains(t, "late", alerted(&net.OpError{Op: "remote error", Err: number}), want)
	}
	cert := securetest.New(t, securetest.Options{})
	client, c, err := serve(t, cert).shake(t, cert.Client())
	if err != nil {
		t.Fatal(err)
	}
	go client.Close()
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("an end is %v", err)
	}
}

func TestExplainVersion(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	for version, want := range map[uint16]string{tls.VersionTLS10: "only TLS 1.0", tls.VersionTLS11: "only TLS 1.1"} {
		config := cert.Client()
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, version
		if _, _, err := x.shake(t, config); err == nil {
			t.Errorf("%s was accepted", tls.VersionName(version))
		} else {
			contains(t, "old client", err.Error(), want, "TLS 1.2 is the least")
		}
	}
	for _, c := range []struct {
		offers []uint16
		want   uint16
	}{
		{nil, 0},
		{[]uint16{0xfafa, 0x7f1c}, 0}, // GREASE and a draft
		{[]uint16{0xfafa, 0x0301, 0x0300}, tls.VersionTLS10},
		{[]uint16{0x0303, 0x0304, 0x0302}, tls.VersionTLS13},
	} {
		if got := newest(c.offers); got != c.want {
			t.Errorf("newest of %x: %x", c.offers, got)
		}
	}
}

// A certificate that a client's algorithms do not fit.
func TestExplainAlgorithms(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []securetest.Options{{Key: ed}, {Key: p256}} {
		cert := securetest.New(t, o)
		config := limited(cert, tls.VersionTLS12)
		config.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
		config.ServerName = securetest.Host // which is not the trouble
		if _, _, err := serve(t, cert).shake(t, config); err == nil {
			t.Error("accepted")
		} else {
			contains(t, "algorithms", err.Error(), "no algorithm in common", "RSA")
		}
	}
}

// What is not TLS at all. A POP3 client is told in its own language.
func TestExplainPlain(t *testing.T) {
	for sent, want := range map[string]string{
		"CAPA\r\n":         "plain POP3",
		"user ann\r\n":     "plain POP3",
		"QUIT\n":           "plain POP3",
		"AUTH PLAIN\r\n":   "plain POP3",
		"USERS\r\n":        "not TLS",
		"GET / HTTP/1.1\r": "not TLS",
		"EHLO me\r\n":      "not TLS",
		"\r\n\r\n\r\n":     "not TLS",
		"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10": "SSL 2.0",
		"\x00\x00\x00\x00\x00":                         "not TLS",
		"\x16\x03\x01\xff\xff":                         "not TLS",
	} {
		x := serve(t, securetest.New(t, securetest.Options{}))
		there, done := x.start(t.Context())
		go io.WriteString(there, sent)
		answer, _ := io.ReadAll(there)
		r := <-done
		if r.err == nil {
			t.Fatalf("%q is a handshake", sent)
		}
		contains(t, "not TLS", r.err.Error(), "TLS: ", want)
		if told := bytes.HasPrefix(answer, []byte("-ERR TLS ")); told != (want == "plain POP3") {
			t.Errorf("%q is answered with %q", sent, answer)
		}
		if n := bytes.IndexByte(answer, '\n'); want == "plain POP3" && n != len(answer)-1 {
			t.Errorf("not one line: %q", answer)
		}
	}
}

// One that does not read the answer holds nobody.
func TestPlainAnswerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := serve(t, securetest.New(t, securetest.Options{}))
		there, done := x.start(t.Context())
		if _, err := io.WriteString(there, "CAPA\r\n"); err != nil {
			t.Fatal(err)
		}
		contains(t, "error", (<-done).err.Error(), "plain POP3")
	})
}

// A good first message, for whatever host, and then something else: that is not for want
// of an algorithm, nor is it answered in the clear.
func TestExplainBrokenHandshake(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	config := cert.Client()
	config.ServerName = "other.example"
	hello := firstMessage(t, config)
	for _, sent := range []string{"CAPA\r\n", "\x16\x03\x03\x00\x01\x99", "\x17\x03\x03\x00\x01\x00"} {
		there, done := x.start(t.Context())
		go func() {
			_, _ = there.Write(hello)
			_, _ = io.WriteString(there, sent)
		}()
		answer, _ := io.ReadAll(there)
		r := <-done
		if r.err == nil {
			t.Fatalf("%q is a handshake", sent)
		}
		if strings.Contains(r.err.Error(), "algorithm") || bytes.Contains(answer, []byte("-ERR")) {
			t.Errorf("%q: %v, answered %q", sent, r.err, answer)
		}
	}
}

func TestEscape(t *testing.T) {
	if got, want := escape("tls: a\x00\r\n\xff\u00e4\"%s"), `a\x00\r\n\xff\u00e4\"%s`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := escape(strings.Repeat("x", 1<<20)); got != strings.Repeat("x", maxLogged) {
		t.Errorf("%d octets", len(got))
	}
}

// Whatever a client sends, first or after a good beginning, nothing of it gets into the
// log raw, and the error is not long.
func TestGarbage(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	hello := firstMessage(t, cert.Client())
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.SliceOf(rapid.Byte()).Draw(t, "sent")
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 1: // as a record
			sent = append([]byte{22, 3, 1, byte(len(sent) >> 8), byte(len(sent))}, sent...)
		case 2: // behind the first message
			sent = append(bytes.Clone(hello), sent...)
		case 3: // within it
			at := rapid.IntRange(0, len(hello)-1).Draw(t, "at")
			changed := bytes.Clone(hello)
			copy(changed[at:], sent)
			sent = changed
		}
		here, there := net.Pipe()
		go func() {
			go io.Copy(io.Discard, there)
			_, _ = there.Write(sent)
			there.Close()
		}()
		_, err := x.Secure(t.Context(), here)
		here.Close()
		switch {
		case err == nil:
			t.Fatal("a handshake")
		case !strings.HasPrefix(err.Error(), "TLS: ") || len(err.Error()) > 400:
			t.Fatalf("%q", err)
		}
		for _, r := range err.Error() {
			if r < ' ' || r > '~' {
				t.Fatalf("raw octets in %q", err)
			}
		}
	})
}

// firstMessage is the first that a client sends.
func firstMessage(t *testing.T, config *tls.Config) []byte {
	t.Helper()
	here, there := net.Pipe()
	defer here.Close()
	go tls.Client(there, config).Handshake()
	b := make([]byte, 16<<10)
	n, err := here.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}
