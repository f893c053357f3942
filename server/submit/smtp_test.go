package submit

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"popper/server"
)

const password = "pass wörd"

// mailServer is an SMTP server of the test. What it answers is set before it serves.
type mailServer struct {
	mail, rcpt, data error
	auth             bool // AUTH PLAIN is offered, and needed
	stall            chan struct{}

	addr string
	tls  *tls.Config // nil: there is none
	mu   sync.Mutex
	sent []string // "sender>recipient,recipient message", each that came to its end
	seen []string // commands that came
}

func (m *mailServer) note(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, what)
}

func (m *mailServer) noted() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.seen, "; ")
}

func (m *mailServer) got() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.sent)
}

type mailSession struct {
	*mailServer
	conn *smtp.Conn
	from string
	to   []string
	in   bool
}

func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }

func (s *mailSession) AuthMechanisms() []string {
	if s.auth {
		return []string{sasl.Plain}
	}
	return nil
}

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pw string) error {
		if user != "popper" || pw != password {
			return errors.New("wrong")
		}
		s.in = true
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, o *smtp.MailOptions) error {
	_, secure := s.conn.TLSConnectionState()
	switch {
	case s.auth && !s.in:
		return smtp.ErrAuthRequired
	case secure:
		s.note("TLS")
	}
	s.note("MAIL " + from + " " + string(o.Body))
	s.from = from
	return s.mail
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.note("RCPT " + to)
	s.to = append(s.to, to)
	if len(s.to) == 1 {
		return nil // it is the second that is refused
	}
	return s.rcpt
}

func (s *mailSession) Data(r io.Reader) error {
	s.note("DATA")
	b, err := io.ReadAll(r)
	if s.stall != nil {
		<-s.stall
	}
	if err != nil {
		return err
	}
	if s.data == nil {
		s.mu.Lock()
		s.sent = append(s.sent, s.from+">"+strings.Join(s.to, ",")+" "+string(b))
		s.mu.Unlock()
	}
	return s.data
}

// serve starts it, with TLS from the start or not.
func (m *mailServer) serve(t *testing.T, implicit bool) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.addr = l.Addr().String()
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &mailSession{mailServer: m, conn: c}, nil
	}))
	s.Domain, s.TLSConfig, s.MaxMessageBytes = "localhost", m.tls, 10<<20
	s.ErrorLog = quiet{}
	if implicit {
		l = tls.NewListener(l, m.tls)
	}
	done := make(chan struct{})
	go func() {
		_ = s.Serve(l)
		close(done)
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return m
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// submission submits to m by the URL that format makes of its address.
func (m *mailServer) submission(t *testing.T, prefix, suffix, password string) *office {
	t.Helper()
	s, err := SMTP(prefix+m.addr+suffix, password, Options{Domain: "example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*office)
}

// certificate makes one for 127.0.0.1, and a pool that trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

// BERK-XMIT-1, BERK-XMIT-2: the message arrives octet for octet, dots and 8 bits
// included, without its Bcc, at each recipient once.
func TestSMTP(t *testing.T) {
	m := new(mailServer).serve(t, false)
	s := m.submission(t, "smtp://", "", "")
	header := "From: ann@example.org\r\nTo: \"B\" <b@c>, <\"d e\"@f>\r\nDate: x\r\nMessage-ID: <y>\r\n"
	body := "\r\n.\r\n..\r\n...x\r\n.y\r\na\xe4\x00\xff\r\n\r\n" + strings.Repeat("x", 1900) + "\r\n"
	if err := submitTo(s, header+"BCC: g@h,\r\n b@c\r\n"+body); err != nil {
		t.Fatal(err)
	}
	want := "ann@example.org>b@c,d e@f,g@h " + header + body // the server has undone the quotes
	if got := m.got(); len(got) != 1 || got[0] != want {
		t.Errorf("%q, want %q", got, want)
	}
	if seen := m.noted(); !strings.Contains(seen, "MAIL ann@example.org 8BITMIME; ") {
		t.Error(seen)
	}
	// What is missing, and somebody else's name.
	if err := submitTo(s, "From: boss@example.org\r\nSender: boss@example.org\r\nTo: b@c\r\n\r\nx"); err != nil {
		t.Fatal(err)
	}
	got := m.got()[1]
	if !strings.HasPrefix(got, "ann@example.org>b@c From: boss@example.org\r\nTo: b@c\r\nSender: ann@example.org\r\nDate: ") || !strings.HasSuffix(got, "@example.org>\r\n\r\nx\r\n") {
		t.Errorf("%q", got)
	}
}

// Line ends that some servers take for those of SMTP cannot end a message, and make
// another of its rest.
func TestNoSmuggling(t *testing.T) {
	m := new(mailServer).serve(t, false)
	s := m.submission(t, "smtp://", "", "")
	for _, end := range []string{"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r", "\r\r\n.\r\r\n", "\r\n.\r\n"} {
		if err := submitTo(s, complete+"x"+end+"MAIL FROM:<x@y>\r\nRCPT TO:<z@y>\r\nDATA\r\n"); err != nil {
			t.Errorf("%q: %v", end, err)
		}
	}
	got := m.got()
	if len(got) != 9 {
		t.Fatalf("%d messages", len(got))
	}
	for _, message := range got {
		if !strings.HasSuffix(message, "DATA\r\n") || strings.Contains(strings.ReplaceAll(message, "\r\n", ""), "\r") || strings.Contains(strings.ReplaceAll(message, "\r\n", ""), "\n") {
			t.Errorf("%q", message)
		}
	}
}

// On the wire every line that begins with a dot has another before it, and the only
// line of one dot is the last: read from the connection, not by a library.
func TestWire(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	wire := make(chan string, 1)
	go func() { wire <- record(l) }()
	m := &mailServer{addr: l.Addr().String()}
	if err := submitTo(m.submission(t, "smtp://", "", ""), complete+".\r\n\n.\n\r.\r\r\n..\r\nend"); err != nil {
		t.Error(err)
	}
	if got, want := <-wire, complete+"..\r\n\r\n..\r\n . \r\n...\r\nend\r\n.\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// record accepts one message, and gives its octets, the dot included.
func record(l net.Listener) string {
	conn, err := l.Accept()
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	var all []byte
	line := func() string {
		var b [1]byte
		start := len(all)
		for !bytes.HasSuffix(all[start:], []byte("\n")) {
			if _, err := conn.Read(b[:]); err != nil {
				return ""
			}
			all = append(all, b[0])
		}
		return string(all[start:])
	}
	say := func(s string) { _, _ = io.WriteString(conn, s+"\r\n") }
	say("220 x")
	for {
		switch l := line(); {
		case l == "":
			return "cut: " + string(all)
		case strings.HasPrefix(l, "DATA"):
			say("354 go on")
			all = all[:0]
			for line() != ".\r\n" {
			}
			say("250 taken")
			return string(all)
		default:
			say("250 fine")
		}
	}
}

// Refusals: their words and whether to try again; when a recipient is refused nobody
// gets it.
func TestSMTPRefusals(t *testing.T) {
	answer := func(code int, text string) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: text}
	}
	for _, c := range []struct {
		name      string
		m         *mailServer
		reason    string
		temporary bool
		seen      string
	}{
		{"sender", &mailServer{mail: answer(550, "who are you?")}, "the mail server refused it: 550 who are you?", false, "MAIL ann@example.org 8BITMIME"},
		{"recipient", &mailServer{rcpt: answer(550, "No such user")}, "the mail server refused d@e: 550 No such user", false, "MAIL ann@example.org 8BITMIME; RCPT b@c; RCPT d@e"},
		{"recipient, later", &mailServer{rcpt: answer(450, "greylisted")}, "the mail server refused d@e: 450 greylisted", true, "MAIL ann@example.org 8BITMIME; RCPT b@c; RCPT d@e"},
		{"content", &mailServer{data: answer(554, "spam")}, "the mail server refused it: 554 spam", false, "MAIL ann@example.org 8BITMIME; RCPT b@c; RCPT d@e; DATA"},
		{"content, later", &mailServer{data: answer(452, "disk\tfull")}, "the mail server refused it: 452 disk full", true, "MAIL ann@example.org 8BITMIME; RCPT b@c; RCPT d@e; DATA"},
		{"long", &mailServer{data: answer(554, strings.Repeat("x", 1000))}, "the mail server refused it: 554 " + strings.Repeat("x", maxReason-7) + "...", false, "MAIL ann@example.org 8BITMIME; RCPT b@c; RCPT d@e; DATA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.m.serve(t, false)
			err := submitTo(m.submission(t, "smtp://", "", ""), strings.Replace(complete, "b@c", "b@c, d@e", 1))
			var r *server.Refusal
			if !errors.As(err, &r) || r.Reason != c.reason || r.Temporary != c.temporary {
				t.Errorf("%v, want %q, %v", err, c.reason, c.temporary)
			}
			if seen := m.noted(); seen != c.seen || len(m.got()) != 0 {
				t.Errorf("server saw %q, want %q; took %q", seen, c.seen, m.got())
			}
		})
	}
}

// A server that is not there, or goes away: an error for the log, no refusal.
func TestSMTPDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{addr: l.Addr().String()}
	s := m.submission(t, "smtp://", "", "")
	go func() { // accepts one, and hangs up
		if conn, err := l.Accept(); err == nil {
			conn.Close()
		}
	}()
	var r *server.Refusal
	if err := submitTo(s, complete); err == nil || errors.As(err, &r) {
		t.Errorf("hung up: %v", err)
	}
	l.Close()
	if err := submitTo(s, complete); !errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &r) || !strings.Contains(err.Error(), "--submission names") {
		t.Errorf("not there: %v", err)
	}
}

// A server that stalls does not hold a session when the server ends, or for ever.
func TestSMTPStalls(t *testing.T) {
	stall := make(chan struct{})
	m := (&mailServer{stall: stall}).serve(t, false)
	defer close(stall)
	s := m.submission(t, "smtp://", "", "")
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("the server ends")
	go func() {
		for !strings.Contains(m.noted(), "DATA") {
			time.Sleep(time.Millisecond)
		}
		cancel(why)
	}()
	if err := s.Submit(ctx, "ann", strings.NewReader(complete), 1); err != why {
		t.Error(err)
	}
	s.carrier.(*relay).limit = 100 * time.Millisecond
	if err := submitTo(s, complete); err == nil || !strings.Contains(err.Error(), "took longer than 100ms") {
		t.Error(err)
	}
}

// A message that cannot be read back: the final dot never comes.
func TestSMTPUnreadable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	wire := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(conn, "220 x\r\n250 x\r\n250 x\r\n250 x\r\n354 x\r\n")
		b, _ := io.ReadAll(conn)
		wire <- string(b)
	}()
	s := (&mailServer{addr: l.Addr().String()}).submission(t, "smtp://", "", "")
	broken := struct {
		io.Reader
		io.Seeker
	}{io.MultiReader(strings.NewReader(complete+strings.Repeat("x\r\n", 1<<18)), iotest.ErrReader(syscall.EIO)), nil}
	if err := s.Submit(context.Background(), "ann", broken, 1<<20); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	got := <-wire
	if !strings.Contains(got, "\r\nbody\r\nx\r\n") || strings.HasSuffix(got, "\r\n.\r\n") {
		t.Errorf("...%q", got[max(0, len(got)-100):])
	}
}

// TLS: with a user it is there even on this machine, and its certificate must be
// trusted. A password leaves only behind it.
func TestTLS(t *testing.T) {
	config, pool := certificate(t)
	for _, c := range []struct {
		name     string
		server   *tls.Config
		implicit bool
		prefix   string
		pool     *x509.CertPool
		password string
		want     string // in the error
	}{
		{"STARTTLS", config, false, "smtp://popper@", pool, password, ""},
		{"from the start", config, true, "smtps://popper@", pool, password, ""},
		{"not trusted", config, false, "smtp://popper@", x509.NewCertPool(), password, "use the name that its certificate bears"},
		{"not trusted, from the start", config, true, "smtps://popper@", x509.NewCertPool(), password, "use the name that its certificate bears"},
		{"no STARTTLS", nil, false, "smtp://popper@", pool, password, "TLS is required"},
		{"STARTTLS wanted", config, false, "smtps://popper@", pool, password, "if it wants STARTTLS, say smtp://"},
		{"wrong password", config, false, "smtp://popper@", pool, "guessed", "--submission-password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := (&mailServer{auth: true, tls: c.server}).serve(t, c.implicit)
			s := m.submission(t, c.prefix, "", c.password)
			s.carrier.(*relay).tls.RootCAs = c.pool
			err := submitTo(s, complete)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			var r *server.Refusal
			if errors.As(err, &r) || err != nil && strings.Contains(err.Error(), c.password) {
				t.Errorf("the client hears, or the log holds, what it must not: %v", err)
			}
			if ok := len(m.got()) == 1 && strings.HasPrefix(m.noted(), "TLS; MAIL"); ok != (c.want == "") {
				t.Errorf("%q, %q", m.noted(), m.got())
			}
		})
	}
}

// A server that is not on this machine is spoken to with STARTTLS, unless the
// administrator says that it need not be.
func TestTLSElsewhere(t *testing.T) {
	for url, want := range map[string]bool{"smtp://192.0.2.1": false, "smtp://192.0.2.1?starttls=no": true} {
		settings, err := parseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		go func() { // a server without STARTTLS
			defer far.Close()
			_, _ = io.WriteString(far, "220 x\r\n")
			b := make([]byte, 1000)
			for {
				if _, err := far.Read(b); err != nil {
					return
				}
				_, _ = io.WriteString(far, "250 x\r\n")
			}
		}()
		_, err = (&relay{settings: settings, tls: new(tls.Config)}).secure(context.Background(), elsewhere{near})
		if (err == nil) != want {
			t.Errorf("%s: %v", url, err)
		}
		near.Close()
	}
}

// elsewhere is a connection that seems to lead to another machine.
type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 587} }

// URLs that say something are understood, all others refused, without quoting them.
func TestURLs(t *testing.T) {
	for url, want := range map[string]settings{
		"smtp://h":                  {host: "h", port: "587"},
		"smtps://h":                 {host: "h", port: "465", implicit: true},
		"smtp://u@h:25/":            {host: "h", port: "25", user: "u"},
		"smtp://u%40d@h":            {host: "h", port: "587", user: "u@d"},
		"smtp://[::1]:26":           {host: "::1", port: "26"},
		"smtp://h:25?starttls=no":   {host: "h", port: "25", plain: true},
		"":                          {},
		"h":                         {},
		"h:25":                      {},
		"http://h":                  {},
		"smtp://":                   {},
		"smtp://:25":                {},
		"smtp://h:0":                {},
		"smtp://h:65536":            {},
		"smtp://h:x":                {},
		"smtp://h/secret":           {},
		"smtp://h#secret":           {},
		"smtp:h":                    {},
		"smtp://h?secret=1":         {},
		"smtp://h?starttls=secret":  {},
		"smtps://h?starttls=no":     {},
		"smtp://u@h?starttls=no":    {},
		"smtp://u:secret@h":         {},
		"smtp://u:secret@h:secret/": {},
		"smtp://u:%zzsecret@h":      {},
	} {
		got, err := parseURL(url)
		if want.host == "" {
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %+v, %v", url, got, err)
			}
			continue
		}
		if want.hello = helloName(); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", url, got, err, want)
		}
	}
}

func TestReadPassword(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	for _, c := range []struct {
		text string
		mode os.FileMode
		want string // "": refused
	}{
		{"s3 cret\n", 0o600, "s3 cret"}, {" s\r\n", 0o400, " s"}, {"s", 0o640, "s"}, {"s\n\n", 0o600, ""},
		{"", 0o600, ""}, {"\n", 0o600, ""}, {"a\nb\n", 0o600, ""}, {"a\x00", 0o600, ""}, {strings.Repeat("x", maxPassword+1), 0o600, ""},
		{"s", 0o644, ""}, {"s", 0o620, ""}, {"s", 0o602, ""},
	} {
		if err := errors.Join(os.WriteFile(path, []byte(c.text), 0o600), os.Chmod(path, c.mode)); err != nil {
			t.Fatal(err)
		}
		got, err := ReadPassword(path)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q, %o: %q, %v; want %q", c.text, c.mode, got, err, c.want)
		}
	}
	if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadPassword(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
}
