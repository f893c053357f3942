package server

import (
	"bufio"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"popper/mbox"
)

// A message of 64 MiB, and the same octets sent by nothing but Write: the ratio
// of the two is how much of the ceiling RETR reaches.
const benchOctets = 64 << 20

func benchContent() string {
	const line = "The quick brown fox jumps over the lazy dog and then has a rest of it.\n"
	return "Subject: big\n\n" + strings.Repeat(line, benchOctets/len(line))
}

func BenchmarkRetr(b *testing.B) {
	s := newSite(b, envelope(benchContent()), func(c *Config) {
		c.Log = nil
		c.Maildrop = mbox.Options{State: filepath.Join(b.TempDir(), "state")}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	b.Cleanup(s.Shutdown)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	p := &client{tb: b, conn: conn, r: bufio.NewReaderSize(conn, 16)}
	p.expect("+OK popper ready")
	p.ok("USER mrose")
	p.ok("PASS " + secret)
	octets := int64(len(crlf(benchContent())) + len(".\r\n"))
	b.SetBytes(octets)
	buf := make([]byte, largeBuffer)
	for b.Loop() {
		p.send("RETR 1")
		drain(b, conn, buf, octets+int64(len("+OK 66455710 octets\r\n")))
	}
	b.StopTimer()
	p.ok("QUIT")
}

func BenchmarkPlainWrite(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	data := []byte(crlf(benchContent()) + ".\r\n")
	b.SetBytes(int64(len(data)))
	go plainWriter(l, data)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	buf := make([]byte, largeBuffer)
	for b.Loop() {
		if _, err := conn.Write([]byte("x")); err != nil {
			b.Fatal(err)
		}
		drain(b, conn, buf, int64(len(data)))
	}
}

// plainWriter answers each octet that it reads with data, in writes as large as
// those of RETR.
func plainWriter(l net.Listener, data []byte) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	for one := make([]byte, 1); ; {
		if _, err := conn.Read(one); err != nil {
			return
		}
		for rest := data; len(rest) > 0; {
			n := min(len(rest), largeBuffer-fillRoom)
			if _, err := conn.Write(rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}
}

// drain reads n octets, with the same reader for both.
func drain(b *testing.B, conn io.Reader, buf []byte, n int64) {
	for n > 0 {
		k, err := conn.Read(buf[:min(n, int64(len(buf)))])
		if err != nil {
			b.Fatal(err)
		}
		n -= int64(k)
	}
}
