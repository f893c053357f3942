package secure

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"hash"
	"net"
	"strings"
	"testing"

	"popper/server/secure/securetest"
)

// RFC 9266: both sides compute the same, and every connection another.
func TestExporter(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	seen := make(map[string]bool)
	for _, version := range append(versions, versions...) {
		client, c, err := x.shake(t, limited(cert, version))
		if err != nil {
			t.Fatal(err)
		}
		s := client.ConnectionState()
		want, err := s.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, 32)
		if err != nil {
			t.Fatal(err)
		}
		got := c.Binding("tls-exporter")
		if len(got) != 32 || !bytes.Equal(got, want) {
			t.Errorf("%s: %x, the client has %x", tls.VersionName(version), got, want)
		}
		if again := c.Binding("tls-exporter"); !bytes.Equal(again, got) {
			t.Errorf("the second time %x", again)
		}
		if seen[string(got)] {
			t.Error("two connections with one binding")
		}
		seen[string(got)] = true
		for _, kind := range []string{"", "tls-unique", "TLS-EXPORTER"} {
			if b := c.Binding(kind); b != nil {
				t.Errorf("%q: %x", kind, b)
			}
		}
	}
}

// In TLS 1.2 a context of no octets is another than none. The value is computed here
// anew, with the PRF of RFC 5246, 5 and the seed of RFC 5705, 4.
func TestExporterContextOfTLS12(t *testing.T) {
	cert := securetest.New(t, securetest.Options{})
	x := serve(t, cert)
	var keys bytes.Buffer
	config := limited(cert, tls.VersionTLS12)
	config.KeyLogWriter = &keys
	there, done := x.start(t.Context())
	ear := &ear{Conn: there}
	client := tls.Client(ear, config)
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	r := <-done
	var random, secret []byte
	if _, err := fmt.Sscanf(keys.String(), "CLIENT_RANDOM %x %x", &random, &secret); err != nil {
		t.Fatal(err)
	}
	// record header 5, handshake header 4, version 2; then the server's random
	seed := append(random, ear.heard[11:11+32]...)
	seed = append([]byte("EXPORTER-Channel-Binding"), append(seed, 0, 0)...)
	h := sha256.New
	if strings.HasSuffix(tls.CipherSuiteName(client.ConnectionState().CipherSuite), "SHA384") {
		h = sha512.New384
	}
	if got, want := r.Binding("tls-exporter"), expand(h, secret, seed, 32); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

// expand is P_hash of RFC 5246.
func expand(h func() hash.Hash, secret, seed []byte, n int) []byte {
	mac := func(b ...[]byte) []byte {
		m := hmac.New(h, secret)
		for _, b := range b {
			m.Write(b)
		}
		return m.Sum(nil)
	}
	var out []byte
	for a := mac(seed); len(out) < n; a = mac(a) {
		out = append(out, mac(a, seed)...)
	}
	return out[:n]
}

// ear keeps what came.
type ear struct {
	net.Conn
	heard []byte
}

func (e *ear) Read(b []byte) (int, error) {
	n, err := e.Conn.Read(b)
	e.heard = append(e.heard, b[:n]...)
	return n, err
}

// RFC 5929, 4.1
func TestEndPoint(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sum256 := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
	sum384 := func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }
	sum512 := func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }
	none := func([]byte) []byte { return nil }
	for _, c := range []struct {
		o    securetest.Options
		want func([]byte) []byte
	}{
		{securetest.Options{Key: key, Hash: x509.SHA256WithRSA}, sum256},
		{securetest.Options{Key: key, Hash: x509.SHA384WithRSA}, sum384},
		{securetest.Options{Key: key, Hash: x509.SHA512WithRSA}, sum512},
		{securetest.Options{Key: key, Hash: x509.SHA256WithRSAPSS}, sum256},
		{securetest.Options{Key: key, Hash: x509.SHA384WithRSAPSS}, sum384},
		{securetest.Options{Key: key, Hash: x509.SHA512WithRSAPSS}, sum512},
		{securetest.Options{Hash: x509.ECDSAWithSHA256}, sum256},
		{securetest.Options{Hash: x509.ECDSAWithSHA384}, sum384},
		{securetest.Options{Hash: x509.ECDSAWithSHA512}, sum512},
		{securetest.Options{Key: ed}, none},
	} {
		cert := securetest.New(t, c.o)
		for _, version := range versions {
			client, s, err := serve(t, cert).shake(t, limited(cert, version))
			if err != nil {
				t.Errorf("%v: %v", c.o.Hash, err)
				continue
			}
			// as the client computes it, from what it was sent
			want := c.want(client.ConnectionState().PeerCertificates[0].Raw)
			if got := s.Binding("tls-server-end-point"); !bytes.Equal(got, want) || (got == nil) != (want == nil) {
				t.Errorf("%v: %x, want %x", c.o.Hash, got, want)
			}
		}
	}
}

// Signatures that Go makes no more, and those that it does not know.
func TestEndPointOfOldSignatures(t *testing.T) {
	raw := []byte("certificate")
	sum := sha256.Sum256(raw)
	for algorithm, want := range map[x509.SignatureAlgorithm][]byte{
		x509.MD5WithRSA: sum[:], x509.SHA1WithRSA: sum[:], x509.ECDSAWithSHA1: sum[:],
		x509.UnknownSignatureAlgorithm: nil,
	} {
		if got := endpoint(&x509.Certificate{Raw: raw, SignatureAlgorithm: algorithm}); !bytes.Equal(got, want) {
			t.Errorf("%v: %s", algorithm, hex.EncodeToString(got))
		}
	}
}

// The binding is of the certificate that this client was sent, though another serves by
// now, be it since the handshake or since its first message.
func TestEndPointAfterReload(t *testing.T) {
	first, second := securetest.New(t, securetest.Options{}), securetest.New(t, securetest.Options{})
	dir := t.TempDir()
	first.Write(t, dir)
	x, err := openAt(dir+"/cert.pem", dir+"/key.pem", 0)
	if err != nil {
		t.Fatal(err)
	}
	there, done := x.start(t.Context())
	begun := make(chan struct{})
	go func() { there.Write(nil); close(begun) }() // Secure has begun when it reads
	<-begun
	second.Write(t, dir)
	if err := x.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := tls.Client(there, first.Client()).Handshake(); err != nil {
		t.Fatal(err)
	}
	old := <-done
	_, young, err := x.shake(t, second.Client())
	if err != nil {
		t.Fatal(err)
	}
	one, two := sha256.Sum256(first.Cert.Raw), sha256.Sum256(second.Cert.Raw)
	if !bytes.Equal(old.Binding("tls-server-end-point"), one[:]) || !bytes.Equal(young.Binding("tls-server-end-point"), two[:]) {
		t.Error("bound to the certificate of another handshake")
	}
}
