package server

import (
	"crypto/rand"
	"regexp"

	"popper/parser"
)

// timestamp is that of one greeting, like no other; "" if APOP is not offered
// (R1081-GREET-1, R1939-APOP-1).
//
// Residual risk: with Config.RequireTLS it is sent in the clear, too, since there is no
// second greeting behind STLS. A program that knows no TLS then answers with its digest,
// which is refused; but whoever listened can try guesses at the secret against it.
func timestamp(c *Config) string {
	if c.Digests == nil || !c.Digests.HasSecrets() || !c.speaks(parser.DialectRfc1939) {
		return ""
	}
	host := c.Host
	if !hostShape.MatchString(host) {
		host = "localhost"
	}
	return "<" + rand.Text() + "@" + host + ">"
}

// hostShape is that of names which no client stumbles over.
var hostShape = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Apop: R1939-APOP-1.
func (d *dialog) Apop(c *parser.Command) outcome {
	d.name = string(c.Name)
	return d.judge(d.config.Digests.Check(d.ctx, d.name, d.stamp, c.Digest))
}
