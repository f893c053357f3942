package main_test

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strings"
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

const shared = "tan staaf: a long shared secret" // spaces and a colon belong to it

// digests adds APOP to a site.
func (s *site) digests(lines string) []string {
	s.write(s.dir+"/apop", lines)
	return []string{"--apop-secrets", s.dir + "/apop"}
}

// R1939-APOP-1, R1081-GREET-1: each greeting has another timestamp, and the digest of
// one is worth nothing in another session. A wrong secret and a user without one are
// told alike, and no secret gets into the log.
func TestApop(t *testing.T) {
	s := newSite(t)
	s.write(s.passwd, "ann:"+hash+"\nbob:"+hash+"\neve:!"+hash+"\n")
	p, addr := s.listen(append(s.digests("ann:"+shared+"\neve:"+shared+"\nnobody:"+shared+"\n"), "-d")...)
	first, stamp := stamped(t, connect(t, addr))
	second, other := stamped(t, connect(t, addr))
	if stamp == other {
		t.Fatalf("%s twice", stamp)
	}
	denied := second.ask("APOP ann "+digest(stamp, shared), "-ERR [AUTH]")
	for _, command := range []string{
		"APOP ann " + digest(other, shared+" "), "APOP ann " + digest(other, ""), "APOP bob " + digest(other, secret),
		"APOP eve " + digest(other, shared), "APOP nobody " + digest(other, shared), "APOP stranger " + digest(other, shared),
	} {
		if got := second.ask(command, "-ERR [AUTH]"); got != denied {
			t.Errorf("%s: %q, another is told %q", command, got, denied)
		}
	}
	second.ask("APOP ann", "-ERR")
	second.ask("APOP ann "+digest(other, shared), "+OK")
	second.ask("APOP ann "+digest(other, shared), "-ERR") // R1081-STATE-1
	second.ask("QUIT", "+OK")
	first.ask("APOP ann "+digest(stamp, shared), "+OK")
	first.ask("RETR 1", "+OK")
	if got := first.lines(); got != crlf(messages[0]) {
		t.Errorf("%q", got)
	}
	first.ask("QUIT", "+OK")
	first.end()
	if out := p.out.String(); strings.Contains(out, "staaf") || strings.Contains(out, digest(other, shared)) || !strings.Contains(out, "APOP ann ****") {
		t.Errorf("the log: %s", out)
	}
}

// R1939-APOP-1: mail programs that know APOP, with the right secret and with a wrong one.
func TestApopPrograms(t *testing.T) {
	for name, fetch := range map[string]func(x *secured, program, host, port, secret string) (code int, got []string){
		"mpop": func(x *secured, program, host, port, secret string) (int, []string) {
			p := start(t, at(x.dir), program, x.mpopConf(host, port, "tls off", "auth apop", secret)...)
			return p.code(), x.collect("md/new/*")
		},
		"curl": func(x *secured, program, host, port, secret string) (int, []string) {
			var got []string
			for i := range letters {
				p := start(t, at(x.dir), program, "-sS", "--login-options", "AUTH=+APOP", "-u", "ann:"+secret, "-o", fmt.Sprint(x.dir, "/out", i+1),
					fmt.Sprintf("pop3://%s:%s/%d", host, port, i+1))
				if code := p.code(); code != 0 {
					return code, nil
				}
				got = append(got, x.collect(fmt.Sprint("out", i+1))...)
			}
			return 0, got
		},
		"fetchmail": func(x *secured, program, host, port, secret string) (int, []string) {
			x.mkdirs("out")
			x.write(x.dir+"/rc", fmt.Sprintf(`poll %s service %s protocol apop
  username "ann" password "%s" sslproto "" keep fetchall no rewrite
  mda "cat >$(mktemp %s/out/XXXXXX)"
`, host, port, secret, x.dir))
			p := start(t, at(x.dir), program, "-f", x.dir+"/rc", "--pidfile", x.dir+"/pid", "--nosyslog", "--nodetach", "--invisible")
			return p.code(), x.collect("out/*")
		},
	} {
		t.Run(name, func(t *testing.T) {
			program := need(t, name)
			s := newSite(t)
			s.write(s.mailbox, mailbox(letters))
			x := &secured{site: s}
			x.p, x.plain = s.listen(append(s.digests("ann:"+shared+"\n"), "-d")...)
			host, port, err := net.SplitHostPort(x.plain)
			if err != nil {
				t.Fatal(err)
			}
			code, got := fetch(x, program, host, port, shared+"x")
			if code == 0 || len(got) > 0 {
				t.Errorf("with a wrong secret: exit code %d, %d letters", code, len(got))
			}
			code, got = fetch(x, program, host, port, shared)
			if code != 0 {
				t.Errorf("exit code %d", code)
			}
			same(t, got, letters)
			if out := x.p.out.String(); !strings.Contains(out, "APOP ann ****") || strings.Contains(out, "PASS ****") {
				t.Errorf("not by APOP: %s", out)
			}
		})
	}
}

// at starts a mail program at home in a directory.
func at(dir string) func(*exec.Cmd) {
	return func(c *exec.Cmd) { c.Dir, c.Env = dir, []string{"HOME=" + dir, "PATH=/usr/bin:/bin", "USER=ann"} }
}
