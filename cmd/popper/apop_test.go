package main_test

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net"
	"regexp"
	"testing"
)

// digest is the answer of APOP.
func digest(stamp, secret string) string { return fmt.Sprintf("%x", md5.Sum([]byte(stamp+secret))) }

// plain is the response of SASL PLAIN.
func plain(name, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + name + "\x00" + secret))
}

var stampShape = regexp.MustCompile(`^\+OK [^<>]*(<[^<> @]+@[^<> @]+>)$`)

// stamped reads a greeting with a timestamp.
func stamped(t *testing.T, conn net.Conn) (c *client, stamp string) {
	t.Helper()
	c = over(t, conn)
	g := c.line()
	m := stampShape.FindStringSubmatch(g)
	if m == nil {
		t.Fatalf("greeting %q", g)
	}
	return c, m[1]
}
