package secure

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"popper/server/adminfile"
)

// generation is a certificate and key that were read together, with what follows from
// them for a handshake.
type generation struct {
	config      *tls.Config
	leaf        *x509.Certificate
	chain       []*x509.Certificate // leaf first
	endpoint    []byte              // see endpoint
	digest      [sha256.Size]byte   // of both files
	from, until time.Time           // when all of the chain is valid
}

// readPair reads both files, and returns their state as it was when they were open.
func (p *KeyPair) readPair() (*generation, state, error) {
	certPEM, certID, err := readPEM(p.certFile)
	if err != nil {
		return nil, state{}, err
	}
	keyPEM, keyID, err := readPEM(p.keyFile)
	if err != nil {
		return nil, state{}, err
	}
	chain, err := parseChain(p.certFile, certPEM)
	if err != nil {
		return nil, state{}, err
	}
	cert, err := p.match(chain, certPEM, keyPEM)
	if err != nil {
		return nil, state{}, err
	}
	g := newGeneration(cert, chain)
	g.digest = sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(certPEM), certPEM, keyPEM))
	return g, state{certID, keyID}, nil
}

func newGeneration(cert tls.Certificate, chain []*x509.Certificate) *generation {
	g := &generation{leaf: chain[0], chain: chain, endpoint: endpoint(chain[0])}
	g.from, g.until = chain[0].NotBefore, chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotBefore.After(g.from) {
			g.from = c.NotBefore
		}
		if c.NotAfter.Before(g.until) {
			g.until = c.NotAfter
		}
	}
	g.config = configuration(cert)
	return g
}

// What the files must be like.
var (
	keyRule = adminfile.Rule{Max: maxFile, Closed: 0o006,
		Why: "everybody on this machine can read or write the private key in it (if others than you use it, get a new one): chmod o-rw"}
	certRule = adminfile.Rule{Max: maxFile, Closed: 0o002, Why: "everybody may write it: chmod o-w"}
)

// readPEM reads one of the two files, whichever it is meant to be: what is in it tells how
// it must be kept.
func readPEM(path string) ([]byte, adminfile.Identity, error) {
	data, _, err := readFile(path, adminfile.Rule{Max: maxFile})
	switch {
	case err != nil:
		return nil, adminfile.Identity{}, err
	case holds(data, "PRIVATE KEY"):
		return readFile(path, keyRule)
	}
	return readFile(path, certRule)
}

func readFile(path string, rule adminfile.Rule) ([]byte, adminfile.Identity, error) {
	data, fi, err := adminfile.Read(path, rule)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, adminfile.Identity{}, fmt.Errorf("%w: let the user that popper runs as in, by a group of his: %s", err, admit(path))
	case err != nil:
		return nil, adminfile.Identity{}, err
	}
	return data, adminfile.IdentityOf(fi.Sys().(*syscall.Stat_t)), nil
}

// holds tells whether there is a PEM block whose type ends so.
func holds(data []byte, kind string) bool {
	for b, rest := pem.Decode(data); b != nil; b, rest = pem.Decode(rest) {
		if strings.HasSuffix(b.Type, kind) {
			return true
		}
	}
	return false
}

// parseChain parses all certificates of the file.
func parseChain(path string, data []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for b, rest := pem.Decode(data); b != nil; b, rest = pem.Decode(rest) {
		if b.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate number %d: %w", path, len(chain)+1, err)
		}
		chain = append(chain, c)
	}
	switch {
	case len(chain) > 0:
		return chain, nil
	case holds(data, "PRIVATE KEY"):
		return nil, fmt.Errorf("%s: no certificate in it, but a private key: are the two files exchanged?", path)
	}
	return nil, fmt.Errorf("%s: no certificate in it; it should be PEM (-----BEGIN CERTIFICATE-----)", path)
}

// match finds the key of the first certificate.
func (p *KeyPair) match(chain []*x509.Certificate, certPEM, keyPEM []byte) (tls.Certificate, error) {
	if err := p.checkKey(keyPEM); err != nil {
		return tls.Certificate{}, err
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err == nil {
		cert.Leaf = chain[0]
		return cert, nil
	}
	for i, c := range chain[1:] {
		one := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
		if _, err := tls.X509KeyPair(one, keyPEM); err == nil {
			return tls.Certificate{}, fmt.Errorf("%s: the certificate of the key is number %d; it must be the first, then the one that signed it, and so on", p.certFile, i+2)
		}
	}
	return tls.Certificate{}, fmt.Errorf("%s is not the key of the certificate in %s (%w); while they are being renewed this mends itself",
		p.keyFile, p.certFile, err)
}

// checkKey tells why there is no key to be had from a file, where the reason is plain.
func (p *KeyPair) checkKey(data []byte) error {
	path := p.keyFile
	switch {
	case holds(data, "ENCRYPTED PRIVATE KEY"), bytes.Contains(data, []byte("Proc-Type: 4,ENCRYPTED")):
		return fmt.Errorf("%s: the key is locked with a passphrase, which nobody could give when popper starts: openssl pkey -in %[1]s -out NEW takes it away", path)
	case holds(data, "PRIVATE KEY"):
		return nil
	case path == p.certFile:
		return fmt.Errorf("%s: a certificate is in it, but not its private key: name the file of that, too (--tls-key)", path)
	case holds(data, "CERTIFICATE"):
		return fmt.Errorf("%s: no private key in it, but a certificate: are the two files exchanged?", path)
	}
	return fmt.Errorf("%s: no private key in it; it should be PEM (-----BEGIN PRIVATE KEY-----)", path)
}
