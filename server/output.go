package server

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// output gathers replies and sends them. It owns a buffer only while something
// is pending: a small one, for multi-line replies a large one.
type output struct {
	conn     net.Conn
	deadline func() time.Time // when, from now, an octet must have been read
	buf      []byte           // pending octets; nil when there are none
	sent     int64            // octets that have left buf so far
}

var (
	small = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	large = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

// position is the number of octets queued since the session began.
func (o *output) position() int64 { return o.sent + int64(len(o.buf)) }

// takeBack unqueues all octets from position p on, if none of them has left.
func (o *output) takeBack(p int64) bool {
	if p < o.sent {
		return false
	}
	o.buf = o.buf[:p-o.sent]
	return true
}

// room makes sure that n octets (at most largeBuffer) may be appended to buf:
// by getting a buffer, a larger one, or by sending what is pending.
func (o *output) room(n int) error {
	if n <= cap(o.buf)-len(o.buf) {
		return nil
	}
	if cap(o.buf) < n {
		o.grow(len(o.buf) + n)
		return nil
	}
	return o.write() // and not a larger buffer: single lines are no reason for one
}

// grow moves what is pending to a buffer of at least n octets.
func (o *output) grow(n int) {
	pending := o.buf
	if n <= smallBuffer {
		o.buf = small.Get().(*[smallBuffer]byte)[:0]
	} else {
		o.buf = large.Get().(*[largeBuffer]byte)[:0]
	}
	o.buf = append(o.buf, pending...)
	recycle(pending)
}

// flush sends what is pending and gives the buffer back.
func (o *output) flush() error {
	defer o.release()
	return o.write()
}

// write sends what is pending, in one Write as long as the client reads.
func (o *output) write() error {
	if len(o.buf) == 0 {
		return nil
	}
	n, err := patientWrite(o.conn, o.buf, o.deadline)
	o.sent += int64(n)
	o.buf = o.buf[:copy(o.buf, o.buf[n:])]
	return err
}

// patientWrite writes b. The deadline ends only a Write that moved nothing: slow is not
// stalled. (So a client that stalls in the middle of a Write is cut after one to two
// idle limits.)
func patientWrite(conn net.Conn, b []byte, deadline func() time.Time) (n int, err error) {
	for {
		_ = conn.SetWriteDeadline(deadline())
		k, err := conn.Write(b[n:])
		n += k
		if err == nil || k == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}

// release gives the buffer back; what is still pending is forgotten.
func (o *output) release() {
	recycle(o.buf)
	o.buf = nil
}

func recycle(buf []byte) {
	switch cap(buf) {
	case smallBuffer:
		small.Put((*[smallBuffer]byte)(buf[:smallBuffer]))
	case largeBuffer:
		large.Put((*[largeBuffer]byte)(buf[:largeBuffer]))
	}
}
