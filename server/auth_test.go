package server

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"popper/parser"
)

// R5034-AUTH-1: a bare AUTH lists what there is, in the form of RFC 1734's successor and
// of the clients that ask so before they know CAPA.
func TestAuthLists(t *testing.T) {
	withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
		for _, line := range []string{"AUTH", "auth ", "AUTH\t"} {
			if got := p.lines(line); strings.Join(got, " ") != "RIDDLE" {
				t.Errorf("%q: %q", line, got)
			}
		}
		p.ok("USER mrose")
		p.ok("AUTH")
		p.body()
		p.ok("PASS " + secret) // listing changes nothing
	})
}

// R5034-AUTH-1: step by step, with an initial response, and in any case.
func TestAuth(t *testing.T) {
	for _, begin := range []struct{ line, challenge string }{
		{"AUTH RIDDLE", "name?"},
		{"auth riddle " + b64("mrose"), "secret of mrose?"},
	} {
		withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
			p.more(begin.line, begin.challenge)
			if begin.challenge == "name?" {
				p.more(b64("mrose"), "secret of mrose?")
			}
			p.exact(b64(secret), "+OK maildrop has 2 messages (320 octets)")
			p.exact("STAT", "+OK 2 320")
			p.err("AUTH RIDDLE") // R1081-STATE-1
			p.quit()
			if log := s.log.String(); strings.Contains(log, secret) || strings.Contains(log, b64("mrose")) || strings.Contains(log, b64(secret)) {
				t.Errorf("a response is in the log:\n%s", log)
			}
		})
	}
}

// R5034-AUTH-1: "=" is an initial response without an octet, which is not the same as none.
func TestAuthEmptyInitialResponse(t *testing.T) {
	withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
		p.exact("AUTH RIDDLE =", "-ERR that is not what the mechanism expects")
		p.more("AUTH RIDDLE", "name?")
		p.exact("=", "-ERR that is not what the mechanism expects")
		p.more("AUTH RIDDLE", "name?")
		p.exact("", "-ERR that is not what the mechanism expects")
		p.ok("USER mrose") // the session goes on
	})
}

// R5034-AUTH-1: what ends an exchange changes nothing.
func TestAuthEnds(t *testing.T) {
	for line, reply := range map[string]string{
		"*":                               "-ERR login cancelled",
		"?":                               "-ERR that is not Base64",
		"bXJvc2U":                         "-ERR that is not Base64", // without its padding
		"bXJvc2V=":                        "-ERR that is not Base64", // with bits behind the end
		"bXJv c2U=":                       "-ERR that is not Base64",
		" bXJvc2U=":                       "-ERR that is not Base64",
		strings.Repeat("A", 16<<10+4):     "-ERR response longer than 16384 octets",
		strings.Repeat("A", 16<<10+1):     "-ERR response longer than 16384 octets",
		strings.Repeat("A", 1<<20):        "-ERR response longer than 16384 octets",
		strings.Repeat("A", 16<<10) + "=": "-ERR response longer than 16384 octets",
	} {
		withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
			p.more("AUTH RIDDLE", "name?")
			p.exact(line, reply)
			p.exact("PASS "+secret, "-ERR PASS is not valid in authorization state")
			p.ok("USER mrose")
			p.ok("PASS " + secret)
		})
	}
}

// The longest response is read.
func TestAuthLongResponse(t *testing.T) {
	name := strings.Repeat("n", 12288) // 16384 octets of Base64
	withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
		p.more("AUTH RIDDLE", "name?")
		p.more(b64(name), "secret of "+name+"?")
		p.exact("*", "-ERR login cancelled")
	})
}

// Mail programs send long tokens with the command, in one line, although they should
// wait (RFC 5034): up to the command's own limit, in pieces or at once, and with more
// behind it.
func TestAuthLongCommand(t *testing.T) {
	for _, size := range []int{100, 240, 241, 242, 500, 2000, 12285 - 9} {
		name := strings.Repeat("n", size)
		withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
			line := "AUTH RIDDLE " + b64(name)
			p.more(line, "secret of "+name+"?")
			p.exact("*", "-ERR login cancelled")
			go func() { _, _ = io.WriteString(p.conn, line+"\r\n*\r\nUSER mrose\r\nPASS "+secret+"\r\n") }()
			p.expect("+ " + b64("secret of "+name+"?"))
			p.expect("-ERR login cancelled")
			p.expect("+OK send your password")
			p.expect("+OK maildrop has 2 messages (320 octets)")
		})
	}
	withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
		p.exact("AUTH RIDDLE "+strings.Repeat("A", parser.MaxLine), "-ERR line longer than 255 octets")
		p.exact("AUTH RIDDLE "+strings.Repeat("A", 255)+"?", "-ERR line longer than 255 octets")
		p.exact("USER "+strings.Repeat("A", 255), "-ERR line longer than 255 octets")
		p.ok("USER mrose")
	})
}

// BERK-AUTH-1: denied logins count, whatever the command, and end the session. A
// challenge that goes with the denial is sent first, and what the client says to it does
// not matter.
func TestAuthDenied(t *testing.T) {
	for _, answer := range []string{b64("?"), "", "*", "not Base64", strings.Repeat("A", 20<<10)} {
		withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
			p.more("AUTH RIDDLE "+b64("mrose"), "secret of mrose?")
			p.more(b64("wrong"), "no")
			p.exact(answer, "-ERR [AUTH] wrong name or password")
			p.ok("USER mrose")
		})
	}
	withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
		p.ok("USER mrose")
		p.err("PASS wrong")
		for range DefaultLoginFailures - 1 {
			p.more("AUTH RIDDLE "+b64("root"), "secret of root?")
			p.more(b64("wrong"), "no")
			p.exact("", "-ERR [AUTH] wrong name or password")
		}
		p.gone()
		if log := s.log.String(); strings.Count(log, "login failed") != DefaultLoginFailures || strings.Count(log, "claimed=root") != DefaultLoginFailures-1 {
			t.Errorf("log:\n%s", log)
		}
	})
}

// RFC 5034, section 4: after a failure the session goes on as if AUTH had not been given. So
// PASS is for the one whom USER named, not for whom the exchange did.
func TestPassAfterFailedAuth(t *testing.T) {
	for _, end := range []string{"*", "?", b64("wrong"), ""} {
		withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
			p.ok("USER mrose")
			p.more("AUTH RIDDLE "+b64("root"), "secret of root?")
			if got := p.ask(end); got == "+ "+b64("no") {
				p.err("")
			}
			p.exact("PASS "+secret, "+OK maildrop has 2 messages (320 octets)")
			if log := s.log.String(); strings.Contains(log, "user=root") {
				t.Errorf("log:\n%s", log)
			}
		})
	}
}

// A client that goes away when it is denied has failed all the same.
func TestAuthDeniedAndGone(t *testing.T) {
	withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
		p.more("AUTH RIDDLE "+b64("mrose"), "secret of mrose?")
		p.more(b64("wrong"), "no")
		p.drop()
		s.awaitEnd()
		if log := s.log.String(); !strings.Contains(log, "login failed") {
			t.Errorf("log:\n%s", log)
		}
	})
}

// An exchange that waits is bounded like a command: by a whole line in time, and by the
// time until login.
func TestAuthWaits(t *testing.T) {
	withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
		p.more("AUTH RIDDLE", "name?")
		p.goneAfter(DefaultIdleTimeout)
	})
}

// R1081-LINE-4: an exchange that is pipelined, split at each octet.
func TestAuthSplit(t *testing.T) {
	whole := "AUTH RIDDLE\r\n" + b64("mrose") + "\r\n" + b64(secret) + "\nSTAT\r\nQUIT\r\n"
	want := "+OK popper ready\r\n+ " + b64("name?") + "\r\n+ " + b64("secret of mrose?") + "\r\n+OK maildrop has 2 messages (320 octets)\r\n" +
		"+OK 2 320\r\n+OK popper signing off, 0 messages removed\r\n"
	for i := range len(whole) {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, two, riddles)
			if got := s.run(t, whole[:i], whole[i:]); got != want {
				t.Errorf("split at %d: %q", i, got)
			}
		})
	}
}

// A connection that ends in an exchange ends the session alone.
func TestAuthDropped(t *testing.T) {
	withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
		p.more("AUTH RIDDLE", "name?")
		p.drop()
		s.awaitEnd()
		q := s.login(t)
		q.quit()
	})
}

// Without mechanisms there is no AUTH, and nothing announces it.
func TestNoAuth(t *testing.T) {
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		p.exact("AUTH", "-ERR AUTH is not offered here")
		p.exact("AUTH PLAIN", "-ERR AUTH is not offered here")
		if got := p.capabilities(); strings.Contains(got, "SASL") {
			t.Errorf("CAPA: %s", got)
		}
	})
}

// R5034-AUTH-1: clients probe for mechanisms; the answer lets them go on to USER.
func TestUnknownMechanism(t *testing.T) {
	withConfig(t, riddles, func(t *testing.T, s *site, p *client) {
		for _, m := range []string{"LOGIN", "NTLM", "CRAM-MD5", "GSSAPI", "TWINKIE", "RIDDLE-PLUS", "RIDDL", strings.Repeat("X", 240)} {
			p.exact("AUTH "+m, "-ERR no such mechanism: AUTH alone lists those that there are")
		}
		p.ok("USER mrose")
		p.ok("PASS " + secret)
	})
}
