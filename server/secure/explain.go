package secure

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// failure is an error in words for the administrator. What crypto/tls says of it may
// quote the client, and is left to errors.Is.
type failure struct {
	why string
	err error
}

func (f *failure) Error() string { return "TLS: " + f.why }
func (f *failure) Unwrap() error { return f.err }

// explain tells why a handshake failed, and whose settings mend it. hello is nil if the
// client did not send its first message.
func explain(err error, hello *tls.ClientHelloInfo, g *generation) string {
	var header tls.RecordHeaderError
	why := alerted(err)
	switch {
	case why != "":
		return why
	case errors.Is(err, errSlow) && hello == nil:
		return "the client did not begin a handshake within " + handshakeTime.String() + "; perhaps it waits for the greeting of plain POP3: in its settings, SSL/TLS goes with port 995, STARTTLS or none with port 110"
	case errors.Is(err, errSlow):
		return "the handshake took longer than " + handshakeTime.String()
	case hello == nil && errors.As(err, &header):
		return notTLS(header.RecordHeader)
	case isGone(err) && hello == nil:
		return "the client closed the connection before a handshake had begun; port scans and health checks do so"
	case isGone(err):
		return "the client closed the connection within the handshake; perhaps it does not trust the certificate"
	case hello != nil && isBadMAC(err):
		return "the client broke the handshake off, or it was changed on its way. The client perhaps does not trust this certificate: " + stranger
	case hello != nil:
		return disagreement(err, hello, g)
	}
	return escape(err.Error())
}

// isBadMAC tells whether the client's words could not be decrypted. Clients with OpenSSL
// say in the clear, against TLS 1.3, that they do not trust a certificate.
func isBadMAC(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "local error" && op.Err.Error() == tls.AlertError(20).Error()
}

// isGone tells whether the client hung up.
func isGone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// disagreement tells what client and server do not have in common.
func disagreement(err error, hello *tls.ClientHelloInfo, g *generation) string {
	best := newest(hello.SupportedVersions)
	hello.ServerName = "" // the check below would compare it with the certificate's names
	switch {
	case best == 0:
		return "the client offers no version of TLS that is known"
	case best < tls.VersionTLS12:
		return "the client offers only " + tls.VersionName(best) + ", which protects nothing any more; TLS 1.2 is the least: update it, or its system"
	case len(hello.SupportedProtos) > 0 && !slices.Contains(hello.SupportedProtos, protocol):
		return "the client wants to speak another protocol than POP3 (ALPN): its port setting is wrong, or somebody led its connection here"
	case hello.SupportsCertificate(&g.config.Certificates[0]) != nil:
		return "the client and this certificate's key have no algorithm in common; a certificate for an RSA key is what the most clients can use"
	}
	return escape(err.Error())
}

// newest is the highest version of TLS or SSL in the list, 0 if there is none. Clients
// put made-up numbers between them (GREASE, RFC 8701).
func newest(versions []uint16) uint16 {
	var best uint16
	for _, v := range versions {
		if 0x0300 <= v && v <= tls.VersionTLS13 {
			best = max(best, v)
		}
	}
	return best
}

// notTLS tells what the first octets of a connection are, if they are not TLS.
func notTLS(header [5]byte) string {
	switch {
	case isPOP3(header):
		return "the client speaks plain POP3 where TLS must begin: in its settings, SSL/TLS goes with port 995, STARTTLS or none with port 110"
	case header[0] == 0x80:
		return "the client begins with SSL 2.0; TLS 1.2 is the least: update it, or its system"
	}
	return "what the client sent is not TLS; another program, or a scan, uses the wrong port"
}

// spokePOP3 tells whether a handshake failed because of isPOP3.
func spokePOP3(err error) bool {
	var header tls.RecordHeaderError
	return errors.As(err, &header) && header.Conn != nil && isPOP3(header.RecordHeader)
}

// isPOP3 tells whether a connection that begins with these octets is one of a POP3 client.
func isPOP3(header [5]byte) bool {
	switch strings.ToUpper(string(header[:4])) {
	case "CAPA", "AUTH", "USER", "APOP", "STLS", "NOOP", "QUIT":
		return header[4] == ' ' || header[4] == '\r' || header[4] == '\n'
	}
	return false
}

// alerts is what clients say of a server (RFC 8446, 6), by crypto/tls's words for it:
// the number itself is in a type that is not exported.
var alerts = func() map[string]string {
	texts := make(map[string]string)
	for number, text := range map[tls.AlertError]string{
		40:  "the client finds no algorithm in common",
		42:  untrusted + stranger,
		43:  untrusted + "it is of a kind that it does not know; one for an RSA key is what the most clients can use",
		44:  untrusted + "it was revoked; get a new one",
		45:  untrusted + "it has expired, or the clock of the client is wrong",
		46:  untrusted + "perhaps the certificate is for another host name than the one in the client's settings, or must be accepted there",
		48:  untrusted + "it does not know who signed it. Either the certificates between it and the authority are not in the file (of certbot's files, use fullchain.pem), or it is self-signed and must be accepted in the client",
		49:  "the client refuses this server",
		70:  "the client accepts no version of TLS from 1.2 on: update it, or its system",
		71:  "the client finds the algorithms or the key not strong enough; an RSA key must have 2048 bits or more",
		80:  "the client reports an error of its own",
		90:  "the user of the client cancelled",
		109: "the client misses an extension",
		112: "the client says that it does not know this server's name",
		116: "the client wants a certificate of its own to be asked for",
		120: "the client does not accept POP3 as the protocol (ALPN)",
	} {
		texts[number.Error()] = text
	}
	return texts
}()

const (
	untrusted = "the client does not trust this certificate: "
	stranger  = "it does not know who signed it (self-signed, or of certbot's files not fullchain.pem), or finds another host name in it than in its settings"
)

// alerted explains an alert that the client sent; "" if err is something else.
func alerted(err error) string {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" || op.Err == nil {
		return ""
	}
	if text, known := alerts[op.Err.Error()]; known {
		return text
	}
	return "the client gave up: " + escape(op.Err.Error())
}

// escape makes a text fit for the log.
func escape(s string) string {
	s = strings.TrimPrefix(s, "tls: ")
	q := strconv.QuoteToASCII(s[:min(len(s), maxLogged)])
	return q[1 : len(q)-1]
}
