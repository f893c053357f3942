package bboards

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"popper/mbox"
)

// R1082-MAX-1: archived messages keep their numbers, stamped or not, and the rest stays.
func TestArchive(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	x.append(t, x.mail+"/system", letterText("a", 0)+letterText("b", 0))
	x.deliver(t, "Subject: c\n\nFrom c\n")
	x.deliver(t, "Subject: d\n\n")
	before := x.numbers(t, false)
	if n, err := x.Archive("SYSTEM", Rule{Keep: 1}, x.options); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	if got := show(x.numbers(t, false)); got != fmt.Sprintf("%03d d", before["d"]) {
		t.Errorf("group: %s", got)
	}
	delete(before, "d")
	if got := show(x.numbers(t, true)); got != show(before) {
		t.Errorf("archive: %s, want %s", got, show(before))
	}
	if old := x.read(t, x.mail+"/old"); !strings.Contains(old, "\n\n>From c\n") || !strings.HasPrefix(old, "From ann@example.org Tue Jan  2 15:04:05 2024\n") {
		t.Errorf("archive: %q", old)
	}
	if n, err := x.Archive("system", Rule{Keep: 1}, x.options); n != 0 || err != nil {
		t.Error(n, err)
	}
}

// By the date of the separator line; letterText's is of January 2, deliver's a day later.
func TestArchiveByAge(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	x.append(t, x.mail+"/system", letterText("old", 0))
	x.deliver(t, "Subject: new\n\n")
	x.append(t, x.mail+"/system", letterText("late", 0))
	r := Rule{Before: time.Date(2024, 1, 3, 0, 0, 0, 0, time.Local), Keep: 1}
	if n, err := x.Archive("system", r, x.options); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if now, old := x.numbers(t, false), x.numbers(t, true); len(now) != 2 || len(old) != 1 || old["old"] == 0 {
		t.Errorf("%s; archive %s", show(now), show(old))
	}
}

// What keeps an archive from being made, with what mends it.
func TestArchiveRefused(t *testing.T) {
	x := newFixture(t, map[string]string{
		"system.group": groupText, "bare.group": "maildrop: MAIL/bare\n", "far.group": "maildrop: MAIL/far\narchive: MAIL/no/such/far\n",
	}).open(t)
	x.append(t, x.mail+"/far", letterText("a", 0))
	for _, c := range []struct {
		name string
		rule Rule
		want string
	}{
		{"nobody", Rule{Keep: 1}, "no group called"},
		{"../system", Rule{Keep: 1}, "no group called"},
		{"system", Rule{}, "say which"},
		{"bare", Rule{Keep: 1}, "archive: PATH"},
		{"far", Rule{Before: time.Now()}, "make the directory"},
	} {
		if _, err := x.Archive(c.name, c.rule, x.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	m, _, err := x.group(t, "system").Open(false, x.options)
	if err != nil {
		t.Fatal(err)
	}
	x.append(t, x.mail+"/system", letterText("a", 0)+letterText("b", 0))
	if _, err := x.Archive("system", Rule{Keep: 1}, x.options); !errors.Is(err, mbox.ErrInUse) {
		t.Errorf("beside a reader: %v", err)
	}
	m.Close()
}

// An archiving that ends at any point, and a torn message in the archive as a crash can
// leave it: the next run finishes it. Each message is then in one file, once, with the
// number that it had.
func TestArchiveInterrupted(t *testing.T) {
	points := map[string]bool{}
	for stop := 0; ; stop++ {
		x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
		x.append(t, x.mail+"/system", letterText("a", 0)+letterText("b", 0))
		x.deliver(t, "Subject: c\n\n")
		x.deliver(t, "Subject: d\n\n")
		want := x.numbers(t, false)
		calls := 0
		x.fail = func(point string) error {
			points[point] = true
			if calls++; calls > stop {
				return errors.New("stopped at " + point)
			}
			return nil
		}
		_, err := x.Archive("system", Rule{Keep: 1}, x.options)
		if err == nil {
			break
		}
		x.open(t) // another process
		if old, readErr := os.ReadFile(x.mail + "/old"); readErr == nil && stop%2 == 1 && strings.Contains(err.Error(), "append") {
			if err := os.Truncate(x.mail+"/old", int64(len(old)-6)); err != nil { // torn
				t.Fatal(err)
			}
		}
		if _, err := x.Archive("system", Rule{Keep: 1}, x.options); err != nil {
			t.Fatalf("stopped at call %d: then %v", stop, err)
		}
		now, old := x.numbers(t, false), x.numbersAll(t)
		if len(now) != 1 || now["d"] != want["d"] {
			t.Errorf("stopped at call %d: group %s", stop, show(now))
		}
		delete(want, "d")
		for subject, n := range want {
			if !slices.Contains(old[subject], n) {
				t.Errorf("stopped at call %d: %s had %d, the archive has %v", stop, subject, n, old[subject])
			}
		}
	}
	if len(points) < 4 {
		t.Errorf("only these points were met: %v", points)
	}
}

// numbersAll are the numbers in the archive by subject; a torn message keeps its subject.
func (x *fixture) numbersAll(t fataler) map[string][]uint64 {
	t.Helper()
	m, numbers, err := x.group(t, "system").Open(true, x.options)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer m.Close()
	all := map[string][]uint64{}
	for i, n := range numbers {
		s := subject(t, m, i)
		all[s] = append(all[s], n)
	}
	return all
}
