package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// client speaks POP3 over any connection.
type client struct {
	t *testing.T
	io.ReadWriteCloser
	r *bufio.Reader
}

// dial connects and reads the greeting.
func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	return greet(t, conn)
}

func greet(t *testing.T, conn io.ReadWriteCloser) *client {
	t.Helper()
	if c, ok := conn.(net.Conn); ok {
		_ = c.SetDeadline(time.Now().Add(patience))
	}
	c := over(t, conn)
	if g := c.line(); !strings.HasPrefix(g, "+OK") || strings.ContainsAny(g, "<>") {
		t.Fatalf("greeting %q", g)
	}
	return c
}

// over speaks POP3 behind the greeting.
func over(t *testing.T, conn io.ReadWriteCloser) *client {
	t.Cleanup(func() { conn.Close() })
	return &client{t, conn, bufio.NewReader(conn)}
}

// line reads one line without its CRLF.
func (c *client) line() string {
	c.t.Helper()
	l, err := c.r.ReadString('\n')
	if err != nil || !strings.HasSuffix(l, "\r\n") {
		c.t.Fatalf("reply %q, %v", l, err)
	}
	return strings.TrimSuffix(l, "\r\n")
}

// ask sends a command and checks how the reply begins.
func (c *client) ask(command, want string) string {
	c.t.Helper()
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	l := c.line()
	if !strings.HasPrefix(l, want) {
		c.t.Fatalf("%s: %q, want %q", command, l, want)
	}
	return l
}

// lines reads a multi-line reply behind its first line, dots undone.
func (c *client) lines() string {
	c.t.Helper()
	var b strings.Builder
	for {
		l := c.line()
		if l == "." {
			return b.String()
		}
		b.WriteString(strings.TrimPrefix(l, ".") + "\r\n")
	}
}

func (c *client) login() {
	c.t.Helper()
	c.ask("USER ann", "+OK")
	c.ask("PASS "+secret, "+OK")
}

// end reads until the server closes; nothing more may come.
func (c *client) end() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.r); len(rest) > 0 || err != nil {
		c.t.Errorf("at the end: %q, %v", rest, err)
	}
}

// session is what every way to run popper must carry: all messages are read,
// exactly, one is deleted, and the file holds the others afterwards.
func (s *site) session(c *client) {
	s.t.Helper()
	c.login()
	total := 0
	for i, m := range messages {
		total += len(crlf(m))
		c.ask(fmt.Sprint("LIST ", i+1), fmt.Sprintf("+OK %d %d", i+1, len(crlf(m))))
		c.ask(fmt.Sprint("RETR ", i+1), "+OK")
		if got := c.lines(); got != crlf(m) {
			s.t.Errorf("message %d: %q, want %q", i+1, got, crlf(m))
		}
	}
	c.ask("STAT", fmt.Sprintf("+OK 3 %d", total))
	c.ask("DELE 2", "+OK")
	s.unchanged() // R1081-DELE-1: nothing is removed before UPDATE
	c.ask("QUIT", "+OK")
	c.end()
	want := strings.Replace(mail, "From b Tue Jan  2 15:04:05 2024\n"+messages[1]+"\n", "", 1)
	if got := s.read(s.mailbox); got != want {
		s.t.Errorf("after QUIT the mailbox is %q, want %q", got, want)
	}
}
