package secure

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"popper/server/secure/securetest"
)

// another is a TLS implementation that is not ours.
type another struct {
	*fixture
	t    *testing.T
	root string
}

func openssl(t *testing.T, cert *securetest.Pair) *another {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("SKIP: openssl is not installed")
	}
	root := filepath.Join(t.TempDir(), "root.pem")
	write(t, root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Root().Raw}), 0o644)
	return &another{serve(t, cert), t, root}
}

// client runs s_client with input, while the server holds one session. It returns what
// s_client wrote, and what became of Secure.
func (a *another) client(input string, session func(io.ReadWriter), args ...string) (string, result) {
	a.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		a.t.Fatal(err)
	}
	defer l.Close()
	done := make(chan result, 1)
	stdin, keyboard, err := os.Pipe() // whose end s_client must not see: it would stop
	if err != nil {
		a.t.Fatal(err)
	}
	defer stdin.Close()
	defer keyboard.Close()
	if _, err := io.WriteString(keyboard, input); err != nil {
		a.t.Fatal(err)
	}
	go func() {
		conn, err := l.Accept()
		if err != nil {
			done <- result{err: err}
			return
		}
		defer conn.Close()
		c, err := a.Secure(a.t.Context(), conn)
		if err == nil {
			session(c)
			c.Close()
		}
		done <- result{c, err}
	}()
	ctx, stop := context.WithTimeout(a.t.Context(), time.Minute)
	defer stop()
	args = append([]string{"s_client", "-connect", l.Addr().String(), "-CAfile", a.root, "-verify_return_error"}, args...)
	cmd := exec.CommandContext(ctx, "openssl", args...)
	cmd.Stdin = stdin
	out, _ := cmd.CombinedOutput()
	l.Close()
	return string(out), <-done
}

// pop3 answers one command.
func pop3(t *testing.T) func(io.ReadWriter) {
	return func(c io.ReadWriter) {
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "CAPA") {
			t.Errorf("the server got %q, %v", line, err)
		}
		_, _ = io.WriteString(c, "+OK as you see\r\n")
	}
}

func TestOpenSSL(t *testing.T) {
	root := securetest.New(t, securetest.Options{Name: "Root", Authority: true})
	middle := securetest.New(t, securetest.Options{Name: "Middle", Authority: true, Signer: root})
	a := openssl(t, securetest.New(t, securetest.Options{Signer: middle}))
	for flag, version := range map[string]string{"-tls1_2": "TLS 1.2", "-tls1_3": "TLS 1.3"} {
		out, r := a.client("CAPA\r\n", pop3(t), flag, "-alpn", "pop3", "-servername", securetest.Host,
			"-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32")
		if r.err != nil {
			t.Errorf("%s: %v\n%s", flag, r.err, out)
			continue
		}
		contains(t, flag, out, "+OK as you see", "Verify return code: 0 (ok)", "ALPN protocol: pop3")
		contains(t, flag, r.Describe(), version)
		if strings.Contains(out, "New Session Ticket") {
			t.Error("a ticket was sent")
		}
		// s_client gives no context, which in TLS 1.2 is another than one of no octets.
		if version == "TLS 1.3" {
			sameBinding(t, out, r.Binding("tls-exporter"))
		}
	}
}

func sameBinding(t *testing.T, out string, got []byte) {
	t.Helper()
	m := regexp.MustCompile(`Keying material: ([0-9A-F]{64})`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no keying material in %s", out)
	}
	if want, _ := hex.DecodeString(m[1]); !bytes.Equal(got, want) {
		t.Errorf("bound to %x, openssl has %x", got, want)
	}
}

// RFC 7627, 5.4: TLS 1.2 without the extended master secret has no exporter.
func TestOpenSSLWithoutExtendedMasterSecret(t *testing.T) {
	a := openssl(t, securetest.New(t, securetest.Options{}))
	conf := filepath.Join(t.TempDir(), "openssl.cnf")
	write(t, conf, []byte("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nOptions = -ExtendedMasterSecret\n"), 0o644)
	t.Setenv("OPENSSL_CONF", conf)
	out, r := a.client("CAPA\r\n", pop3(t), "-tls1_2")
	if r.err != nil {
		t.Fatalf("%v\n%s", r.err, out)
	}
	contains(t, "s_client", out, "Extended master secret: no")
	if b := r.Binding("tls-exporter"); b != nil {
		t.Errorf("bound to %x", b)
	}
	if b := r.Binding("tls-server-end-point"); len(b) != 32 {
		t.Errorf("end point %x", b)
	}
}

// Why openssl's users see their connection fail, in the words of the log.
func TestOpenSSLRefusals(t *testing.T) {
	a := openssl(t, securetest.New(t, securetest.Options{}))
	stranger := securetest.New(t, securetest.Options{})
	other := filepath.Join(t.TempDir(), "other.pem")
	write(t, other, stranger.CertPEM(), 0o644)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-tls1_2", "-CAfile", other}, "does not trust this certificate: it does not know who signed it"},
		// OpenSSL sends these alerts unencrypted, and they cannot be read.
		{[]string{"-tls1_3", "-CAfile", other}, "perhaps does not trust this certificate"},
		{[]string{"-tls1_3", "-verify_hostname", "mail.example"}, "perhaps does not trust this certificate"},
		{[]string{"-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"}, "offers only TLS 1.1"},
		{[]string{"-tls1", "-cipher", "DEFAULT@SECLEVEL=0"}, "offers only TLS 1.0"},
		{[]string{"-alpn", "http/1.1,h2"}, "another protocol than POP3"},
		{[]string{"-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"}, "no algorithm in common"},
		{[]string{"-tls1_2", "-cipher", "AES128-GCM-SHA256"}, "no algorithm in common"},
	} {
		out, r := a.client("CAPA\r\n", func(io.ReadWriter) {}, c.args...)
		if r.err == nil {
			t.Errorf("%q: accepted\n%s", c.args, out)
			continue
		}
		contains(t, strings.Join(c.args, " "), r.err.Error(), "TLS: ", c.want)
	}
}

// A client that wants to renegotiate gets no second handshake (RFC 9266 rests on that).
func TestOpenSSLRenegotiation(t *testing.T) {
	a := openssl(t, securetest.New(t, securetest.Options{}))
	out, r := a.client("R\n", func(c io.ReadWriter) {
		if n, err := c.Read(make([]byte, 99)); err == nil {
			t.Errorf("the server got %d octets", n)
		}
	}, "-tls1_2")
	if r.err != nil {
		t.Fatalf("%v\n%s", r.err, out)
	}
	contains(t, "s_client", out, "RENEGOTIATING", "SSL alert number 10") // unexpected message
}
