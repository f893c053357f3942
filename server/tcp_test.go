package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// countingListener counts the writes of its connections and sees TCP_NODELAY set.
type countingListener struct {
	net.Listener
	writes  atomic.Int64
	noDelay atomic.Bool
}

type countingConn struct {
	*net.TCPConn
	l *countingListener
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countingConn{c.(*net.TCPConn), l}, nil
}

func (c countingConn) Write(p []byte) (int, error) {
	c.l.writes.Add(1)
	return c.TCPConn.Write(p)
}

func (c countingConn) SetNoDelay(on bool) error {
	c.l.noDelay.Store(on)
	return c.TCPConn.SetNoDelay(on)
}

// listenTCP serves on a loopback port until the end of the test.
func (s *site) listenTCP(tb testing.TB) *countingListener {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	c := &countingListener{Listener: l}
	served := make(chan error)
	go func() { served <- s.Serve(c) }()
	tb.Cleanup(func() {
		s.Shutdown()
		if err := <-served; err != nil {
			tb.Errorf("Serve: %v", err)
		}
	})
	return c
}

func (l *countingListener) connect(tb testing.TB) *client {
	tb.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	p := &client{tb: tb, conn: c, r: bufio.NewReader(c)}
	p.expect("+OK popper ready")
	return p
}

// Each answer leaves in one write, and so do the answers to a batch.
func TestOneWriteEach(t *testing.T) {
	s := newSite(t, two, nil)
	l := s.listenTCP(t)
	p := l.connect(t)
	want := int64(1) // the greeting
	for _, line := range []string{"USER mrose", "PASS " + secret, "STAT", "LIST 1", "BOGUS", strings.Repeat("x", 300),
		"LIST", "UIDL", "RETR 1", "TOP 2 1", "NOOP\r\nNOOP\r\nRETR 2\r\nSTAT\r\nLIST\r\nDELE 1"} {
		p.send(line)
		want++
		for range 1 + strings.Count(line, "\n") {
			verb, multi, _ := strings.Cut(line, "\r\n")
			line = multi
			if got := p.line(); strings.HasPrefix(got, "+OK") && multiline(verb) {
				p.body()
			}
		}
		if got := l.writes.Load(); got != want {
			t.Fatalf("%.20q: write number %d, want %d", line, got, want)
		}
	}
	p.quit()
	if !l.noDelay.Load() {
		t.Fatal("without TCP_NODELAY an answer may wait for an acknowledgement")
	}
}

func multiline(line string) bool {
	return line == "LIST" || line == "UIDL" || strings.HasPrefix(line, "RETR ") || strings.HasPrefix(line, "TOP ")
}

// The last reply arrives even if the client has sent more than the server reads.
func TestLastReplyArrives(t *testing.T) { // R1081-LINE-4
	l := newSite(t, two, nil).listenTCP(t)
	for range 20 {
		p := l.connect(t)
		p.send("QUIT\r\n" + strings.Repeat("NOOP\r\n", 2000))
		p.expect("+OK popper signing off")
		p.gone()
	}
}

// Many sessions at one time, each with its own maildrop.
func TestParallelSessions(t *testing.T) {
	const n = 8
	accounts := people{}
	s := newSite(t, two, func(c *Config) { c.Accounts = accounts })
	dir := filepath.Dir(s.spool)
	for i := range n {
		name := fmt.Sprintf("user%d", i)
		accounts[name] = filepath.Join(dir, name)
		(&site{spool: accounts[name]}).write(t, two+envelope(big))
	}
	l := s.listenTCP(t)
	for name, path := range accounts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := l.connect(t)
			p.ok("USER " + name)
			p.ok("PASS " + secret)
			p.ok("RETR 3")
			if p.body() != crlf(big) {
				t.Error("RETR 3: wrong octets")
			}
			p.ok("DELE 1")
			p.ok("DELE 3")
			p.quit()
			if got := (&site{spool: path}).read(t); got != envelope(second) {
				t.Errorf("maildrop holds %q", got)
			}
		})
	}
}

// A client that stops sending but goes on reading gets its replies.
func TestHalfClosed(t *testing.T) {
	p := newSite(t, two, nil).listenTCP(t).connect(t)
	p.send("USER mrose\r\nPASS " + secret + "\r\nRETR 2")
	if err := p.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p.line()
	p.line()
	p.expect("+OK 200 octets")
	if p.body() != crlf(second) {
		t.Fatal("RETR 2: wrong octets")
	}
	p.gone()
}

// flaky is a listener whose first accepts fail.
type flaky struct {
	fails int
	conns chan net.Conn
	once  sync.Once
}

func (l *flaky) Accept() (net.Conn, error) {
	if l.fails > 0 {
		l.fails--
		return nil, errors.New("no descriptor is free")
	}
	c, ok := <-l.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l *flaky) Close() error   { l.once.Do(func() { close(l.conns) }); return nil }
func (l *flaky) Addr() net.Addr { return &net.TCPAddr{} }

func TestAcceptFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, nil)
		l := &flaky{fails: 20, conns: make(chan net.Conn)}
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		start := time.Now()
		a, b := net.Pipe()
		l.conns <- b
		if d := time.Since(start); d < 10*acceptPauseMax || d > 20*acceptPauseMax {
			t.Fatalf("20 failures took %v", d)
		}
		p := &client{tb: t, conn: a, r: bufio.NewReader(a)}
		p.expect("+OK popper ready")
		p.quit()
		s.Shutdown()
		if err := <-served; err != nil {
			t.Fatalf("Serve: %v", err)
		}
		if err := s.Serve(l); err != nil {
			t.Fatalf("Serve after Shutdown: %v", err)
		}
	})
}

// The pause after a failed accept does not hold Shutdown up.
func TestShutdownDuringAcceptPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, nil)
		served := make(chan error, 1)
		go func() { served <- s.Serve(&flaky{fails: 1 << 30, conns: make(chan net.Conn)}) }()
		time.Sleep(10*acceptPauseMax + acceptPauseMax/2)
		synctest.Wait()
		start := time.Now()
		s.Shutdown()
		if err := <-served; err != nil || time.Since(start) != 0 {
			t.Fatalf("Serve: %v after %v", err, time.Since(start))
		}
	})
}

// A session that ends without QUIT gives its maildrop back before it lingers.
func TestMaildropFreeWhileLingering(t *testing.T) { // R1081-PASS-3
	l := newSite(t, two, nil).listenTCP(t)
	p := l.connect(t)
	p.ok("USER mrose")
	p.ok("PASS " + secret)
	p.send(strings.Repeat("BOGUS\r\n", maxBad-1) + "BOGUS")
	for range maxBad {
		p.line()
	}
	p.gone() // the server's half is closed, ours is not
	q := l.connect(t)
	q.ok("USER mrose")
	q.ok("PASS " + secret)
	q.quit()
}

// A listener closed behind the server's back is an error, not a busy loop.
func TestListenerClosed(t *testing.T) {
	s := newSite(t, two, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := s.Serve(l); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("Serve: %v", err)
	}
}

// scriptConn takes everything and sends one script: what a fuzzer uses.
type scriptConn struct {
	net.Conn
	in  io.Reader
	out strings.Builder
}

func (c *scriptConn) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *scriptConn) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *scriptConn) Close() error                     { return nil }
func (c *scriptConn) RemoteAddr() net.Addr             { return nil }
func (c *scriptConn) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (c *scriptConn) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// Connections without deadlines and addresses are served too.
func TestScriptedConn(t *testing.T) {
	s := newSite(t, two, nil)
	c := &scriptConn{in: strings.NewReader(batch)}
	s.ServeConn(c)
	if got := c.out.String(); got != batchReplies {
		t.Fatalf("got %q", got)
	}
}
