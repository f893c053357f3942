package mbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
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
// gets "-2".
//
// Residual risk. This cannot be promised without writing into the mail, since any cache
// may be lost: when the first of identical twins is removed, the second becomes the first and
// takes its unique-id (the one that is given up is the last); and a message that
// comes, and is identical to one that was removed, gets the unique-id that this one had.
// (RFC 1939 wants none reused "as long as the entity using the unique-id exists", and
// would even let twins share one.) A client cannot miss anything by it: whatever has a
// unique-id, now or later, has the same octets but for the bookkeeping fields.
// Two messages of one second that differ in nothing but such fields are twins.

const uidOctets = 15 // 120 bits, 30 hexadecimal digits

type uidSum [uidOctets]byte

// UniqueIDs returns the unique-id of each message: 30 lower-case hexadecimal digits,
// for the second of identical twins followed by "-2", for the third by "-3". The
// first call reads what the index does not have; each block is compared with what
// was scanned before it is used, so that ErrChanged is exact. The caller must not
// change the slice.
func (m *Maildrop) UniqueIDs() ([]string, error) { return m.SomeUniqueIDs(math.MaxInt64) }

// SomeUniqueIDs returns the unique-ids of the first messages, of all that are known when it
// has read messages of so many octets (more than 0) whose were not, to the end of the one
// with the last of them. Called again and again it comes to those of all, as UniqueIDs
// returns them. They are final: no message changes the unique-id of one before it, and an
// error of a later call does not make them wrong. The caller must not change the slice.
func (m *Maildrop) SomeUniqueIDs(octets int64) ([]string, error) {
	if len(m.msgs) == 0 {
		return nil, nil
	}
	if m.uids == nil {
		m.uids = newIDList(len(m.msgs))
	}
	if len(m.uids.ids) == len(m.msgs) {
		return m.uids.ids, nil
	}
	if _, err := m.look(); err != nil {
		return nil, err
	}
	m.loadSums()
	if err := m.hashMore(octets); err != nil {
		return nil, err
	}
	m.uids.extend(m.sums)
	return m.uids.ids, nil
}

// idList is the unique-ids of the first messages of a maildrop, in their order.
type idList struct {
	ids   []string
	seen  *sumSet        // the sums of those that have no twin before them; nil: all ids are made
	twins map[uidSum]int // how many there are so far, if there are two
}

// newIDList makes room for those of n messages.
func newIDList(n int) *idList {
	return &idList{make([]string, 0, n), newSumSet(n), map[uidSum]int{}}
}

// extend makes those that are missing of the messages with these sums. They are parts of one
// text: for a million messages it makes a few allocations, and not a million.
func (l *idList) extend(sums []uidSum) {
	var text strings.Builder
	text.Grow((len(sums) - len(l.ids)) * 2 * uidOctets)
	var digits [2 * uidOctets]byte
	l.seen.sums = sums
	for i := len(l.ids); i < len(sums); i++ {
		sum, from := sums[i], text.Len()
		hex.Encode(digits[:], sum[:])
		text.Write(digits[:])
		if !l.seen.add(i) {
			l.twins[sum] = max(l.twins[sum], 1) + 1
			text.WriteString("-" + strconv.Itoa(l.twins[sum]))
		}
		l.ids = append(l.ids, text.String()[from:])
	}
	if len(l.ids) == cap(l.ids) {
		l.seen, l.twins = nil, nil
	}
}

// sumSet is a set of those sums that were added: a table with open addressing, of a
// third of a map's memory. The sums are random already, but a sender can look for some that
// agree in many bits; multiplied by a random number they do not meet in the table.
type sumSet struct {
	sums  []uidSum
	slots []int // index of a sum, + 1
	shift int
	seed  uint64
}

// newSumSet makes one for so many sums.
func newSumSet(sums int) *sumSet {
	n := bits.Len(uint(sums)) + 1 // it is at most half full
	return &sumSet{slots: make([]int, 1<<n), shift: 64 - n, seed: rand.Uint64() | 1}
}

// add adds sums[i], unless an equal one is there already: then it is false.
func (s *sumSet) add(i int) bool {
	k := binary.LittleEndian.Uint64(s.sums[i][:]) * s.seed >> s.shift
	for ; s.slots[k] > 0; k = (k + 1) % uint64(len(s.slots)) {
		if s.sums[s.slots[k]-1] == s.sums[i] {
			return false
		}
	}
	s.slots[k] = i + 1
	return true
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
	m.sums = slices.Grow(m.sums, len(m.msgs)-len(m.sums))
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
