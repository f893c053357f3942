package mbox

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"popper/mbox/mboxref"
)

// UPD-4, exhaustively: updates run on a disk in memory that records what is done to
// it; for each instant, and for what a power cut then may leave of what was not
// durable, the disk is rebuilt, the real recovery runs, and the file must be what it
// was, or what it was to become, with all that was delivered meanwhile. Recovery is
// interrupted too. POPPER_CRASH_STATES says how many different states to check.

const (
	crashPath = "/spool/user"
	crashJnl  = "/spool/.user.pop"
)

// crashCase is one update.
type crashCase struct {
	data   string
	marks  []bool
	block  int
	window int64
	sector int
	late   string // delivered after the scan, before the update
}

func (c crashCase) String() string {
	return fmt.Sprintf("%q late %q without %v, chunk %d, window %d, sector %d", c.data, c.late, c.marks, c.block, c.window, c.sector)
}

// maildrop is the maildrop on disk d, as Open has it before recovery.
func (c crashCase) maildrop(d *memDisk) *Maildrop {
	o := Options{State: "/state", disk: d, block: c.block, window: c.window}.withDefaults()
	return &Maildrop{path: crashPath, options: o, f: &memFile{d, d.names[crashPath]}, session: noSession()}
}

// noSession stands for the file of the session lock. Its name says where state files
// are: on the disk in memory too.
var noSession = sync.OnceValue(func() *os.File {
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		panic(err)
	}
	return os.NewFile(uintptr(fd), "/state/user.lock")
})

// update runs the update; the disk's record then is that of the update.
func (c crashCase) update(t fataler, d *memDisk) error {
	m := c.maildrop(d)
	var err error
	left := d.left
	d.left = -1
	if m.table, err = scanFile(m.f, m.options, func() {}); err != nil {
		t.Fatalf("%s: %v", c, err)
	}
	d.note(op{kind: opWrite, node: d.names[crashPath], at: m.id.size, data: []byte(c.late)})
	d.restart()
	size := int64(len(d.text(crashPath)))
	p, err := m.plan(slices.Index(c.marks, true), func(i int) bool { return c.marks[i] }, size)
	if err != nil {
		t.Fatalf("%s: %v", c, err)
	}
	d.left = left
	return m.carryOut(p, size, func() {})
}

// recovered runs recovery.
func (c crashCase) recovered(d *memDisk) error { return c.maildrop(d).recover(func() {}) }

// outcomes are the octets that the file may have in the end, when mail was appended
// to it after a crash: as it was first; then as it was to become.
func (c crashCase) outcomes(appended string) []string {
	ref, _ := mboxref.Messages([]byte(c.data), false)
	after := ""
	if len(ref) > 0 {
		after = c.data[:ref[0].Start]
	}
	for i, r := range ref {
		if !c.marks[i] {
			after += c.data[r.Start:r.End]
		}
	}
	late := c.late
	gone := c.marks[len(c.marks)-1]
	if gone {
		late = strings.TrimLeft(late, "\r\n")
	}
	all := []string{c.data + c.late + appended, after + late + appended}
	if gone && late == "" {
		all = append(all, after+strings.TrimLeft(appended, "\r\n"))
	}
	return all
}

// crashTest counts the states of one test.
type crashTest struct {
	t      fataler
	r      *rand.Rand
	states int
	share  int // one state in share is checked
	seen   map[uint64]bool
	deaf   func(op) bool
	fail   func(format string, args ...any)
}

// exhaust checks one update: all instants, all that they may leave.
func (ct *crashTest) exhaust(c crashCase) {
	d := newMemDisk(map[string]string{crashPath: c.data})
	d.deaf = ct.deaf
	if err := c.update(ct.t, d); err != nil {
		ct.t.Fatalf("%s: %v", c, err)
	}
	ct.seen = make(map[uint64]bool)
	for k := range len(d.log) + 1 {
		d.crashes(k, c.sector, ct.share, ct.r, func(state *memDisk) {
			done := k == len(d.log) // the client has heard of success
			if key := state.key(); !ct.seen[key] || done {
				ct.seen[key] = true
				ct.check(c, state, done)
			}
		})
	}
	for k := range len(d.log) + 1 {
		ct.kill(c, k)
	}
}

var deliveries = []string{"", sepB + "\nafter the crash\n\n", "\n" + sepB + "\nafter the crash\n\n", "\r\n\n" + sepB + "\nlater\n"}

// check lets mail be delivered in a state, recovers, and judges. In some cases
// recovery is interrupted, once or more.
func (ct *crashTest) check(c crashCase, state *memDisk, done bool) {
	for _, appended := range deliveries[:1+ct.r.IntN(len(deliveries))] {
		d := state.clone()
		ct.deliver(d, appended)
		d.full = ct.r.IntN(2) // then a journal for what was delivered gets a small window
		ct.judge(c, d, appended, done)
		for range ct.r.IntN(3) { // d has the record of a recovery
			crashed := d.oneCrash(c.sector, ct.r)
			more := deliveries[ct.r.IntN(2)]
			ct.deliver(crashed, more)
			ct.judge(c, crashed, appended+more, done)
		}
	}
}

func (ct *crashTest) deliver(d *memDisk, mail string) {
	d.apply(op{kind: opWrite, node: d.names[crashPath], at: int64(len(d.text(crashPath))), data: []byte(mail)})
	d.restart()
}

// kill ends the process before its op k. What it has written is seen by the next one,
// and is not durable; then the power is cut while that one recovers.
func (ct *crashTest) kill(c crashCase, k int) {
	d := newMemDisk(map[string]string{crashPath: c.data})
	d.left, d.fault, d.dead, d.deaf = k, errKilled, true, ct.deaf
	if err := c.update(ct.t, d); err == nil {
		return // there were fewer calls
	}
	d.left = -1
	killed := len(d.log)
	for range 1 + ct.r.IntN(2) {
		d.left, d.dead = ct.r.IntN(60), true // the next one is killed too
		err := c.recovered(d)
		d.left = -1
		if err != nil && !errors.Is(err, errKilled) {
			ct.fail("%s: killed before call %d: %v", c, k, err)
		}
	}
	for k := killed; k <= len(d.log); k++ {
		d.crashes(k, c.sector, 16*ct.share, ct.r, func(state *memDisk) { ct.judge(c, state, "", false) })
	}
	ct.judge(c, d, "", false)
}

// judge recovers in d and compares.
func (ct *crashTest) judge(c crashCase, d *memDisk, appended string, done bool) {
	ct.states++
	if err := c.recovered(d); err != nil {
		ct.fail("%s: recovery: %v", c, err)
		return
	}
	want := c.outcomes(appended)
	if done {
		want = want[1:] // R1081-QUIT-2
	}
	if got := d.text(crashPath); !slices.Contains(want, got) {
		ct.fail("%s:\n became %q\nwanted %q", c, got, want)
	}
	if names := slices.Sorted(maps.Keys(d.names)); slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, ".pop") }) {
		ct.fail("%s: files stay: %v", c, names)
	}
}

// fixedCases are updates chosen by hand: at the borders of chunk and window.
func fixedCases() []crashCase {
	message := func(i, n int) string {
		return sepA + "\n" + strings.Repeat(strconv.Itoa(i), n) + "\n\n"
	}
	var list []crashCase
	for _, sizes := range [][]int{{10, 10, 10}, {30, 1, 200}, {200, 30, 1}, {64, 95, 31, 64}, {1, 500, 1, 500, 1}, {600, 1, 600}} {
		data, n := "", len(sizes)
		for i, size := range sizes {
			data += message(i, size)
		}
		for bits := 1; bits < 1<<n; bits++ {
			marks := make([]bool, n)
			for i := range marks {
				marks[i] = bits>>i&1 == 1
			}
			list = append(list,
				crashCase{data: data, marks: marks, block: 64, window: 128, sector: 64},
				crashCase{data: data, marks: marks, block: 32, window: 32, sector: 512, late: sepB + "\nlate\n\n"},
				crashCase{data: strings.ReplaceAll(data, "\n", "\r\n"), marks: marks, block: 100, window: 300, sector: 128},
				crashCase{data: strings.TrimRight(data, "\n"), marks: marks, block: 512, window: 1024, sector: 4096, late: "\n\n" + sepB + "\nlate\n"})
		}
	}
	return list
}

// wantedStates is 10,000, or what the environment says.
func wantedStates(t *testing.T) int {
	n := 10_000
	if s := os.Getenv("POPPER_CRASH_STATES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("POPPER_CRASH_STATES: %v", err)
		}
	}
	return n
}

func TestCrash(t *testing.T) {
	n := wantedStates(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	ct := &crashTest{t: t, r: rand.New(rand.NewPCG(seed, 1)), share: 1, fail: t.Fatalf}
	if n < 100_000 {
		ct.share = 16 // for the sake of more updates
	}
	cases := fixedCases()
	ct.r.Shuffle(len(cases), func(i, j int) { cases[i], cases[j] = cases[j], cases[i] })
	updates := 0
	for ; ct.states < n; updates++ {
		if updates < len(cases) && updates%2 == 0 {
			ct.exhaust(cases[updates/2])
		} else {
			ct.exhaust(drawCase(ct.r))
		}
	}
	t.Logf("%d crash states of %d updates", ct.states, updates)
}

// drawCase draws an update.
func drawCase(r *rand.Rand) crashCase {
	for {
		c := crashCase{data: genBox().Example(int(r.Int32())), block: 1 + r.IntN(64)}
		c.window = int64(c.block * (1 + r.IntN(4)))
		c.sector = []int{16, 64, 512, 4096}[r.IntN(4)]
		ref, _ := mboxref.Messages([]byte(c.data), false)
		for range ref {
			c.marks = append(c.marks, r.IntN(2) == 0)
		}
		if r.IntN(3) == 0 && !strings.HasSuffix(c.data, "\r") { // an LF would end its last line
			c.late = "\n\n" + sepB + "\nlate\n\n"
		}
		if slices.Contains(c.marks, true) {
			return c
		}
	}
}

// The test can fail: on a disk that lies about some kind of fsync it finds mail lost.
func TestCrashDeafDisk(t *testing.T) {
	const spoolNode = 1 // the first file
	for name, deaf := range map[string]func(op) bool{
		"spool":     func(o op) bool { return o.kind == opSync && o.node == spoolNode },
		"journal":   func(o op) bool { return o.kind == opSync && o.node != spoolNode },
		"directory": func(o op) bool { return o.kind == opSyncDir },
	} {
		found := 0
		ct := &crashTest{t: t, r: rand.New(rand.NewPCG(1, 2)), share: 50, deaf: deaf, fail: func(string, ...any) { found++ }}
		for _, c := range fixedCases()[:80] {
			ct.exhaust(c)
		}
		if found == 0 {
			t.Errorf("%d crash states without fsync of the %s, and nothing was lost", ct.states, name)
		}
		t.Logf("without fsync of the %s, %d of %d crash states are wrong", name, found, ct.states)
	}
}
