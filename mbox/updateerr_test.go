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

// troubles calls test with each kind of disk trouble, once and from then on.
func troubles(test func(wrong error, dead bool)) {
	for _, wrong := range diskTroubles {
		test(wrong, false)
		test(wrong, true)
	}
}

// UPD-4, UPD-5: each kind of disk trouble at each call of an update, once or from then
// on. Either the file is as it was and stays so, also after a power cut, or the next
// opening finishes it; and the error says which.
func TestUpdateErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	failed := map[string]int{}
	for i, c := range someCases() {
		troubles(func(wrong error, dead bool) {
			for left := 0; ; left++ {
				d := newMemDisk(map[string]string{crashPath: c.data})
				d.left, d.fault, d.dead, d.poor = left, wrong, dead, i%2 == 1
				err := c.update(t, d)
				if d.failed == "" {
					break
				}
				failed[d.failed]++
				d.left = -1
				c.judgeFailed(t, d, left, err, r)
			}
		})
	}
	for _, call := range []string{"Lstat", "Create", "Rename", "Remove", "SyncDir", "Reserve", "ReadAt", "WriteAt", "Truncate", "Sync", "Stat"} {
		if failed[call] == 0 {
			t.Errorf("%s never failed", call)
		}
	}
	t.Logf("calls failed: %v", failed)
}

// judgeFailed looks at a disk on which call number left of an update has failed.
func (c crashCase) judgeFailed(t *testing.T, d *memDisk, left int, err error, r *rand.Rand) {
	t.Helper()
	want := c.outcomes("")
	switch {
	case err == nil: // what failed does not matter, such as looking for a file
		want = want[1:]
	case !errors.Is(err, d.fault):
		t.Fatalf("%s: call %d, %s: %v, want %v", c, left, d.failed, err, d.fault)
	case errors.Is(err, ErrNotBegun):
		want = want[:1]
		if d.text(crashPath) != want[0] {
			t.Fatalf("%s: call %d, %s: %v, but the file was changed", c, left, d.failed, err)
		}
	case errors.Is(err, ErrNotDurable):
		if d.text(crashPath) != want[1] || len(d.names) > 1 {
			t.Fatalf("%s: call %d, %s: %v, but the file holds %q", c, left, d.failed, err, d.text(crashPath))
		}
	case !errors.Is(err, ErrUnfinished):
		t.Fatalf("%s: call %d, %s: %v has no name", c, left, d.failed, err)
	}
	for _, state := range []*memDisk{d.oneCrashAtEnd(c.sector, r), d} {
		if err := c.recovered(state); err != nil {
			t.Fatalf("%s: call %d, %s: recovery: %v", c, left, d.failed, err)
		}
		if got := state.text(crashPath); !slices.Contains(want, got) {
			t.Fatalf("%s: %v at call %d, %s, reported as %v: became %q", c, d.fault, left, d.failed, err, got)
		}
	}
}

// Each kind of disk trouble at each call of a recovery: it reports it or succeeds, and
// the next one succeeds.
func TestRecoveryErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	failed := map[string]int{}
	for _, c := range someCases() {
		u := newMemDisk(map[string]string{crashPath: c.data})
		if err := c.update(t, u); err != nil {
			t.Fatal(err)
		}
		state := u.oneCrash(c.sector, r)
		mailed := deliveries[r.IntN(len(deliveries))]
		(&crashTest{}).deliver(state, mailed)
		troubles(func(wrong error, dead bool) {
			for left := 0; ; left++ {
				d := state.clone()
				d.restart()
				d.left, d.fault, d.dead = left, wrong, dead
				err := c.recovered(d)
				if d.failed == "" {
					break
				}
				failed[d.failed]++
				d.left = -1
				if err == nil && !slices.Contains(c.outcomes(mailed), d.text(crashPath)) {
					t.Fatalf("%s: %v at call %d, %s: shown is %q", c, wrong, left, d.failed, d.text(crashPath))
				}
				if err := c.recovered(d); err != nil || !slices.Contains(c.outcomes(mailed), d.text(crashPath)) {
					t.Fatalf("%s: %v at call %d, %s: then %v, %q", c, wrong, left, d.failed, err, d.text(crashPath))
				}
			}
		})
	}
	t.Logf("calls failed: %v", failed)
}

// oneCrashAtEnd is a state, at random, that a power cut can leave when all is done.
func (d *memDisk) oneCrashAtEnd(sector int, r *rand.Rand) *memDisk {
	durable, data, dirs := d.pending(len(d.log), sector)
	bits := r.Uint64()
	return durable.after(data, func(i int) bool { return bits>>(i%64)&1 == 1 }, dirs[:r.IntN(len(dirs)+1)])
}
