package mbox

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What a review found: recovery believed a file that another reader had shortened,
// and records that popper had not written.

func letter(name string, n int) string {
	line := strings.Repeat(name[:1], 63) + "\n"
	return sepA + "\nSubject: " + name + "\n\n" + strings.Repeat(line, n/64) + "\n"
}

// UPD-4: the end of what will be cut off once did not count;
// another reader removes its last message, mail is delivered there, and none of it
// may be taken for octets that are to be cut off.
func TestRecoveryAfterForeignRemovalAtTheEnd(t *testing.T) {
	a, b, c, d := letter("a", 1000), letter("b", 300<<10), letter("c", 600<<10), letter("d", 100<<10)
	path := spool(t, a+b+c+d)
	o := options(path)
	m := open(t, path, o)
	stop := &faulty{file: m.f, left: 1 << 20, err: unix.EIO}
	m.f = &meddling{stop, "sync", func() { stop.left = 0 }}
	if err := m.Remove(set(0, 2, 3)); err == nil {
		t.Fatal("the update was not interrupted")
	}
	m.Close()
	if _, err := os.Lstat(beside(path)); err != nil {
		t.Fatalf("no journal: %v", err)
	}
	now := contents(t, path)
	if err := os.Truncate(path, int64(len(a+b+c))); err != nil {
		t.Fatal(err)
	}
	late := letter("new", 150<<10)
	appendTo(t, path, late)
	log := warned(&o)
	m, err := Open(path, o)
	if err == nil {
		m.Close()
	}
	want := now[:len(a+b+c)] + late
	if got := contents(t, path); got != want || len(*log) != 1 {
		t.Errorf("touched: %v, told %q", got != want, *log)
	}
}

// mergeFile is a record of a merge with right checksums.
func mergeFile(t *testing.T, path string, keep ...uint64) string {
	left := uint64(len(contents(t, beside(path))))
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, diskBlock)
	n := uint64(0)
	for i, k := range keep {
		b = binary.LittleEndian.AppendUint64(b, k)
		if i%2 == 1 {
			n += k - keep[i-1]
		}
	}
	putFields(b[:diskBlock], mergeTitle, identify(fi).ino, 0, 0, 0, n, left, 0, uint64(len(keep)/2), sum64(b[diskBlock:]))
	return string(b)
}

// recordName is where the record of a merge is kept, in a directory that is there.
func recordName(t *testing.T, path string) string {
	session, err := lockSession(options(path).State, path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	m := &Maildrop{session: session}
	return m.mergeName()
}

// A forged record of a merge once panicked, and its locks stayed.
func TestForgedMergeRecord(t *testing.T) {
	for _, keep := range [][]uint64{{0, 10, 100, 50}, {10, 20, 0, 10}, {0, 1 << 62}, {5, 5}} {
		path := spool(t, strings.Repeat("\x00", 100))
		write(t, beside(path), three)
		write(t, recordName(t, path), mergeFile(t, path, keep...))
		for range 2 {
			if m, err := Open(path, options(path)); err == nil {
				m.Close()
			} else if strings.Contains(err.Error(), "in use") {
				t.Errorf("%v: %v", keep, err)
			}
		}
	}
}

// A sparse record once took all memory.
func TestHugeMergeRecord(t *testing.T) {
	path := spool(t, three)
	write(t, beside(path), three)
	record := recordName(t, path)
	write(t, record, "x")
	for _, name := range []string{beside(path), record} {
		if err := os.Truncate(name, 1<<40); err != nil {
			t.Skipf("SKIP: no sparse files here: %v", err)
		}
	}
	f, err := os.Open(record)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	old, err := os.Open(beside(path))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if r, err := readMerge(f, old); r != nil || err != nil {
		t.Errorf("%v %v", r, err)
	}
}

// A journal without the window that its slide needs once kept Open busy for ever.
func TestJournalWithoutWindow(t *testing.T) {
	data := sepA + "\n\n" + sepA + "\n" + strings.Repeat("x", 5000) + "\n\n"
	path := spool(t, data)
	o := options(path)
	o.block = 4096
	m := open(t, path, o)
	p := plan{}
	p.add(m.msgs[1].start, int64(len(data)))
	h := head{before: int64(len(data)), plan: p, chunk: 4096, ino: int64(m.id.ino)}
	if err := m.summarize(&h, newOutputs(m.f, p), func() {}); err != nil {
		t.Fatal(err)
	}
	j, err := writeJournal(m.options.disk, h, beside(path), false)
	if err != nil {
		t.Fatal(err)
	}
	j.f.Close()
	m.Close()
	log := warned(&o)
	m = open(t, path, o)
	m.Close()
	if contents(t, path) != data || len(*log) != 1 {
		t.Errorf("changed, or not told: %q", *log)
	}
}

// refusing fails at calls of one kind.
type refusing struct {
	file
	call string
}

func (f *refusing) Truncate(size int64) error {
	if f.call == "truncate" {
		return unix.EIO
	}
	return f.file.Truncate(size)
}

func (f *refusing) Sync() error {
	if f.call == "sync" {
		return unix.EIO
	}
	return f.file.Sync()
}

// UPD-3, UPD-4: another program changes what will be cut off, far from its ends, between
// crash and recovery. Only its ends were compared, and the rest was cut off, or taken for
// delivered mail. With and without a mark (slide.finish), before and after the last
// output is in its place.
func TestRecoveryAfterForeignChangeInTheLeftover(t *testing.T) {
	a, b, c := letter("a", 100<<10), letter("b", 100<<10), letter("c", 2<<20)
	for _, first := range []string{a, letter("a", 100<<10+64)} {
		for _, stop := range []string{"sync", "truncate"} {
			path := spool(t, first+b+c)
			o := options(path)
			m := open(t, path, o)
			m.f = &refusing{m.f, stop}
			if err := m.Remove(set(0, 2)); !errors.Is(err, ErrUnfinished) {
				t.Fatalf("not interrupted: %v", err)
			}
			m.Close()
			now := []byte(contents(t, path))
			now[len(now)-1<<20] ^= 1
			write(t, path, string(now))
			log := warned(&o)
			open(t, path, o).Close()
			kept, _ := filepath.Glob(beside(path) + ".unfinished-*")
			if got := contents(t, path); got != string(now) || len(kept) != 1 || len(*log) != 1 {
				t.Errorf("%s: touched: %t, kept %v, told %q", stop, got != string(now), kept, *log)
			}
		}
	}
}
