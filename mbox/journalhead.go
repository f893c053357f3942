package mbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// A journal file, numbers little-endian, in blocks of diskBlock octets so that no
// part is torn by a write to another:
//
//	block 0    title, padded to titleSize; then as 8 octets each: inode and size of
//	           the file before, to, size after, chunk, window, number of extents,
//	           checksum of what will be cut off, its first octet if that will be
//	           marked, else 0, checksum of the plan; checksum of all that
//	block 1    the window record: title, output offset, length, checksum of all that;
//	           or in the end the cut record: title, its checksum
//	block 2    the plan: the extents that stay, 16 octets each, and a checksum of
//	           each chunk of the outputs, 8 octets each; padded to whole blocks
//	then       the window area, and room for two chunks at least
//
// The device number of the file is not noted: it may be another after a restart.

const (
	headTitle   = "popper update journal 2: keep this file, the next login finishes the update with it\n"
	olderTitle  = "popper update journal 1: "
	windowTitle = "window 1"
	cutTitle    = "cut 1"
	titleSize   = 128
	diskBlock   = 4096
	planAt      = 2 * diskBlock
)

// head is what a journal says from its beginning on.
type head struct {
	ino     int64    // of the file, for the administrator: it may be a copy now
	before  int64    // its size before the update
	plan             // what it is to become
	chunk   int64    // octets an output chunk, counted from plan.to; the last is shorter
	window  int64    // octets of the window area, a multiple of chunk, perhaps 0
	leftSum uint64   // of what will be cut off, [size, before)
	mark    byte     // see slide.finish
	sums    []uint64 // of each chunk
}

var errDamaged = errors.New("journal is damaged")

// errOlder: in version 1 the checksum of what will be cut off was of its two ends only.
var errOlder = errors.New("journal is of version 1, and was written by an older popper: to finish its update, stop this one " +
	"and log in once with the older one")

// chunks is the number of output chunks.
func (h *head) chunks() int64 { return (h.size - h.to + h.chunk - 1) / h.chunk }

// area is where in the journal the window area begins.
func (h *head) area() int64 { return h.areaBehind(int64(len(h.keep))) }

// areaBehind is the same for a plan of so many extents.
func (h *head) areaBehind(extents int64) int64 {
	n := planAt + h.planLength(extents)
	return (n + diskBlock - 1) / diskBlock * diskBlock
}

// planLength is how many octets a plan of so many extents takes in the journal.
func (h *head) planLength(extents int64) int64 { return 16*extents + 8*h.chunks() }

// room is how many octets the journal has behind its plan.
func (h *head) room() int64 { return max(h.window, spareChunks*h.chunk) }

// encode is the journal up to its window area.
func (h *head) encode() []byte {
	b := make([]byte, planAt, h.area())
	for _, e := range h.keep {
		b = binary.LittleEndian.AppendUint64(b, uint64(e.from))
		b = binary.LittleEndian.AppendUint64(b, uint64(e.end))
	}
	for _, s := range h.sums {
		b = binary.LittleEndian.AppendUint64(b, s)
	}
	planSum := sum64(b[planAt:])
	putFields(b[:diskBlock], headTitle, uint64(h.ino), uint64(h.before), uint64(h.to), uint64(h.size),
		uint64(h.chunk), uint64(h.window), uint64(len(h.keep)), h.leftSum, uint64(h.mark), planSum)
	return b[:h.area()]
}

// putFields writes a title and numbers at the beginning of b, and their checksum.
func putFields(b []byte, title string, fields ...uint64) {
	copy(b, title)
	at := titleSize
	for _, v := range fields {
		binary.LittleEndian.PutUint64(b[at:], v)
		at += 8
	}
	binary.LittleEndian.PutUint64(b[at:], sum64(b[:at]))
}

// fields takes n numbers from b, or says that it was not written by putFields.
func fields(b []byte, title string, n int) ([]uint64, bool) {
	end := titleSize + 8*n
	if string(b[:len(title)]) != title || binary.LittleEndian.Uint64(b[end:]) != sum64(b[:end]) {
		return nil, false
	}
	v := make([]uint64, n)
	for i := range v {
		v[i] = binary.LittleEndian.Uint64(b[titleSize+8*i:])
	}
	return v, true
}

// readHead reads and checks the head of journal f. What memory it uses, maxPlan bounds.
func readHead(f file) (*head, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Size() < planAt {
		return nil, fmt.Errorf("%w: it has %d octets only", errDamaged, fi.Size())
	}
	b := make([]byte, diskBlock)
	if err := readFull(f, b, 0); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(b, []byte(olderTitle)) {
		return nil, errOlder
	}
	v, ok := fields(b, headTitle, 10)
	if !ok {
		return nil, fmt.Errorf("%w: its first block does not have the right checksum", errDamaged)
	}
	h := &head{ino: int64(v[0]), before: int64(v[1]), chunk: int64(v[4]), window: int64(v[5]), leftSum: v[7], mark: byte(v[8])}
	h.to, h.size = int64(v[2]), int64(v[3])
	if !h.plausible(v[6]) {
		return nil, fmt.Errorf("%w: its numbers are impossible", errDamaged)
	}
	// The window area may be missing (freeWindow), or only its end, if it was begun anew.
	if n, area := fi.Size(), h.areaBehind(int64(v[6])); n < area || n > area+h.room() {
		return nil, fmt.Errorf("%w: it has %d octets, not %d to %d", errDamaged, n, area, area+h.room())
	}
	if err := h.readPlan(f, v[6], v[9]); err != nil {
		return nil, err
	}
	return h, nil
}

// plausible tells whether the numbers in the head agree with one another, so that
// they can be computed with.
func (h *head) plausible(extents uint64) bool {
	return 0 <= h.to && h.to < h.size && h.size < h.before && h.before <= maxSpool &&
		0 < h.chunk && h.chunk <= maxChunk && 0 <= h.window && h.window <= maxSpool && h.window%h.chunk == 0 &&
		extents <= maxPlan/16 && h.planLength(int64(extents)) <= maxPlan
}

// readPlan reads extents and checksums, and checks what the slide relies on.
func (h *head) readPlan(f file, extents, sum uint64) error {
	b := make([]byte, h.planLength(int64(extents)))
	if err := readFull(f, b, planAt); errors.Is(err, ErrChanged) {
		return fmt.Errorf("%w: its end is missing", errDamaged)
	} else if err != nil {
		return err
	}
	if sum64(b) != sum {
		return fmt.Errorf("%w: its plan does not have the right checksum", errDamaged)
	}
	next := func() uint64 {
		v := binary.LittleEndian.Uint64(b)
		b = b[8:]
		return v
	}
	out, behind := h.to, h.to
	h.keep = make([]extent, 0, extents)
	for range extents {
		e := extent{int64(next()), int64(next())}
		if e.from <= behind || e.end <= e.from || e.end > h.before {
			return fmt.Errorf("%w: its plan is impossible", errDamaged)
		}
		h.keep = append(h.keep, e)
		out, behind = out+e.end-e.from, e.end
	}
	if out != h.size {
		return fmt.Errorf("%w: its plan has another size", errDamaged)
	}
	h.sums = make([]uint64, 0, h.chunks())
	for range h.chunks() {
		h.sums = append(h.sums, next())
	}
	return nil
}
