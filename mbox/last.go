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
// Residual risk: messages with equal beginnings are told apart by their place only.
// If the message is gone, the number is what is left to believe.

const (
	lastEnding = ".last"
	lastFormat = "popper-last-1 %d %x\n"
)

// Last is how many messages there are up to the highest one that earlier sessions
// accessed, 0 ≤ Last ≤ Len; 0 if none was. Delivered mail does not change it.
func (m *Maildrop) Last() int {
	if m.last == nil {
		n := m.findLast()
		m.last = &n
	}
	return *m.last
}

// SetLast keeps n, 0 ≤ n ≤ Len, for later sessions' Last, as it will be when the
// messages for which marked is true are removed. It is called before Remove; should
// that fail, Last will still find the message. An error means that the old value
// stays, which the administrator should know of.
func (m *Maildrop) SetLast(n int, marked func(i int) bool) error {
	kept, at := 0, -1
	for i := range n {
		if !marked(i) {
			kept, at = kept+1, i
		}
	}
	name := m.beside(lastEnding)
	if kept == 0 {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("highest message accessed: %w", err)
		}
		return nil
	}
	w := newWindow(m)
	defer w.free()
	sum, err := m.beginning(at, w)
	if err == nil {
		err = replaceOwn(name, func(f *os.File) error {
			_, err := fmt.Fprintf(f, lastFormat, kept, sum)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("highest message accessed: %w", err)
	}
	return nil
}

// findLast looks where the message was, then before (others were removed), then behind.
func (m *Maildrop) findLast() int {
	kept, want, ok := readLast(m.beside(lastEnding))
	if !ok {
		return 0
	}
	kept = min(kept, len(m.msgs))
	w := newWindow(m)
	defer w.free()
	is := func(i int) bool {
		sum, err := m.beginning(i, w)
		return err == nil && sum == want
	}
	for i := kept - 1; i >= 0; i-- {
		if is(i) {
			return i + 1
		}
	}
	for i := kept; i < len(m.msgs); i++ {
		if is(i) {
			return i + 1
		}
	}
	return kept
}

// readLast reads the file; ok is false if there is none that holds.
func readLast(name string) (kept int, sum uidSum, ok bool) {
	f, size, err := openOwn(name)
	if err != nil {
		return 0, sum, false
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxLastText))
	if err != nil || int64(len(b)) != size {
		return 0, sum, false
	}
	var text []byte
	_, err = fmt.Sscanf(string(b), lastFormat, &kept, &text)
	if err != nil || kept < 1 || len(text) != len(sum) || fmt.Sprintf(lastFormat, kept, text) != string(b) {
		return 0, sum, false
	}
	return kept, uidSum(text), true
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
