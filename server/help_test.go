package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"popper/mbox"
)

// secret has a space in it, because it may (R1081-PASS-1).
const secret = "open  sesame"

// people are accounts by name, all with the password secret; the value is the
// path of the maildrop.
type people map[string]string

func (p people) Authenticate(_ context.Context, name string, s []byte) (Account, error) {
	path, ok := p[name]
	if !ok || string(s) != secret {
		return Account{}, ErrDenied
	}
	return Account{Name: name, Maildrop: path}, nil
}

// accountsFunc is an account source made of a function.
type accountsFunc func(ctx context.Context, name string, secret []byte) (Account, error)

func (f accountsFunc) Authenticate(ctx context.Context, name string, secret []byte) (Account, error) {
	return f(ctx, name, secret)
}

// logBuffer collects what is logged.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// site is a server with one account, mrose, in a directory of its own.
type site struct {
	*Server
	spool string
	log   *logBuffer
	bug   bool // a session is expected to panic
}

// newSite makes a server whose one maildrop holds content; change may be nil.
func newSite(tb testing.TB, content string, change func(*Config)) *site {
	tb.Helper()
	s := &site{spool: filepath.Join(tb.TempDir(), "mrose"), log: new(logBuffer)}
	s.write(tb, content)
	c := Config{
		Accounts:     people{"mrose": s.spool},
		Maildrop:     mbox.Options{State: filepath.Join(tb.TempDir(), "state")},
		FailurePause: -1, // not all sites are on virtual time
		Log:          slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&c)
	}
	s.Server = New(c)
	tb.Cleanup(func() {
		s.Cut()
		s.ended.Wait() // sessions keep an index when they end: not in a directory that is being removed
		if log := s.log.String(); !s.bug && strings.Contains(log, "session failed") {
			tb.Errorf("a session panicked:\n%s", log)
		}
	})
	return s
}

func (s *site) write(tb testing.TB, content string) {
	tb.Helper()
	if err := os.WriteFile(s.spool, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
}

func (s *site) read(tb testing.TB) string {
	tb.Helper()
	b, err := os.ReadFile(s.spool)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		tb.Fatal(err)
	}
	return string(b)
}

// dial begins a session whose greeting is yet to be read.
func (s *site) dial() *client {
	c, end := net.Pipe()
	go s.ServeConn(end)
	return &client{conn: c, r: bufio.NewReader(c), virtual: true, heard: time.Now()}
}

// connect begins a session over an unbuffered pipe.
func (s *site) connect(tb testing.TB) *client {
	tb.Helper()
	p := s.dial()
	p.tb = tb
	tb.Cleanup(p.drop)
	p.expect("+OK popper ready")
	return p
}

// login begins a session and takes it to TRANSACTION.
func (s *site) login(tb testing.TB) *client {
	tb.Helper()
	p := s.connect(tb)
	p.ok("USER mrose")
	p.ok("PASS " + secret)
	return p
}

// failer is what testing.TB and rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// client is the other end of a session.
type client struct {
	tb   failer
	conn net.Conn
	r    *bufio.Reader

	virtual bool      // over a pipe, in a bubble of virtual time
	heard   time.Time // when the last whole line was sent
}

func (p *client) send(line string) {
	p.tb.Helper()
	p.heard = time.Now()
	if _, err := io.WriteString(p.conn, line+"\r\n"); err != nil {
		p.tb.Fatalf("%.40q: %v", line, err)
	}
}

// line reads one line of a reply, which must end with CRLF (R1081-LINE-3).
func (p *client) line() string {
	p.tb.Helper()
	s, err := p.r.ReadString('\n')
	if err != nil {
		p.tb.Fatalf("after %q: %v", s, err)
	}
	text, ok := strings.CutSuffix(s, "\r\n")
	if !ok || strings.ContainsAny(text, "\r\x00") {
		p.tb.Fatalf("reply line %q", s)
	}
	return text
}

// ask sends a command and returns the first line of the reply.
func (p *client) ask(line string) string {
	p.tb.Helper()
	p.send(line)
	return p.line()
}

func (p *client) ok(line string) string {
	p.tb.Helper()
	return p.want(line, "+OK")
}

func (p *client) err(line string) string {
	p.tb.Helper()
	return p.want(line, "-ERR")
}

// want checks how the reply to a command begins.
func (p *client) want(line, prefix string) string {
	p.tb.Helper()
	got := p.ask(line)
	if got != prefix && !strings.HasPrefix(got, prefix+" ") {
		p.tb.Fatalf("%.60q: got %q, want %s", line, got, prefix)
	}
	return got
}

func (p *client) expect(line string) {
	p.tb.Helper()
	if got := p.line(); got != line {
		p.tb.Fatalf("got %q, want %q", got, line)
	}
}

// exact checks the whole first line of the reply to a command.
func (p *client) exact(line, reply string) {
	p.tb.Helper()
	p.send(line)
	p.expect(reply)
}

// body reads the rest of a multi-line reply and undoes the stuffing
// (R1081-LINE-5): written by hand, apart from the parser.
func (p *client) body() string {
	p.tb.Helper()
	var b strings.Builder
	for {
		s, err := p.r.ReadString('\n')
		if err != nil {
			p.tb.Fatalf("body breaks off after %d octets: %v", b.Len(), err)
		}
		if s == ".\r\n" {
			return b.String()
		}
		if !strings.HasSuffix(s, "\r\n") {
			p.tb.Fatalf("bare LF in body: %q", s)
		}
		if s[0] == '.' {
			if s[1] != '.' {
				p.tb.Fatalf("line not stuffed: %q", s)
			}
			s = s[1:]
		}
		b.WriteString(s)
	}
}

// lines is the body of a listing.
func (p *client) lines(line string) []string {
	p.tb.Helper()
	p.ok(line)
	return strings.Split(strings.TrimSuffix(p.body(), "\r\n"), "\r\n")
}

// gone checks that the server closes the connection now, without another word.
func (p *client) gone() {
	p.tb.Helper()
	p.goneAfter(0)
}

// goneAfter checks that it does so after d of virtual time.
func (p *client) goneAfter(d time.Duration) {
	p.tb.Helper()
	start := time.Now()
	if rest, err := io.ReadAll(p.r); err != nil || len(rest) > 0 {
		p.tb.Fatalf("connection not closed cleanly: %q, %v", rest, err)
	}
	if got := time.Since(start); p.virtual && got != d {
		p.tb.Fatalf("closed after %v, want %v", got, d)
	}
}

// quit ends the session and waits until the server has closed it.
func (p *client) quit() {
	p.tb.Helper()
	p.ok("QUIT")
	p.gone()
}

// drop goes away without a word.
func (p *client) drop() { _ = p.conn.Close() }

// envelope makes an mbox message of content, whose lines end with LF.
func envelope(content string) string {
	return "From mrose@dewey.udel.edu Tue Nov  1 12:00:00 1988\n" + content + "\n"
}

// crlf is content as it goes over the wire, before stuffing.
func crlf(content string) string {
	s := strings.ReplaceAll(strings.ReplaceAll(content, "\r\n", "\n"), "\n", "\r\n")
	if s != "" && !strings.HasSuffix(s, "\n") {
		s += "\r\n"
	}
	return s
}

// Two messages of 120 and 200 octets, as in the example of RFC 1081.
var (
	first  = sized("Subject: one\n\n.dot\n", 120)
	second = sized("Subject: two\n\nFrom here on\n..\n", 200)
	two    = envelope(first) + envelope(second)
)

// sized fills content up to n octets on the wire.
func sized(content string, n int) string {
	for len(crlf(content))+72 < n {
		content += strings.Repeat("x", 60) + "\n"
	}
	return content + strings.Repeat("y", n-len(crlf(content))-2) + "\n"
}
