package mbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// After messages were removed the index is that of the new file, without a scan.
func TestIndexAfterRemove(t *testing.T) {
	five := letters + "\n" + sepB + "\nfour\n\n" + sepA + "\nfive\n\n"
	for bits := range 1<<5 - 1 {
		for _, tail := range []string{"", "\n" + sepA + "\nnew\n"} {
			path := spool(t, five)
			o := small(path)
			indexed(t, path, o)
			m := open(t, path, o)
			appendTo(t, path, tail)
			if err := m.Remove(func(i int) bool { return bits>>i&1 == 1 }); err != nil {
				t.Fatal(err)
			}
			m.Close()
			m = open(t, path, o)
			known := tail == "" || m.Len() > 2 // one message known is scanned anew when the file has grown
			if known && (m.stored == 0 || m.work > int64(len(tail)+o.block*4+len(padding)+50)) || tail == "" && m.work > 0 {
				t.Fatalf("%05b %q: %d octets scanned, %d unique-ids known", bits, tail, m.work, m.stored)
			}
			same(t, m)
			m.Close()
		}
	}
}

// MBOX-6 is for a scan to judge when another message becomes the first.
func TestIndexAfterRemoveInternal(t *testing.T) {
	path := spool(t, sepA+"\none\n\n"+sepA+"\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\ntext\n\n"+letters)
	o := small(path)
	indexed(t, path, o)
	m := open(t, path, o)
	if err := m.Remove(set(0)); err != nil {
		t.Fatal(err)
	}
	m.Close()
	m = open(t, path, o)
	same(t, m)
	if m.Len() != 3 {
		t.Errorf("%d messages", m.Len())
	}
}

// Wherever an update fails, no wrong index is left behind.
func TestIndexAfterFailure(t *testing.T) {
	for left, done := 0, false; !done; left++ {
		path := spool(t, letters)
		o := small(path)
		indexed(t, path, o)
		m := open(t, path, o)
		f := &faulty{file: m.f, left: left, err: unix.EIO}
		m.f = f
		_ = m.Remove(set(0))
		done = f.left >= 0
		m.Close()
		m = open(t, path, o)
		same(t, m)
		m.Close()
	}
}

// A small delivery is not worth a new index, many are.
func TestIndexWorth(t *testing.T) {
	path := spool(t, strings.Repeat(letters+"\n", 20))
	o := small(path)
	name := indexed(t, path, o)
	before := contents(t, name)
	var rewritten []int
	for i := range 40 {
		appendTo(t, path, sepB+"\nnew\n"+strings.Repeat(padding, 3)+"\n")
		m := open(t, path, o)
		if m.work == 0 || m.work >= m.id.size {
			t.Fatalf("%d of %d octets scanned", m.work, m.id.size)
		}
		same(t, m)
		m.Close()
		if now := contents(t, name); now != before {
			before = now
			rewritten = append(rewritten, i)
		}
	}
	if n := len(rewritten); n == 0 || n > 20 || rewritten[0] == 0 {
		t.Errorf("rewritten at deliveries %v", rewritten)
	}
	empty := spool(t, sepA+"\n\n")
	m := open(t, empty, options(empty))
	name = m.beside(indexEnding)
	m.Close()
	if exists(t, name) {
		t.Error("index of a file that is one block")
	}
}

// A state directory that cannot be written any more: no index, no error.
func TestIndexUnwritable(t *testing.T) {
	path := spool(t, letters)
	unprivileged(t, path)
	o := small(path)
	open(t, path, o).Close()
	index, _ := filepath.Glob(o.State + "/*" + indexEnding)
	for _, name := range index {
		os.Remove(name)
	}
	if err := os.Chmod(o.State, 0o500); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		m := open(t, path, o)
		if m.work == 0 {
			t.Error("there is an index")
		}
		agree(t, m, []byte(letters))
		if err := m.SetLast(1); err == nil {
			t.Error("LAST was kept")
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}
