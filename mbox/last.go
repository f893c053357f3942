package mbox

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
)

// The highest message accessed, which LAST tells (R1081-LAST-1), outlives the
// session as a file of two words in the state directory: how many messages there
// were up to it, and a hash of the beginning of the last of them. Other programs may
// remove messages before the next session, so that the number alone would name
// another message; the hash finds it again. It is not the unique-id, which needs the
// whole message to be read, but made in the same manner, so that a changed Status
// field does no harm. Usually one message is looked at, and only when LAST is asked.
//
// If the message itself is removed, the one before it that stays takes its place. That
// is written down just before the update begins, and taken back if nothing was removed.
//
// Residual risk: messages with equal beginnings are told apart by their place only.
// If the message is gone, the number is what is left to believe.

const (
	lastEnding = ".last"
	lastFormat = "popper-last-1 %d %x\n"
)

// Last is how many messages there are up to the highest one that earlier sessions
// accessed, 0 ≤ Last ≤ Len; 0 if none was, or if the maildrop is read beside others,
// of whom nothing is kept. Delivered mail does not change it.
func (m *Maildrop) Last() int {
	if len(m.msgs) == 0 || m.options.Shared {
		return 0
	}
	if m.last == nil {
		n := m.findLast()
		m.last = &n
	}
	return *m.last
}

// SetLast keeps n, 0 ≤ n ≤ Len, for later sessions' Last. It is called before Remove,
// which then keeps it right. An error means that the old value stays, which the
// administrator should know of.
func (m *Maildrop) SetLast(n int) error {
	if m.options.Shared {
		return fmt.Errorf("%w: %w", ErrReadOnly, errShared)
	}
	r, err := m.lastRecord(n, func(int) bool { return false })
	if err == nil {
		err = m.saveLast(r)
	}
	if err != nil {
		return fmt.Errorf("highest message accessed: %w", err)
	}
	m.accessed, m.kept = n, r
	return nil
}

// lastWithout keeps what SetLast was told as it will be when the marked messages are
// gone. Remove calls it just before they go, since their beginnings cannot be read
// afterwards, and calls undo if they have stayed.
func (m *Maildrop) lastWithout(marked func(i int) bool) (undo func()) {
	save := func(r lastRecord, err error) {
		if err == nil {
			err = m.saveLast(r)
		}
		if err != nil {
			m.warn("what LAST tells may be wrong in later sessions: make the state directory writable and give it room",
				"maildrop", m.path, "err", err)
		}
	}
	was := m.kept
	r, err := m.lastRecord(m.accessed, marked)
	if err == nil && r == was {
		return func() {}
	}
	save(r, err)
	return func() { save(was, nil) }
}

// lastRecord is what is kept: how many messages there are up to the highest one
// accessed, and the hash of that one's beginning.
type lastRecord struct {
	n   int
	sum uidSum
}

// lastRecord makes it for the first n messages, of which the marked ones do not count.
func (m *Maildrop) lastRecord(n int, marked func(i int) bool) (r lastRecord, err error) {
	at := -1
	for i := range n {
		if !marked(i) {
			r.n, at = r.n+1, i
		}
	}
	if r.n == 0 {
		return r, nil
	}
	w := newWindow(m)
	defer w.free()
	r.sum, err = m.beginning(at, w)
	return r, err
}

func (m *Maildrop) saveLast(r lastRecord) error {
	name := m.beside(lastEnding)
	if r.n > 0 {
		return replaceOwn(name, func(f *os.File) error {
			_, err := fmt.Fprintf(f, lastFormat, r.n, r.sum)
			return err
		})
	}
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// findLast looks where the message was, then before (others were removed), then behind.
func (m *Maildrop) findLast() int {
	r, ok := readLast(m.beside(lastEnding))
	if !ok {
		return 0
	}
	n := min(r.n, len(m.msgs))
	w := newWindow(m)
	defer w.free()
	is := func(i int) bool {
		sum, err := m.beginning(i, w)
		return err == nil && sum == r.sum
	}
	for i := n - 1; i >= 0; i-- {
		if is(i) {
			return i + 1
		}
	}
	for i := n; i < len(m.msgs); i++ {
		if is(i) {
			return i + 1
		}
	}
	return n
}

// readLast reads the file; ok is false if there is none that holds.
func readLast(name string) (r lastRecord, ok bool) {
	f, size, err := openOwn(name)
	if err != nil {
		return r, false
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxLastText))
	if err != nil || int64(len(b)) != size {
		return r, false
	}
	var text []byte
	_, err = fmt.Sscanf(string(b), lastFormat, &r.n, &text)
	if err != nil || r.n < 1 || len(text) != len(r.sum) || fmt.Sprintf(lastFormat, r.n, text) != string(b) {
		return r, false
	}
	r.sum = uidSum(text)
	return r, true
}

// beginning hashes the separator line and the first octets of message i.
func (m *Maildrop) beginning(i int, w *window) (sum uidSum, err error) {
	h := &prefix{Hash: sha256.New(), left: lastOctets}
	e := essence{to: h}
	from, to := m.content(i)
	err = w.separator(m.msgs[i].start, from, h)
	for err == nil && from < to && h.left > 0 {
		var b []byte
		if b, err = w.at(from, to); err == nil {
			e.feed(b)
			from += int64(len(b))
		}
	}
	e.finish()
	copy(sum[:], h.Sum(nil))
	return sum, err
}

// prefix hashes so many octets of what it is given.
type prefix struct {
	hash.Hash
	left int
}

func (p *prefix) Write(b []byte) (int, error) {
	k := min(len(b), p.left)
	p.left -= k
	_, err := p.Hash.Write(b[:k])
	return len(b), err
}
