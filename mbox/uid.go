package mbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"math"
	"strconv"
	"strings"
)

// The unique-id of a message (R1939-UIDL-1) is a hash of what does not change
// while it lies in the maildrop: its separator line, and its octets without the
// fields in which other programs keep their books (header.go). It is not taken
// from the message, whose sender could choose it. The index keeps what was hashed,
// but no index that is lost, and none that is made anew, can change it. 120 bits are enough for no
// two messages ever to meet by chance.
//
// The maildrop can hold one message twice, separator line and all (a delivery
// repeated within a second). Twins are told apart by their order: the second one
// gets "-2". This is what having no state cannot promise: when the first of
// identical twins is removed, the second becomes the first and takes its unique-id,
// and a client that has fetched both will not miss anything, since they are equal.

const uidOctets = 15 // 120 bits, 30 hexadecimal digits

type uidSum [uidOctets]byte

// UniqueIDs returns the unique-id of each message: 30 lower-case hexadecimal digits,
// for the second of identical twins followed by "-2", for the third by "-3". The
// first call reads what the index does not have; each block is compared with what
// was scanned before it is used, so that ErrChanged is exact. The caller must not
// change the slice.
func (m *Maildrop) UniqueIDs() ([]string, error) {
	if m.uids != nil || len(m.msgs) == 0 {
		return m.uids, nil
	}
	if _, err := m.look(); err != nil {
		return nil, err
	}
	m.loadSums()
	if err := m.hashMore(math.MaxInt64); err != nil {
		return nil, err
	}
	m.uids = uniqueIDs(m.sums)
	return m.uids, nil
}

// SomeUniqueIDs returns the unique-ids of the first messages, of all that are known when it
// has read messages of so many octets (more than 0) whose were not, to the end of the one
// with the last of them. Called again and again it comes to those of all, as UniqueIDs
// returns them. They are final: no message changes the unique-id of one before it, and an
// error of a later call does not make them wrong. The caller must not change the slice.
func (m *Maildrop) SomeUniqueIDs(octets int64) ([]string, error) {
	if m.uids != nil || len(m.msgs) == 0 {
		return m.uids, nil
	}
	if _, err := m.look(); err != nil {
		return nil, err
	}
	m.loadSums()
	if err := m.hashMore(octets); err != nil {
		return nil, err
	}
	ids := uniqueIDs(m.sums)
	if len(ids) == len(m.msgs) {
		m.uids = ids
	}
	return ids, nil
}

// uniqueIDs makes the unique-ids of messages in their order.
func uniqueIDs(sums []uidSum) []string {
	uids := make([]string, 0, len(sums))
	twins := make(map[uidSum]int, len(sums))
	for _, sum := range sums {
		twins[sum]++
		uid := hex.EncodeToString(sum[:])
		if n := twins[sum]; n > 1 {
			uid += "-" + strconv.Itoa(n)
		}
		uids = append(uids, uid)
	}
	return uids
}

// Digest returns 30 hexadecimal digits that tell whether message i, 0 ≤ i < Len, is the
// same as one of another maildrop: a hash of what makes the unique-id, without the fields
// called without, whose name has at most 32 octets.
func (m *Maildrop) Digest(i int, without string) (string, error) {
	w := newWindow(m)
	defer w.free()
	sum, err := m.sum(i, w, &essence{to: sha256.New(), also: strings.ToLower(without)})
	return hex.EncodeToString(sum[:]), err
}

// hashMore hashes messages whose unique-ids are not known, until so many octets are read.
func (m *Maildrop) hashMore(octets int64) error {
	w := newWindow(m)
	defer w.free()
	e := essence{to: sha256.New()}
	for i := len(m.sums); i < len(m.msgs) && octets > 0; i++ {
		sum, err := m.sum(i, w, &e)
		if err != nil {
			return err
		}
		m.sums = append(m.sums, sum)
		from, to := m.extent(i)
		m.work += to - from
		octets -= to - from
	}
	return nil
}

// sum hashes message i.
func (m *Maildrop) sum(i int, w *window, e *essence) (sum uidSum, err error) {
	e.to.Reset()
	from, to := m.content(i)
	if err := w.separator(m.msgs[i].start, from, e.to); err != nil {
		return sum, err
	}
	for from < to {
		b, err := w.at(from, to)
		if err != nil {
			return sum, err
		}
		e.feed(b)
		from += int64(len(b))
	}
	e.finish()
	var full [sha256.Size]byte
	copy(sum[:], e.to.Sum(full[:0]))
	return sum, nil
}

// window reads forwards through what was scanned, one compared block at a time.
type window struct {
	m   *Maildrop
	k   int64 // number of the block in b
	b   []byte
	buf []byte
	sep []byte // a separator line, collected
}

func newWindow(m *Maildrop) *window {
	return &window{m: m, k: -1, buf: getBlock(m.options.block)}
}

func (w *window) free() { putBlock(w.buf) }

// at returns octets from offset from on, up to offset to or the end of the block.
func (w *window) at(from, to int64) ([]byte, error) {
	size := int64(len(w.buf))
	if k := from / size; k != w.k {
		b, err := w.m.block(k, w.buf)
		if err != nil {
			return nil, err
		}
		w.k, w.b = k, b
	}
	base := w.k * size
	return w.b[from-base : min(to-base, int64(len(w.b)))], nil
}

// separator hashes the separator line [from, to), with an LF for any line end.
func (w *window) separator(from, to int64, h hash.Hash) error {
	line, err := w.line(from, to)
	if err != nil {
		return err
	}
	h.Write(append(line, '\n'))
	return nil
}

// line returns the line [from, to) without its line end, valid until the next call.
func (w *window) line(from, to int64) ([]byte, error) {
	line := w.sep[:0]
	for from < to {
		b, err := w.at(from, to)
		if err != nil {
			return nil, err
		}
		line = append(line, b...)
		from += int64(len(b))
	}
	w.sep = line
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'}), nil
}
