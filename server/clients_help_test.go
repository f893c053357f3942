package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"popper/mbox"
	"popper/server"
	"popper/server/sasl"
	"popper/server/secure"
	"popper/server/secure/securetest"
)

// post is the maildrop of these tests: two identical messages, and one with a dot.
const post = "From a@example.org Tue Nov  1 12:00:00 1988\nSubject: twin\nMessage-Id: <1@example.org>\n\nhello\n\n" +
	"From a@example.org Tue Nov  1 12:00:00 1988\nSubject: twin\nMessage-Id: <1@example.org>\n\nhello\n\n" +
	"From b@example.org Tue Nov  1 12:00:01 1988\nSubject: three\n\n.dot\nend\n\n"

// Who is there: mrose, with these.
const (
	password = "open  sesame"
	shared   = "tanstaaf"
)

// goodToken is as long as those that are seen.
var goodToken = strings.Repeat("tOken-", 800)

// users are the accounts: one.
type users struct{ path string }

func (u users) Authenticate(ctx context.Context, name string, secret []byte) (server.Account, error) {
	if string(secret) != password {
		return server.Account{}, server.ErrDenied
	}
	return u.Lookup(ctx, name)
}

func (u users) Lookup(_ context.Context, name string) (server.Account, error) {
	if name != "mrose" {
		return server.Account{}, server.ErrDenied
	}
	return server.Account{Name: name, Maildrop: u.path}, nil
}

// Check implements sasl.Tokens.
func (u tokens) Check(_ context.Context, token string) (sasl.Owner, error) {
	if token != goodToken {
		return sasl.Owner{}, server.ErrDenied
	}
	return sasl.Owner{Name: "mrose", Claim: "mrose@example.org"}, nil
}

type tokens struct{}

// secrets implements server.Digests.
type secrets struct{ users }

func (secrets) HasSecrets() bool { return true }

func (u secrets) Check(ctx context.Context, name, stamp string, digest []byte) (server.Account, error) {
	if string(digest) != digestOf(stamp) {
		return server.Account{}, server.ErrDenied
	}
	return u.Lookup(ctx, name)
}

func digestOf(stamp string) string { return fmt.Sprintf("%x", md5.Sum([]byte(stamp+shared))) }

// What a server may have. Without anything it has USER and PASS.
type offer func(*office)

func plain(o *office)  { o.add(sasl.Plain(o.users)) }
func bearer(o *office) { o.add(sasl.Bearer(o.users, tokens{}, sasl.Hint{})...) }
func apop(o *office)   { o.config.Digests, o.config.Host = secrets{o.users}, "pop.example.org" }

// stls has the real TLS.
func stls(o *office) {
	o.certificate = securetest.New(o.t, securetest.Options{})
	certFile, keyFile := o.certificate.Write(o.t, o.t.TempDir())
	pair, err := secure.Open(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		o.t.Fatal(err)
	}
	o.config.Security = pair
}

func tlsOnly(o *office) { stls(o); o.config.RequireTLS = true }

// office is a server on a loopback port.
type office struct {
	t           *testing.T
	users       users
	config      server.Config
	mechanisms  []server.Mechanism
	certificate *securetest.Pair
	log         record
	addr        string
	halves      atomic.Int64 // of connections that the server has closed
}

func (o *office) add(m ...server.Mechanism) { o.mechanisms = append(o.mechanisms, m...) }

// record is a log.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// open serves until the returned function is called.
func open(t *testing.T, offers ...offer) (o *office, shut func()) {
	t.Helper()
	o = &office{t: t, users: users{filepath.Join(t.TempDir(), "mrose")}}
	if err := os.WriteFile(o.users.path, []byte(post), 0o600); err != nil {
		t.Fatal(err)
	}
	o.config = server.Config{Accounts: o.users, FailurePause: -1, Maildrop: mbox.Options{State: filepath.Join(t.TempDir(), "state")},
		Log: slog.New(slog.NewTextHandler(&o.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, f := range offers {
		f(o)
	}
	o.config.Mechanisms = func() []server.Mechanism { return o.mechanisms }
	o.addr, shut = o.serve(t, (*server.Server).Serve)
	return o, shut
}

// serve serves on a port until the returned function is called.
func (o *office) serve(t *testing.T, how func(*server.Server, net.Listener) error) (addr string, shut func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv, ended := server.New(o.config), make(chan error)
	go func() { ended <- how(srv, watched{l, o}) }()
	return l.Addr().String(), func() {
		srv.Cut()
		srv.Shutdown()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// watched is a listener that counts the halves of connections that are closed.
type watched struct {
	net.Listener
	o *office
}

func (l watched) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return half{c.(*net.TCPConn), l.o}, nil
}

type half struct {
	*net.TCPConn
	o *office
}

func (h half) CloseWrite() error {
	h.o.halves.Add(1)
	return h.TCPConn.CloseWrite()
}

// visitor is a client.
type visitor struct {
	t     *testing.T
	o     *office
	conn  net.Conn
	r     *bufio.Reader
	stamp string
}

// dial connects.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return c
}

// visit begins a session and reads the greeting.
func (o *office) visit(t *testing.T) *visitor {
	t.Helper()
	c := dial(t, o.addr)
	v := &visitor{t: t, o: o, conn: c, r: bufio.NewReader(c)}
	greeting := v.line()
	if !strings.HasPrefix(greeting, "+OK popper ready") {
		t.Fatalf("greeting %q", greeting)
	}
	v.stamp = strings.TrimPrefix(greeting, "+OK popper ready ")
	return v
}

// line reads one line, which must end with CRLF (R1081-LINE-3).
func (v *visitor) line() string {
	v.t.Helper()
	s, err := v.r.ReadString('\n')
	if err != nil || !strings.HasSuffix(s, "\r\n") {
		v.t.Fatalf("read %q, %v", s, err)
	}
	return s[:len(s)-2]
}

// The steps of a dialogue. What stands in braces is sent and wanted in Base64, and
// $digest is APOP's.
//
//	> LINE     sends a line
//	>| OCTETS  sends octets without a line end, or with more than one
//	< LINE     wants this line; one that ends with "…" begins so
//	* LINE     wants a multi-line reply to follow that has this line; several stand with & between
//	! LINE     wants one that has not
//	*          wants one to follow
//	TLS        holds the handshake
//	CLOSE      closes without a word
//	CLOSED     wants the server to close, with nothing more to say
func (v *visitor) play(steps []string) {
	v.t.Helper()
	for _, step := range steps {
		kind, text, _ := strings.Cut(step, " ")
		text = v.expand(text)
		switch kind {
		case ">":
			v.send(text + "\r\n")
		case ">|":
			v.send(text)
		case "<":
			got := v.line()
			if begin, ok := strings.CutSuffix(text, "…"); got != text && !(ok && strings.HasPrefix(got, begin)) {
				v.t.Fatalf("%q: got %q", step, got)
			}
		case "*", "!":
			lines := v.body()
			for line := range strings.SplitSeq(text, " & ") {
				if text != "" && strings.Contains(lines, "\n"+line+"\n") != (kind == "*") {
					v.t.Fatalf("%q: got %q", step, lines)
				}
			}
		case "TLS":
			v.handshake()
		case "CLOSE":
			_ = v.conn.Close()
		case "CLOSED":
			if rest, err := io.ReadAll(v.r); err != nil || len(rest) > 0 {
				v.t.Fatalf("at the end: %q, %v", rest, err)
			}
		default:
			v.t.Fatalf("what is %q?", step)
		}
	}
}

var braces = regexp.MustCompile(`\{[^}]*\}`)

func (v *visitor) expand(text string) string {
	text = strings.ReplaceAll(text, "$digest", digestOf(v.stamp))
	return braces.ReplaceAllStringFunc(text, func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(s[1 : len(s)-1]))
	})
}

func (v *visitor) send(octets string) {
	v.t.Helper()
	if _, err := io.WriteString(v.conn, octets); err != nil {
		v.t.Fatalf("%.40q: %v", octets, err)
	}
}

// body reads a multi-line reply to its dot; each line has an LF before and behind it.
func (v *visitor) body() string {
	v.t.Helper()
	b := "\n"
	for {
		s := v.line()
		if s == "." {
			return b
		}
		b += s + "\n"
	}
}

// handshake makes the connection private, after a reply with nothing behind it: octets in
// the clear behind it are an error to curl and libetpan (1.11).
func (v *visitor) handshake() {
	v.t.Helper()
	if n := v.r.Buffered(); n > 0 {
		v.t.Fatalf("%d octets in the clear behind the reply to STLS", n)
	}
	c := tls.Client(v.conn, v.o.certificate.Client())
	if err := c.Handshake(); err != nil {
		v.t.Fatal(err)
	}
	v.conn, v.r = c, bufio.NewReader(c)
}

// discreet checks that no secret is in the log, in whatever form it was sent.
func (o *office) discreet(t *testing.T) {
	t.Helper()
	log := o.log.String()
	for _, s := range []string{password, shared, goodToken[:20], b64("\x00mrose\x00" + password)[4:], b64(password), b64("wrong"), "session failed"} {
		if strings.Contains(log, s) {
			t.Errorf("the log has %q:\n%s", s, log)
		}
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// messages is how many the maildrop has.
func (o *office) messages(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(o.users.path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count("\n"+string(b), "\nFrom ")
}
