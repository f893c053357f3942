package server

import (
	"crypto/rand"

	"popper/parser"
)

// timestamp is that of one greeting, like no other; "" if APOP is not offered
// (R1081-GREET-1, R1939-APOP-1).
func timestamp(c *Config) string {
	if c.Digests == nil || !c.speaks(parser.DialectRfc1939) {
		return ""
	}
	host := c.Host
	if host == "" {
		host = "localhost"
	}
	return "<" + rand.Text() + "@" + host + ">"
}

// Apop: R1939-APOP-1.
func (d *dialog) Apop(c *parser.Command) outcome {
	d.name = string(c.Name)
	return d.judge(d.config.Digests.Check(d.ctx, d.name, d.stamp, c.Digest))
}
