package mbox

import (
	"hash/crc32"
	"sort"
)

// outputs is what the part [to, size) of the updated file will hold, as it lies in
// the file before: the extents that stay, one behind the other. An output offset p
// is an offset in the updated file; its source, where that octet lies before, is
// p + shift(p). Shifts are at least 1 and never decrease.
type outputs struct {
	plan
	f  file
	at []int64 // output offset of each extent
}

func newOutputs(f file, p plan) outputs {
	o := outputs{plan: p, f: f, at: make([]int64, len(p.keep))}
	at := p.to
	for i, e := range p.keep {
		o.at[i] = at
		at += e.end - e.from
	}
	return o
}

// extentAt is the number of the extent that holds output offset p, to ≤ p < size.
func (o *outputs) extentAt(p int64) int {
	return sort.Search(len(o.at), func(i int) bool { return o.at[i] > p }) - 1
}

func (o *outputs) shift(p int64) int64 {
	i := o.extentAt(p)
	return o.keep[i].from - o.at[i]
}

// read fills b with the outputs from p on, out of their sources.
func (o *outputs) read(b []byte, p int64) error {
	for i := o.extentAt(p); len(b) > 0; i++ {
		from := o.keep[i].from + p - o.at[i]
		n := min(int64(len(b)), o.keep[i].end-from)
		if err := readFull(o.f, b[:n], from); err != nil {
			return err
		}
		b, p = b[n:], p+n
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum64 is the checksum of all that an update writes down: two different CRC-32,
// which equal one of 64 bits and which processors compute at memory speed. It finds
// accidents, not forgeries; who could forge could write the mail as well.
func sum64(b []byte) uint64 { return more64(0, b) }

// more64 is the checksum of b behind what has the checksum sum.
func more64(sum uint64, b []byte) uint64 {
	return uint64(crc32.Update(uint32(sum>>32), castagnoli, b))<<32 | uint64(crc32.Update(uint32(sum), crc32.IEEETable, b))
}
