package mbox

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"popper/mbox/disktest"
	"popper/mbox/mboxref"
)

// What becomes of a maildrop when a delivery fails or is cut off at any instant.

// deliverCase is one delivery to a disk in memory.
type deliverCase struct {
	before, text  string
	block, sector int
}

func (c deliverCase) String() string {
	return fmt.Sprintf("%q to %q, block %d, sector %d", c.text, c.before, c.block, c.sector)
}

func (c deliverCase) run(d *memDisk) error {
	o := Options{disk: d, block: c.block}.withDefaults()
	return appendLetter(&memFile{d, d.names[crashPath]}, crashPath, newLetter(c.text), Mboxrd, o, func() {})
}

func deliverCases() (list []deliverCase) {
	for _, before := range []string{"", "\n", three, strings.TrimRight(three, "\n"), strings.ReplaceAll(three, "\n", "\r\n"), sepA + "\nx\r"} {
		for _, text := range []string{"", "S: x\n\nFrom a\nx", strings.Repeat("From b\n\n", 20), strings.Repeat("x", 300) + "\r"} {
			list = append(list, deliverCase{before, text, 16, 64}, deliverCase{before, text, 512, 512}, deliverCase{before, text, 64, 4096})
		}
	}
	return list
}

// MBOX-8: each call of the system fails once, half-done or not at all; in a second round
// everything fails from there on, so that nothing can be taken back either.
func TestAppendFaults(t *testing.T) {
	n := 0
	for _, c := range deliverCases() {
		for _, fault := range []error{unix.ENOSPC, unix.EDQUOT, unix.EIO, unix.EFBIG} {
			for _, dead := range []bool{false, true} {
				for k := 0; ; k++ {
					d := newMemDisk(map[string]string{crashPath: c.before})
					d.left, d.fault, d.dead = k, fault, dead
					err := c.run(d)
					if err == nil {
						break
					}
					n++
					got := d.text(crashPath)
					if !errors.Is(err, fault) || !dead && got != c.before || !strings.HasPrefix(got, c.before) {
						t.Fatalf("%s: call %d, dead %t: %v; file %q", c, k, dead, err, got)
					}
					if got != c.before && !strings.Contains(err.Error(), "may stay") {
						t.Fatalf("%s: call %d: not told that a part stays: %v", c, k, err)
					}
					d.left = -1
					durable, data, _ := d.pending(len(d.log), c.sector)
					if !dead && (durable.text(crashPath) != c.before || len(data) != 0) {
						t.Fatalf("%s: call %d: what was taken back is not durable: %q, and %d writes", c, k, durable.text(crashPath), len(data))
					}
				}
			}
		}
	}
	t.Logf("%d faults", n)
}

// MBOX-8: the power fails at any instant: whatever of the delivery is on the disk, all mail
// from before is there octet for octet, the file is a mailbox still, and the next
// delivery can be read. Once success was reported, the mail is there.
func TestAppendPowerCut(t *testing.T) {
	states := 0
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range deliverCases() {
		d := newMemDisk(map[string]string{crashPath: c.before})
		if err := c.run(d); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		whole := d.text(crashPath)
		for k := range len(d.log) + 1 {
			d.crashes(k, c.sector, 1, r, func(state *memDisk) {
				states++
				got := state.text(crashPath)
				if !strings.HasPrefix(got, c.before) || k == len(d.log) && got != whole {
					t.Fatalf("%s: cut at %d: %q", c, k, got)
				}
				checkTornTail(t, c, state)
			})
		}
	}
	t.Logf("%d states", states)
}

// checkTornTail reads what a power cut left and delivers to it.
func checkTornTail(t *testing.T, c deliverCase, d *memDisk) {
	t.Helper()
	old, _ := mboxref.Messages([]byte(c.before), false)
	again := deliverCase{text: "again\n", block: c.block}
	torn := d.text(crashPath)
	if err := again.run(d); err != nil {
		t.Fatalf("%s: left %q, to which nothing can be delivered: %v", c, torn, err)
	}
	now, err := mboxref.Messages([]byte(d.text(crashPath)), false)
	if err != nil || len(now) <= len(old) || string(now[len(now)-1].Body) != again.text {
		t.Fatalf("%s: left %q: the next delivery cannot be read: %v", c, torn, err)
	}
	for i, m := range old {
		if i == len(old)-1 && !bytes.HasPrefix(now[i].Body, bytes.TrimRight(m.Body, "\r\n")) || i < len(old)-1 && !bytes.Equal(now[i].Body, m.Body) {
			t.Fatalf("%s: left %q: message %d was %q, is %q", c, torn, i, m.Body, now[i].Body)
		}
	}
}

// The test can fail: on a disk that does nothing at fsync mail is lost, and a file
// that was empty becomes one that is no mailbox.
func TestAppendDeafDisk(t *testing.T) {
	d := newMemDisk(map[string]string{crashPath: ""})
	d.deaf = func(o op) bool { return o.kind == opSync }
	c := deliverCase{text: strings.Repeat("x\n", 100), block: 64, sector: 64}
	if err := c.run(d); err != nil {
		t.Fatal(err)
	}
	lost, alien := 0, 0
	d.crashes(len(d.log), c.sector, 1, rand.New(rand.NewPCG(5, 6)), func(state *memDisk) {
		got := state.text(crashPath)
		if got != d.text(crashPath) {
			lost++
		}
		if _, err := mboxref.Messages([]byte(got), false); err != nil {
			alien++
		}
	})
	if lost == 0 || alien == 0 {
		t.Errorf("%d lost, %d no mailbox", lost, alien)
	}
}

// UPD-4: a maildrop in the middle of an update that was cut off is delivered to; the
// recovery finishes the update and keeps the delivered mail.
func TestAppendToInterruptedUpdate(t *testing.T) {
	states := 0
	for _, c := range fixedCases() {
		for k := 0; ; k++ {
			d := newMemDisk(map[string]string{crashPath: c.data})
			d.left, d.fault, d.dead = k, errKilled, true
			if err := c.update(t, d); err == nil {
				break
			}
			d.left, d.dead = -1, false
			before := d.text(crashPath)
			if err := (deliverCase{text: "From x\n", block: 64}).run(d); err != nil {
				t.Fatalf("%s: killed before call %d, left %q: %v", c, k, before, err)
			}
			added := strings.TrimPrefix(d.text(crashPath), before)
			ct := &crashTest{t: t, fail: t.Fatalf}
			ct.judge(c, d, added, false)
			states++
		}
	}
	t.Logf("%d states", states)
}

// intruder is a file to which another program, ignoring our locks, appends mail before
// fsync n, which fails.
type intruder struct {
	*memFile
	n    int
	mail string
}

func (f *intruder) Sync() error {
	if f.n--; f.n != 0 {
		return f.memFile.Sync()
	}
	f.d.note(op{kind: opWrite, node: f.node, at: int64(len(f.d.nodes[f.node])), data: []byte(f.mail)})
	return unix.EIO
}

// Another program that ignores the locks puts its mail behind ours, and ours fails: its
// mail must not be cut off, and ours goes no further.
func TestAppendBesideIntruder(t *testing.T) {
	mail := "\n\n" + sepA + "\nintruder\n\n"
	for _, before := range []string{"", three} {
		d := newMemDisk(map[string]string{crashPath: before})
		f := &intruder{&memFile{d, d.names[crashPath]}, 1, mail}
		err := appendLetter(f, crashPath, newLetter("x"), Mboxrd, Options{disk: d}.withDefaults(), func() {})
		got := d.text(crashPath)
		if !errors.Is(err, unix.EIO) || !strings.Contains(err.Error(), "may stay") || !strings.HasPrefix(got, before) || !strings.HasSuffix(got, mail) {
			t.Errorf("%v; file %q", err, got)
		}
	}
	// grown between two of our writes: noticed before the next
	d := newMemDisk(map[string]string{crashPath: three})
	f := &memFile{d, d.names[crashPath]}
	calls := 0
	err := appendLetter(f, crashPath, newLetter(strings.Repeat("x", 40)), Mboxrd, Options{disk: d, block: 16}.withDefaults(), func() {
		if calls++; calls == 3 {
			d.note(op{kind: opWrite, node: f.node, at: int64(len(d.nodes[f.node])), data: []byte(mail)})
		}
	})
	if got := d.text(crashPath); !errors.Is(err, ErrChanged) || !strings.HasSuffix(got, "\nintruder\n\n") || !strings.HasPrefix(got, three) {
		t.Errorf("%v; file %q", err, got)
	}
}

// MBOX-8: a real full disk, with more and more room: until there is enough, nothing
// changes.
func TestAppendFullDisk(t *testing.T) {
	text := strings.Repeat(strings.Repeat("From text ", 7)+"\n", 3000)
	want := three + "\n" + sepB + "\n" + strings.ReplaceAll("\n"+text, "\nFrom", "\n>From")[1:] + "\n"
	disktest.Each(t, smallDisk, func(t *testing.T, dir string) {
		path := filepath.Join(dir, "user")
		o := toDeliver()
		o.Locks = []LockKind{Fcntl}
		refused := 0
		for spare := int64(0); ; spare += 32 << 10 {
			write(t, path, three)
			disktest.Fill(t, dir, spare)
			err := Append(path, newLetter(text), Mboxrd, o)
			if err == nil {
				break
			}
			refused++
			if !errors.Is(err, unix.ENOSPC) || contents(t, path) != three {
				t.Fatalf("%d octets free: %v", spare, err)
			}
			disktest.MakeRoom(t, dir)
		}
		if contents(t, path) != want || refused == 0 {
			t.Errorf("refused %d times; then the file is wrong: %t", refused, contents(t, path) != want)
		}
		t.Logf("refused %d times", refused)
	})
}

const appendLimitEnv = "POPPER_TEST_APPEND_LIMIT"

// MBOX-8: the same under a limit on the size of files.
func TestAppendFileLimit(t *testing.T) {
	if path := os.Getenv(appendLimitEnv); path != "" {
		limit := uint64(len(three) + 1000)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			t.Skipf("SKIP: no limit on files: %v", err)
		}
		o := toDeliver()
		if err := Append(path, newLetter(strings.Repeat("x\n", 3000)), Mboxrd, o); !errors.Is(err, unix.EFBIG) {
			t.Errorf("%v, want EFBIG", err)
		}
		return
	}
	path := spool(t, three)
	cmd := exec.Command(os.Args[0], "-test.run=^TestAppendFileLimit$", "-test.count=1")
	cmd.Env = append(os.Environ(), appendLimitEnv+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if contents(t, path) != three {
		t.Error("the file was changed")
	}
}

// Deliveries at the same time, to a file that none of them has made yet, while a
// session removes what it finds: each message is read just once.
func TestAppendAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "user")
	o := options(path)
	o.Wait, o.Create = time.Minute, &Creation{}
	const writers, letters = 8, 12
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range letters {
				if err := Append(path, newLetter(fmt.Sprintf("From %d.%d\n", w, i)), Mboxrd, o); err != nil {
					t.Error(err)
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	seen := map[string]int{}
	for last := false; !last; {
		select {
		case <-finished:
			last = true
		default:
		}
		m := open(t, path, o)
		for i := range m.Len() {
			b, err := drain(m.Message(i))
			if err != nil {
				t.Fatal(err)
			}
			seen[string(b)]++
		}
		if m.Len() > 0 {
			if err := m.Remove(func(int) bool { return true }); err != nil {
				t.Fatal(err)
			}
		}
		m.Close()
	}
	for w := range writers {
		for i := range letters {
			if s := fmt.Sprintf(">From %d.%d\n", w, i); seen[s] != 1 {
				t.Errorf("%q was read %d times", s, seen[s])
			}
		}
	}
	if len(seen) != writers*letters || len(contents(t, path)) != 0 {
		t.Errorf("%d different messages, want %d; left %q", len(seen), writers*letters, contents(t, path))
	}
}
