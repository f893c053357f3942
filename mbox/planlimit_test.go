package mbox

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"testing"
)

// A forged journal of consistent length, all holes, took as much memory as it was long.
func TestHugeJournal(t *testing.T) {
	path := interrupted(t)
	b := []byte(contents(t, beside(path)))
	v, ok := fields(b[:diskBlock], headTitle, 10)
	if !ok {
		t.Fatal("no head")
	}
	const chunks = 1 << 20
	for _, extents := range []uint64{maxPlan / 16, maxPlan/16 + 1, 63 << 20} {
		w := slices.Clone(v)
		w[1], w[2], w[3], w[4], w[5], w[6] = maxSpool, 0, chunks*maxChunk, maxChunk, 0, extents
		putFields(b[:diskBlock], headTitle, w...)
		write(t, beside(path), string(b[:planAt]))
		if err := os.Truncate(beside(path), planAt+16*int64(extents)+8*chunks); err != nil {
			t.Skipf("SKIP: no sparse files here: %v", err)
		}
		f, err := os.Open(beside(path))
		if err != nil {
			t.Fatal(err)
		}
		taken := allocated(func() {
			if _, err := readHead(f); !errors.Is(err, errDamaged) {
				t.Errorf("%d extents: %v", extents, err)
			}
		})
		f.Close()
		if taken > 1<<20 {
			t.Errorf("%d extents: %d octets of memory", extents, taken)
		}
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// UPD-5: an update whose plan would be too long is refused before it begins.
func TestPlanTooLong(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	o.block = 1
	m := open(t, path, o)
	if err := os.Truncate(path, maxPlan/8+100); err != nil {
		t.Skipf("SKIP: no sparse files here: %v", err)
	}
	p := plan{}
	p.add(1, maxPlan/8+100)
	err := m.carryOut(p, maxPlan/8+100, func() {})
	if !errors.Is(err, ErrNotBegun) {
		t.Errorf("%v", err)
	}
	if _, err := os.Lstat(beside(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("journal: %v", err)
	}
}
