// Package securetest makes certificates for tests.
package securetest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Host is the name that all certificates made here are for, besides the loopback addresses.
const Host = "localhost"

// Options say what a certificate is like. What is zero has the default.
type Options struct {
	Name      string                  // of its subject; Host
	From      time.Time               // an hour ago
	Until     time.Time               // 90 days from now
	Key       crypto.Signer           // a new one, ECDSA on P-256
	Signer    *Pair                   // who signs it; itself
	Authority bool                    // it may sign others
	Hash      x509.SignatureAlgorithm // the signing key's own
}

// Pair is a certificate with its key.
type Pair struct {
	Cert   *x509.Certificate
	Key    crypto.Signer
	Signer *Pair // nil: itself
}

// New makes a certificate.
func New(t testing.TB, o Options) *Pair {
	t.Helper()
	o.fill(t)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	check(t, err)
	leaf := &x509.Certificate{
		SerialNumber:       serial,
		Subject:            pkix.Name{CommonName: o.Name},
		NotBefore:          o.From,
		NotAfter:           o.Until,
		DNSNames:           []string{Host},
		IPAddresses:        []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:           x509.KeyUsageDigitalSignature,
		ExtKeyUsage:        []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		SignatureAlgorithm: o.Hash,
	}
	if o.Authority {
		leaf.IsCA, leaf.BasicConstraintsValid = true, true
		leaf.KeyUsage |= x509.KeyUsageCertSign
	}
	parent, key := leaf, o.Key
	if o.Signer != nil {
		parent, key = o.Signer.Cert, o.Signer.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, parent, o.Key.Public(), key)
	check(t, err)
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	return &Pair{Cert: cert, Key: o.Key, Signer: o.Signer}
}

func (o *Options) fill(t testing.TB) {
	t.Helper()
	if o.Name == "" {
		o.Name = Host
	}
	if o.From.IsZero() {
		o.From = time.Now().Add(-time.Hour)
	}
	if o.Until.IsZero() {
		o.Until = time.Now().Add(90 * 24 * time.Hour)
	}
	if o.Key == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		check(t, err)
		o.Key = key
	}
}

// CertPEM is the certificate and those that lead from it to its authority, without that.
func (p *Pair) CertPEM() []byte {
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Cert.Raw})
	if p.Signer != nil && p.Signer.Signer != nil {
		b = append(b, p.Signer.CertPEM()...)
	}
	return b
}

// KeyPEM is the private key.
func (p *Pair) KeyPEM(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.Key)
	check(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// Write writes cert.pem and key.pem into a directory, in place of what is there.
func (p *Pair) Write(t testing.TB, dir string) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	check(t, os.WriteFile(certFile, p.CertPEM(), 0o644))
	check(t, os.WriteFile(keyFile, p.KeyPEM(t), 0o600))
	return certFile, keyFile
}

// Root is what a client must trust to trust the certificate.
func (p *Pair) Root() *x509.Certificate {
	for p.Signer != nil {
		p = p.Signer
	}
	return p.Cert
}

// Client is the configuration of a POP3 client that trusts the certificate.
func (p *Pair) Client() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(p.Root())
	return &tls.Config{RootCAs: roots, ServerName: Host, NextProtos: []string{"pop3"}}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
