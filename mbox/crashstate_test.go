package mbox

import (
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
)

// What a power cut can leave of what a memDisk has recorded. Data written to a file
// since its last fsync is cut into sectors, of which any may be there and any may be
// missing; so may each change of its size. Creations, renamings and removals in a
// directory since its last fsync are there up to some point, as journalling file
// systems do it, without regard to the files' data.

// atom is what is wholly there after a power cut or wholly missing.
type atom struct{ op }

// pending replays the record up to and without op k: the durable state, and what may
// or may not be durable besides.
func (d *memDisk) pending(k, sector int) (durable *memDisk, data []atom, dirs []op) {
	durable = d.base.clone()
	durable.deaf = d.deaf
	flushed := func(list []op, is func(op) bool) []op {
		return slices.DeleteFunc(list, func(o op) bool {
			if is(o) {
				durable.apply(o)
				return true
			}
			return false
		})
	}
	var writes []op
	for _, o := range d.log[:k] {
		switch o.kind {
		case opSync:
			writes = flushed(writes, func(w op) bool { return w.node == o.node })
		case opSyncDir:
			dirs = flushed(dirs, func(c op) bool { return filepath.Dir(c.name) == o.name })
		case opWrite, opTruncate:
			writes = append(writes, o)
		default:
			dirs = append(dirs, o)
		}
	}
	for _, w := range writes {
		data = append(data, sectors(w, sector)...)
	}
	return durable, data, dirs
}

// sectors cuts a write where sectors of the disk end.
func sectors(w op, sector int) []atom {
	if w.kind != opWrite {
		return []atom{{w}}
	}
	var list []atom
	for len(w.data) > 0 {
		n := min(len(w.data), sector-int(w.at)%sector)
		list = append(list, atom{op{kind: opWrite, node: w.node, at: w.at, data: w.data[:n]}})
		w.data, w.at = w.data[n:], w.at+int64(n)
	}
	return list
}

// subsets is how many subsets of few atoms are all tried, and how many random ones of many.
const (
	fewAtoms = 7
	someSets = 24
)

// crashes calls use with every state that a power cut before op k can leave, or with
// a selection if there are too many; of these, with one in share.
func (d *memDisk) crashes(k, sector, share int, r *rand.Rand, use func(*memDisk)) {
	durable, data, dirs := d.pending(k, sector)
	for n := range len(dirs) + 1 {
		for keep := range chosen(len(data), r) {
			if r.IntN(share) > 0 {
				continue
			}
			use(durable.after(data, keep, dirs[:n]))
		}
	}
}

// oneCrash is one state, at random, of all that a power cut at any instant can leave.
func (d *memDisk) oneCrash(sector int, r *rand.Rand) *memDisk {
	durable, data, dirs := d.pending(r.IntN(len(d.log)+1), sector)
	bias := r.Uint64() | r.Uint64()
	if r.IntN(2) == 0 {
		bias = r.Uint64() & r.Uint64()
	}
	return durable.after(data, func(int) bool { return bias>>r.IntN(64)&1 == 1 }, dirs[:r.IntN(len(dirs)+1)])
}

// after is the state with some atoms, in the order in which they were written.
func (d *memDisk) after(data []atom, keep func(int) bool, dirs []op) *memDisk {
	c := d.clone()
	for _, o := range dirs {
		c.apply(o)
	}
	for i, a := range data {
		if keep(i) {
			if c.nodes[a.node] == nil {
				c.nodes[a.node] = []byte{}
			}
			c.apply(a.op)
		}
	}
	c.base = c.clone()
	return c
}

// chosen yields subsets of n atoms: all if they are few; else beginnings, all but
// one, only one, and some at random.
func chosen(n int, r *rand.Rand) func(yield func(func(int) bool) bool) {
	return func(yield func(func(int) bool) bool) {
		if n <= fewAtoms {
			for bits := range 1 << n {
				if !yield(func(i int) bool { return bits>>i&1 == 1 }) {
					return
				}
			}
			return
		}
		for k := range n + 1 {
			if !yield(func(i int) bool { return i < k }) ||
				!yield(func(i int) bool { return i == k }) ||
				!yield(func(i int) bool { return i != k }) {
				return
			}
		}
		for range someSets {
			a, b := r.Uint64(), r.Uint64()
			if !yield(func(i int) bool { return (a>>(i%64)^b>>(i/64%64))&1 == 1 }) {
				return
			}
		}
	}
}

var stateSeed = maphash.MakeSeed()

// key tells states apart.
func (d *memDisk) key() uint64 {
	var h maphash.Hash
	h.SetSeed(stateSeed)
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		h.WriteString(name)
		h.WriteByte(0)
		h.Write(d.nodes[d.names[name]])
		h.WriteByte(0)
	}
	return h.Sum64()
}
