package mbox

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

var diskTroubles = []error{unix.ENOSPC, unix.EDQUOT, unix.EIO, unix.EFBIG}

// someCases are updates of all kinds, small enough to fail at each of their calls.
func someCases() []crashCase {
	var list []crashCase
	for i, c := range fixedCases() {
		if i%7 == 0 {
			list = append(list, c)
		}
	}
	return list
}

// UPD-4, UPD-5: disk trouble at any call of an update, once or from then on. Either
// the file is as it was and stays so, also after a power cut, or the next opening
// finishes it; and the error says which.
func TestUpdateErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	calls := 0
	for _, c := range someCases() {
		for i := 0; ; i++ {
			wrong := diskTroubles[i%len(diskTroubles)]
			d := newMemDisk(map[string]string{crashPath: c.data})
			d.left, d.fault, d.dead = i/2, wrong, i%2 == 1
			err := c.update(t, d)
			if d.left > 0 {
				break
			}
			calls++
			d.left = -1
			want := c.outcomes("")
			switch {
			case err == nil: // what failed does not matter, such as looking for a file
				want = want[1:]
			case !errors.Is(err, wrong):
				t.Fatalf("%s: call %d: %v, want %v", c, i/2, err, wrong)
			case errors.Is(err, ErrNotBegun):
				want = want[:1]
				if d.text(crashPath) != want[0] {
					t.Fatalf("%s: call %d: %v, but the file was changed", c, i/2, err)
				}
			case errors.Is(err, ErrNotDurable):
				if d.text(crashPath) != want[1] || len(d.names) > 1 {
					t.Fatalf("%s: call %d: %v, but the file holds %q", c, i/2, err, d.text(crashPath))
				}
			case !errors.Is(err, ErrUnfinished):
				t.Fatalf("%s: call %d: %v has no name", c, i/2, err)
			}
			for _, state := range []*memDisk{d.oneCrashAtEnd(c.sector, r), d} {
				if err := c.recovered(state); err != nil {
					t.Fatalf("%s: call %d: recovery: %v", c, i/2, err)
				}
				if got := state.text(crashPath); !slices.Contains(want, got) {
					t.Fatalf("%s: %v at call %d, reported as %v: became %q", c, wrong, i/2, err, got)
				}
			}
		}
	}
	t.Logf("%d calls failed", calls)
}

// Disk trouble at any call of a recovery: it reports it or succeeds, and the next one succeeds.
func TestRecoveryErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	calls := 0
	for _, c := range someCases() {
		u := newMemDisk(map[string]string{crashPath: c.data})
		if err := c.update(t, u); err != nil {
			t.Fatal(err)
		}
		state := u.oneCrash(c.sector, r)
		mailed := deliveries[r.IntN(len(deliveries))]
		(&crashTest{}).deliver(state, mailed)
		for left := 0; ; left++ {
			wrong := diskTroubles[left%len(diskTroubles)]
			d := state.clone()
			d.restart()
			d.left, d.fault, d.dead = left, wrong, r.IntN(2) == 0
			err := c.recovered(d)
			if d.left > 0 {
				break
			}
			calls++
			d.left = -1
			if err == nil && !slices.Contains(c.outcomes(mailed), d.text(crashPath)) {
				t.Fatalf("%s: %v at call %d: shown is %q", c, wrong, left, d.text(crashPath))
			}
			if err := c.recovered(d); err != nil || !slices.Contains(c.outcomes(mailed), d.text(crashPath)) {
				t.Fatalf("%s: %v at call %d: then %v, %q", c, wrong, left, err, d.text(crashPath))
			}
		}
	}
	t.Logf("%d calls failed", calls)
}

// oneCrashAtEnd is a state, at random, that a power cut can leave when all is done.
func (d *memDisk) oneCrashAtEnd(sector int, r *rand.Rand) *memDisk {
	durable, data, dirs := d.pending(len(d.log), sector)
	bits := r.Uint64()
	return durable.after(data, func(i int) bool { return bits>>(i%64)&1 == 1 }, dirs[:r.IntN(len(dirs)+1)])
}
