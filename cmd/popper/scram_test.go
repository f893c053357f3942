package main_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// SCRAM (RFC 5802, RFC 7677) against implementations that are not ours: GNU SASL by its
// program gsasl, mpop and mutt, which use its library too, Perl's Authen::SCRAM, and a
// client in Python that computes everything from hashlib.

// scrammed gives ann a hash for SCRAM.
func (s *site) scrammed() {
	s.t.Helper()
	p := start(s.t, func(c *exec.Cmd) { c.Stdin = strings.NewReader(secret + "\n") },
		binary, "passwd", "--algorithm", "scram-sha-256", s.passwd, "ann")
	if p.code() != 0 {
		s.t.Fatal(p.out.String())
	}
}

// talker is a program that a test talks with.
type talker struct {
	*process
	in io.WriteCloser
}

func talk(t *testing.T, name string, args ...string) talker {
	t.Helper()
	var in io.WriteCloser
	p := start(t, func(c *exec.Cmd) {
		var err error
		if in, err = c.StdinPipe(); err != nil {
			t.Fatal(err)
		}
	}, name, args...)
	return talker{p, in}
}

func (p talker) say(line string) { _, _ = io.WriteString(p.in, line+"\n") }

// gsasl is GNU SASL as a client. binding is the tls-exporter of its connection, nil for a
// client that binds nothing.
func gsasl(t *testing.T, mechanism, password string, binding []byte) talker {
	t.Helper()
	args := []string{"--client", "--quiet", "--mechanism", mechanism, "-a", "ann", "-p", password}
	if binding == nil {
		return talk(t, need(t, "gsasl"), append(args, "--no-cb")...)
	}
	p := talk(t, need(t, "gsasl"), args...)
	p.find("Enter base64 encoded tls-exporter channel binding: ")
	p.say(base64.StdEncoding.EncodeToString(binding))
	return p
}

// response is the n-th that gsasl makes, from 1.
func (p talker) response(n int) string {
	p.t.Helper()
	return p.find(`\ASCRAM[^\n]*\n(?:Enter[^\n]*: )?` + strings.Repeat(`[^\n]*\n`, n-1) + `([A-Za-z0-9+/=]*)\n`)[1]
}

// trusts waits until gsasl has checked that the server knows the user: then it has an
// empty response, else it gives up.
func (p talker) trusts() { p.t.Helper(); p.response(3) }

// scram holds a login by SCRAM between gsasl and the server; it returns the last reply.
func (c *client) scram(p talker, mechanism string) string {
	c.t.Helper()
	first := c.ask("AUTH "+mechanism+" "+p.response(1), "")
	if !strings.HasPrefix(first, "+ ") {
		return first
	}
	p.say(first[2:])
	final := c.ask(p.response(2), "")
	if !strings.HasPrefix(final, "+ ") {
		return final
	}
	p.say(final[2:])
	p.trusts()
	return c.ask("", "")
}

// R5034-AUTH-1: SCRAM-SHA-256 in the clear, with the right password and with a wrong one.
func TestScramGsasl(t *testing.T) {
	s := newSite(t)
	s.scrammed()
	p, addr := s.listen("-d")
	c := dial(t, addr)
	if capa := c.capa(); !has(capa, "SASL SCRAM-SHA-256") || strings.Contains(fmt.Sprint(capa), "-PLUS") {
		t.Errorf("%q", capa)
	}
	if got := c.scram(gsasl(t, "SCRAM-SHA-256", secret+"x", nil), "SCRAM-SHA-256"); !strings.HasPrefix(got, "-ERR [AUTH]") {
		t.Errorf("a wrong password: %q", got)
	}
	if got := c.scram(gsasl(t, "SCRAM-SHA-256", secret, nil), "SCRAM-SHA-256"); !strings.HasPrefix(got, "+OK") {
		t.Fatalf("%q", got)
	}
	c.ask("RETR 1", "+OK")
	if got := c.lines(); got != crlf(messages[0]) {
		t.Errorf("%q", got)
	}
	c.ask("QUIT", "+OK")
	if out := p.out.String(); strings.Contains(out, "Xyzzy") || !strings.Contains(out, "AUTH SCRAM-SHA-256 ****") {
		t.Errorf("the log: %s", out)
	}
}

// R5034-AUTH-1: SCRAM-SHA-256-PLUS, bound by tls-exporter to the connection that it runs
// on; a binding to another connection, as that of a machine in the middle, is refused,
// and so is a client that was made to believe there was no PLUS.
func TestScramPlusGsasl(t *testing.T) {
	s := newSite(t)
	s.scrammed()
	x := s.secure()
	const plus = "SCRAM-SHA-256-PLUS"
	for _, version := range versions {
		for name, way := range x.ways() {
			c, _ := way(t, x.client(version))
			state := c.ReadWriteCloser.(*tls.Conn).ConnectionState()
			binding, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, 32)
			if err != nil {
				t.Fatal(err)
			}
			if capa := c.capa(); !has(capa, "SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256") {
				t.Errorf("%q", capa)
			}
			other := make([]byte, 32)
			for what, got := range map[string]string{
				"another connection's binding": c.scram(gsasl(t, plus, secret, other), plus),
				"a wrong password":             c.scram(gsasl(t, plus, secret+"x", binding), plus),
				"no binding for PLUS":          c.scram(gsasl(t, "SCRAM-SHA-256", secret, nil), plus),
			} {
				if !strings.HasPrefix(got, "-ERR") {
					t.Errorf("%s, %s: %q", name, what, got)
				}
			}
			if got := c.scram(gsasl(t, plus, secret, binding), plus); !strings.HasPrefix(got, "+OK") {
				t.Errorf("%s, %s: %q", name, tls.VersionName(version), got)
			}
			c.ask("STAT", "+OK 3 ")
			c.ask("QUIT", "+OK")
			c.end()
		}
	}
}

// R5034-AUTH-1: nothing of Go takes part in the client: TLS and its exporter are those of
// OpenSSL, SCRAM is that of GNU SASL.
func TestScramPlusOpenSSL(t *testing.T) {
	program := need(t, "openssl")
	need(t, "gsasl")
	s := newSite(t)
	s.scrammed()
	x := s.secure()
	o := talk(t, program, "s_client", "-connect", x.plain, "-starttls", "pop3", "-CAfile", x.authority, "-verify_return_error",
		"-tls1_3", "-nocommands", "-ign_eof", "-crlf", "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32")
	binding, err := hex.DecodeString(o.find(`Keying material: ([0-9A-F]{64})`)[1])
	if err != nil {
		t.Fatal(err)
	}
	const plus = "SCRAM-SHA-256-PLUS"
	g := gsasl(t, plus, secret, binding)
	o.say("AUTH " + plus + " " + g.response(1))
	g.say(o.find(`\+ ([A-Za-z0-9+/=]+)\r?\n`)[1])
	o.say(g.response(2))
	g.say(o.find(`\+ [A-Za-z0-9+/=]+\r?\n\+ ([A-Za-z0-9+/=]+)\r?\n`)[1])
	g.trusts()
	o.say("")
	o.find(`\+OK maildrop has 3 messages`)
	o.say("QUIT")
	if code := o.code(); code != 0 || strings.Contains(o.out.String(), "unexpected eof") {
		t.Errorf("exit code %d, %s", code, tail(o.out.String()))
	}
}

// R5034-AUTH-1: mail programs that know SCRAM, in the clear and over TLS.
func TestScramPrograms(t *testing.T) {
	for _, implicit := range []bool{false, true} {
		for name, fetch := range map[string]fetch{
			"mpop": func(x *secured, implicit bool) []string { return mpop(x, implicit, "auth scram-sha-256") },
			"mutt": func(x *secured, implicit bool) []string { return mutt(x, implicit, "scram-sha-256") },
		} {
			t.Run(fmt.Sprint(name, " TLS ", implicit), func(t *testing.T) {
				s := newSite(t)
				s.scrammed()
				s.write(s.mailbox, mailbox(letters))
				x := s.secure("-d")
				same(t, fetch(x, implicit), letters)
				if out := x.p.out.String(); !strings.Contains(out, "AUTH SCRAM-SHA-256\"") || strings.Contains(out, "PASS ****") {
					t.Errorf("not by SCRAM: %s", out)
				}
			})
		}
	}
}

// scramPerl logs in with Authen::SCRAM, and then with a wrong password.
const scramPerl = `
use IO::Socket::INET; use MIME::Base64; use Authen::SCRAM::Client;
my ($addr, $password) = @ARGV;
for my $wrong ("x", "") {
	my $s = IO::Socket::INET->new($addr) or die "$!";
	my $ask = sub { print $s "$_[0]\r\n" if @_; my $l = <$s>; $l =~ s/\r\n//; $l };
	$ask->() =~ /^\+OK/ or die;
	my $c = Authen::SCRAM::Client->new(username => "ann", password => $password . $wrong, digest => "SHA-256");
	my $l = $ask->("AUTH SCRAM-SHA-256 " . encode_base64($c->first_msg, ""));
	$l =~ s/^\+ // or die $l;
	$l = $ask->(encode_base64($c->final_msg(decode_base64($l)), ""));
	if ($wrong) { $l =~ /^-ERR \[AUTH\]/ or die "wrong password: $l"; $ask->("QUIT"); next }
	$l =~ s/^\+ // or die $l;
	$c->validate(decode_base64($l)) or die "the server";
	$ask->("") =~ /^\+OK/ or die;
	$ask->("STAT") =~ /^\+OK 3 / or die;
	$ask->("QUIT") =~ /^\+OK/ or die;
}
`

func TestScramPerl(t *testing.T) {
	perl := need(t, "perl")
	if exec.Command(perl, "-MAuthen::SCRAM::Client", "-e", "1").Run() != nil {
		skip(t, "Authen::SCRAM")
	}
	s := newSite(t)
	s.scrammed()
	_, addr := s.listen()
	p := start(t, nil, perl, "-e", scramPerl, addr, secret)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d, %s", code, p.out.String())
	}
}

// scramPython logs in over TLS: bound by tls-server-end-point (RFC 5929), to the right
// certificate and to another one; not bound; and as a client that could bind but believes
// the server has not offered it ("y"): somebody between has lied to it (RFC 5802, 6).
const scramPython = `
import base64, hashlib, hmac, os, poplib, ssl, sys
host, port, authority, password = sys.argv[1:]
mac = lambda k, m: hmac.new(k, m, hashlib.sha256).digest()
b64 = lambda b: base64.b64encode(b).decode()
def login(m, mechanism, gs2, end):
    bare = b"n=ann,r=" + base64.b64encode(os.urandom(18))
    m._putcmd("AUTH " + mechanism + " " + b64(gs2 + bare))
    line = m._getline()[0]
    if line.startswith(b"-ERR"):
        return False
    first = base64.b64decode(line[2:])
    f = dict(x.split(b"=", 1) for x in first.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(f[b"s"]), int(f[b"i"]))
    key = mac(salted, b"Client Key")
    without = b"c=" + base64.b64encode(gs2 + end) + b",r=" + f[b"r"]
    message = bare + b"," + first + b"," + without
    signature = mac(hashlib.sha256(key).digest(), message)
    proof = bytes(a ^ b for a, b in zip(key, signature))
    m._putcmd(b64(without + b",p=" + base64.b64encode(proof)))
    line = m._getline()[0]
    if line.startswith(b"-ERR"):
        return False
    assert base64.b64decode(line[2:]) == b"v=" + base64.b64encode(mac(mac(salted, b"Server Key"), message)), line
    m._putcmd("")
    assert m._getline()[0].startswith(b"+OK")
    assert m.stat()[0] == 3
    return True
for mechanism, gs2, flip, want in (
    ("SCRAM-SHA-256-PLUS", b"p=tls-server-end-point,,", 1, False),
    ("SCRAM-SHA-256-PLUS", b"p=tls-server-end-point,,", 0, True),
    ("SCRAM-SHA-256-PLUS", b"p=tls-unique,,", 0, False),
    ("SCRAM-SHA-256-PLUS", b"n,,", None, False),
    ("SCRAM-SHA-256", b"y,,", None, False),
    ("SCRAM-SHA-256", b"n,,", None, True),
):
    m = poplib.POP3_SSL(host, int(port), context=ssl.create_default_context(cafile=authority), timeout=30)
    end = b""
    if flip is not None:
        end = hashlib.sha256(m.sock.getpeercert(True)).digest()
        end = end[:-1] + bytes([end[-1] ^ flip])
    got = login(m, mechanism, gs2, end)
    assert got == want, (mechanism, gs2, flip, got)
    m.quit()
`

// R5034-AUTH-1
func TestScramPython(t *testing.T) {
	python := need(t, "python3")
	s := newSite(t)
	s.scrammed()
	x := s.secure()
	host, port := x.at(true)
	p := start(t, nil, python, "-c", scramPython, host, port, x.authority, secret)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d, %s", code, p.out.String())
	}
}
