package mbox

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// editedCase is an update of messages of which no two chunks are alike.
func editedCase(r *rand.Rand, block int, window int64) crashCase {
	c := crashCase{block: block, window: window, sector: 64}
	for i := range 6 {
		c.data += sepA + "\n"
		for range 1 + r.IntN(12) {
			c.data += fmt.Sprintf("%d %x\n", i, r.Uint64())
		}
		c.data += "\n"
		c.marks = append(c.marks, i == 1 || i > 1 && r.IntN(3) == 0)
	}
	return c
}

// UPD-3, UPD-4: the power is cut at any instant of an update, and before the next
// opening a program that knows nothing of it edits the file, which moves everything.
// Then nothing is finished; but whatever is not in the file is in the journal, which is
// kept: each chunk that was to stay can be found.
func TestCrashThenEdited(t *testing.T) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	states, aside, missing := 0, 0, 0
	for i := range 20 {
		c := editedCase(r, 32<<(i%3), 128<<(i%2))
		d := newMemDisk(map[string]string{crashPath: c.data})
		if err := c.update(t, d); err != nil {
			t.Fatal(err)
		}
		for k := range len(d.log) + 1 {
			d.crashes(k, c.sector, 16, r, func(state *memDisk) {
				states++
				c.edit(state)
				if err := c.recovered(state); err != nil {
					t.Fatalf("%s: %v", c, err)
				}
				file, kept := state.text(crashPath), state.kept()
				if kept != "" {
					aside++
				}
				for _, chunk := range c.chunks() {
					if strings.Contains(file, chunk) {
						continue
					}
					missing++
					if !strings.Contains(kept, chunk) {
						t.Fatalf("%s:\nfile %q\nkept %q\nthere is no %q", c, file, kept, chunk)
					}
				}
			})
		}
	}
	if aside == 0 || missing == 0 {
		t.Error("it never came to that")
	}
	t.Logf("%d states, %d journals set aside, %d chunks in them only", states, aside, missing)
}

// edit does what programs do that write their books into the first message.
func (c crashCase) edit(d *memDisk) {
	n := d.names[crashPath]
	text := d.text(crashPath)
	d.nodes[n] = []byte(strings.Replace(text, sepA+"\n", sepA+"\nX-IMAPbase: 1 2\n", 1))
	d.restart()
}

// kept is the journal that was set aside.
func (d *memDisk) kept() string {
	for name := range d.names {
		if strings.Contains(name, ".unfinished-") {
			return d.text(name)
		}
	}
	return ""
}

// chunks are the parts of what was to stay that are found whole somewhere: those of
// the update, cut where one message ends.
func (c crashCase) chunks() (list []string) {
	after := c.outcomes("")[1]
	to := strings.Index(c.data, "\n1 ") + 1 - len(sepA+"\n")
	for p := to; p < len(after); p += c.block {
		list = append(list, strings.SplitAfter(after[p:min(p+c.block, len(after))], "\n\n")...)
	}
	return list
}
