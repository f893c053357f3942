package mbox

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// A table made from an index knows less: the file has grown, and what lies between
// the blocks compared could have changed without a change of length. That is found
// before it does harm, and the next session scans.
func TestIndexDoubt(t *testing.T) {
	for name, use := range map[string]func(m *Maildrop) error{
		"read":   func(m *Maildrop) error { return skim(m.Message(1)) },
		"remove": func(m *Maildrop) error { return m.Remove(set(3)) },
	} {
		path := spool(t, letters+more)
		o := small(path)
		index := indexed(t, path, o)
		rewrite(t, path, "two", "owt")
		appendTo(t, path, more)
		before := contents(t, path)
		m := open(t, path, o)
		if m.work >= m.id.size || m.Len() != 5 {
			t.Fatalf("%s: %d of %d octets scanned, %d messages", name, m.work, m.id.size, m.Len())
		}
		if err := skim(m.Message(4)); err != nil {
			t.Errorf("%s: message not in doubt: %v", name, err)
		}
		if err := use(m); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
		if contents(t, path) != before {
			t.Errorf("%s: file changed", name)
		}
		m.Close()
		if exists(t, index) {
			t.Errorf("%s: index stays", name)
		}
		same(t, open(t, path, o))
	}
}

// A short last message: the block before its own is compared too.
func TestIndexBeforeEnd(t *testing.T) {
	const block = 64
	fill := strings.Repeat("x", block-len(letters+"\n\n")%block) + "\n"
	path := spool(t, letters+fill+more) // the last message begins with a block
	o := small(path)
	o.block = block
	indexed(t, path, o)
	rewrite(t, path, "x\n\n", "y\n\n")
	appendTo(t, path, more)
	m := open(t, path, o)
	if m.work != m.id.size {
		t.Errorf("%d of %d octets scanned", m.work, m.id.size)
	}
	same(t, m)
}

// MBOX-6: a message that is alone may become another program's bookkeeping by growing.
func TestIndexOneMessage(t *testing.T) {
	path := spool(t, sepA+"\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"+strings.Repeat("X-Long: header\n", 30))
	o := small(path)
	indexed(t, path, o)
	appendTo(t, path, "X-IMAP: 1 2\n\ntext\n")
	m := open(t, path, o)
	same(t, m)
	if m.Len() != 0 {
		t.Errorf("%d messages", m.Len())
	}
}

// A file changed in the same tick in which it was scanned has the identity that the
// index has. While it is that young the index is in doubt about all of it.
func TestIndexYoung(t *testing.T) {
	for name, use := range map[string]func(m *Maildrop) error{
		"read":   func(m *Maildrop) error { return skim(m.Message(1)) },
		"remove": func(m *Maildrop) error { return m.Remove(set(2)) },
	} {
		path := spool(t, letters)
		o := small(path)
		index := indexed(t, path, o)
		rewrite(t, path, "two", "owt")
		write(t, index, string(seal(t, []byte(contents(t, index)), path)))
		m := open(t, path, o)
		if m.work != 0 {
			t.Fatalf("%s: %d octets scanned", name, m.work)
		}
		if err := use(m); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
		m.Close()
		same(t, open(t, path, o))
	}
}

// An index from the future tells that a clock was wrong, and nothing else.
func TestIndexFuture(t *testing.T) {
	path := spool(t, letters)
	o := small(path)
	index := indexed(t, path, o)
	b := []byte(contents(t, index))
	h, ok := readHeader(bytes.NewReader(b), int64(len(b)))
	h.When = time.Now().Add(time.Hour).UnixNano()
	write(t, index, string(append(h.encode(), b[headerWidth:]...)))
	if m := open(t, path, o); !ok || m.work == 0 {
		t.Errorf("it was used: %v, %d", ok, m.work)
	}
}

// An index of a file that was old when it was scanned is in no doubt, and stays
// so. Removing still reads what is to move.
func TestIndexOld(t *testing.T) {
	path := spool(t, letters)
	o := small(path)
	time.Sleep(racyAge + 50*time.Millisecond)
	indexed(t, path, o)
	m := open(t, path, o)
	if m.work != 0 || m.doubt != 0 || m.young() {
		t.Errorf("%d octets scanned, %d in doubt", m.work, m.doubt)
	}
	f := &faulty{file: m.f, left: 1 << 20}
	m.f = f
	reads := func() (n int) {
		f.calls = nil
		if _, err := m.checkAll(m.msgs[2].start, func() {}); err != nil {
			t.Error(err)
		}
		for _, c := range f.calls {
			if c == "read" {
				n++
			}
		}
		return n
	}
	// Separator lines are read once more if they cross a border.
	if n, want := reads(), len(m.prints)-int(m.msgs[2].start)/o.block; n < want || n > want+1 {
		t.Errorf("%d reads, want %d", n, want)
	}
	m.doubt = 1 // as if it had grown, and grown old
	if n := reads(); n < len(m.prints) {
		t.Errorf("in doubt: %d reads, want %d", n, len(m.prints))
	}
	m.doubt = 0
	m.f = f.file
	rows := m.msgs
	for i := range rows { // a row that is wrong although all checksums are right
		m.msgs = slices.Clone(rows)
		m.msgs[i].start++
		if err := m.Remove(set(0)); !errors.Is(err, ErrChanged) || contents(t, path) != letters {
			t.Errorf("wrong row %d: %v", i, err)
		}
	}
}
