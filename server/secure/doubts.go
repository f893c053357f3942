package secure

import (
	"bytes"
	"crypto/rsa"
	"log/slog"
	"time"
)

// doubts warns of what is served as it is, but may not please clients.
func (g *generation) doubts(file string, log *slog.Logger) {
	leaf := g.leaf
	if key, ok := leaf.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < minRSA {
		log.Warn("many clients refuse so small an RSA key; make a new one", "file", file, "bits", key.N.BitLen(), "least", minRSA)
	}
	if len(g.chain) == 1 && !bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
		log.Warn("the certificates between this one and its authority are not in the file; clients will refuse it unless they know its issuer themselves. Of certbot's files, use fullchain.pem",
			"file", file, "issuer", leaf.Issuer.String())
	}
	for i, c := range g.chain[1:] {
		if !bytes.Equal(g.chain[i].RawIssuer, c.RawSubject) {
			log.Warn("the certificates in the file are not in order: each must be followed by the one that signed it; some clients refuse what is not",
				"file", file, "number", i+2, "subject", c.Subject.String(), "expected", g.chain[i].Issuer.String())
			return
		}
	}
}

// reminder is one that was given; there is one a day for each certificate.
type reminder struct {
	g   *generation
	day int64
}

// remindLocked tells the log, once a day, that clients refuse the certificate for its
// time, or soon will.
func (p *KeyPair) remindLocked() {
	g, now := p.serving.Load(), p.now()
	r := reminder{g, now.Unix() / (24 * 60 * 60)}
	if r == p.reminded {
		return
	}
	log := p.log.With("file", p.certFile, "from", g.from, "until", g.until)
	switch {
	case now.Before(g.from):
		log.Warn("the certificate is not valid yet: clients refuse it; is this machine's clock right?")
	case now.After(g.until):
		log.Error("the certificate, or one of its chain, has expired: clients refuse it; renew it")
	case now.After(g.until.Add(-g.notice())):
		log.Warn("the certificate, or one of its chain, expires soon; does its renewal work?", "left", g.until.Sub(now).Round(time.Minute))
	default:
		return
	}
	p.reminded = r
}

// notice is how long before the end one is warned.
func (g *generation) notice() time.Duration {
	return min(expiryNotice, g.until.Sub(g.from)/expiryShare)
}
