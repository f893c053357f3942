package main

import (
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pipes is a connection made of two one-way files: what --inetd serves when it
// is started from a shell, by ssh or by a test.
//
// Deadlines need descriptors that do not block, and so does Close, to end a Read
// that waits. Pipes and terminals are put into that mode and, since they may be
// shared with other programs, put back at the end. A plain file refuses deadlines,
// but it never keeps a reader waiting.
type pipes struct {
	in, out *os.File
	blocked []*os.File // those to put back
}

// newPipes takes the descriptors over.
func newPipes(in, out int) *pipes {
	p := new(pipes)
	p.in, p.out = p.open(in, "stdin"), p.open(out, "stdout")
	return p
}

func (p *pipes) open(fd int, name string) *os.File {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	change := err == nil && flags&unix.O_NONBLOCK == 0 && waits(fd)
	if change {
		unix.SetNonblock(fd, true)
	}
	f := os.NewFile(uintptr(fd), name) // looks at the mode
	if change {
		p.blocked = append(p.blocked, f)
	}
	return f
}

// waits tells whether to read from fd can mean to wait for somebody.
func waits(fd int) bool {
	t := fileType(fd)
	return t == unix.S_IFIFO || t == unix.S_IFSOCK || isTerminal(fd)
}

func (p *pipes) Read(b []byte) (int, error)  { return p.in.Read(b) }
func (p *pipes) Write(b []byte) (int, error) { return p.out.Write(b) }

func (p *pipes) Close() error {
	for _, f := range p.blocked {
		if c, err := f.SyscallConn(); err == nil {
			c.Control(func(fd uintptr) { unix.SetNonblock(int(fd), false) })
		}
	}
	return errors.Join(p.in.Close(), p.out.Close())
}

func (p *pipes) LocalAddr() net.Addr  { return pipeAddr{} }
func (p *pipes) RemoteAddr() net.Addr { return pipeAddr{} }

func (p *pipes) SetDeadline(t time.Time) error {
	return errors.Join(p.SetReadDeadline(t), p.SetWriteDeadline(t))
}

func (p *pipes) SetReadDeadline(t time.Time) error  { return p.in.SetReadDeadline(t) }
func (p *pipes) SetWriteDeadline(t time.Time) error { return p.out.SetWriteDeadline(t) }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "stdin" }
