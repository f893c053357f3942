package secure

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"time"
)

// private implements server.Private.
type private struct {
	*tls.Conn
	endpoint []byte // of the certificate of this handshake, whatever is served by now
}

// Describe implements server.Private.
func (c *private) Describe() string {
	s := c.ConnectionState()
	return tls.VersionName(s.Version) + ", " + tls.CipherSuiteName(s.CipherSuite)
}

// Read is tls.Conn's. Some clients look at the certificate after the handshake only;
// what they then say of it is explained.
func (c *private) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if why := alerted(err); why != "" {
		err = &failure{why: why, err: err}
	}
	return n, err
}

// Close tells the client that nothing was cut off, and closes the connection. That is
// bounded here, since write deadlines may mean nothing to the connection below.
func (c *private) Close() error {
	defer c.limit()()
	return c.Conn.Close()
}

// CloseWrite tells the client that nothing more comes, and then closes that half of the
// connection below, for clients that wait for its end.
func (c *private) CloseWrite() error {
	defer c.limit()()
	err := c.Conn.CloseWrite()
	if half, ok := c.NetConn().(interface{ CloseWrite() error }); ok && err == nil {
		err = half.CloseWrite()
	}
	return err
}

// limit closes the connection below after closeTime, unless what it returns was called.
func (c *private) limit() func() bool {
	return time.AfterFunc(closeTime, func() { _ = c.NetConn().Close() }).Stop
}

// Binding implements server.Private.
func (c *private) Binding(kind string) []byte {
	switch kind {
	case "tls-exporter":
		return c.exporter()
	case "tls-server-end-point":
		return c.endpoint
	}
	return nil
}

// exporter is the binding of RFC 9266. Its context is of no octets: in TLS 1.2 that is
// another than none (RFC 5705, 4). TLS 1.2 must have the extended master secret (RFC
// 7627, 5.4), without which crypto/tls refuses; it knows no renegotiation in a server.
func (c *private) exporter() []byte {
	s := c.ConnectionState()
	b, err := s.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, 32)
	if err != nil {
		return nil
	}
	return b
}

// endpoint is the binding of RFC 5929, 4.1: the certificate's hash, by the hash function
// of its signature, where MD5 and SHA-1 become SHA-256. A signature without one of its own
// (Ed25519) has no such binding.
func endpoint(leaf *x509.Certificate) []byte {
	var h crypto.Hash
	switch leaf.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.DSAWithSHA256, x509.ECDSAWithSHA256:
		h = crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		h = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		h = crypto.SHA512
	default:
		return nil
	}
	sum := h.New()
	sum.Write(leaf.Raw)
	return sum.Sum(nil)
}
