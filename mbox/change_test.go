package mbox

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// changes are what another program may do to a file between Open and what follows.
// Messages 0 and 2 are asked for: read0 says whether the first can still be read to its
// end, remove0 and remove2 whether each can be removed (UPD-2, UPD-3). Unique-ids are
// told just when remove0: all that was scanned must be there.
var changes = []struct {
	name                    string
	do                      func(t *testing.T, path string)
	read0, remove0, remove2 bool
}{
	{"nothing", func(t *testing.T, path string) {}, true, true, true},
	{"touch", func(t *testing.T, path string) { now := time.Now(); os.Chtimes(path, now, now) }, true, true, true},
	{"rewrite of the same", func(t *testing.T, path string) { write(t, path, three) }, true, true, true},
	{"append", func(t *testing.T, path string) { appendTo(t, path, "\n"+sepB+"\nnew\n") }, true, true, true},
	{"append without an empty line", func(t *testing.T, path string) { appendTo(t, path, sepB+"\nnew\n") }, true, true, false},
	{"append to the last message", func(t *testing.T, path string) { appendTo(t, path, "more\n") }, true, true, false},
	{"append a lone CR", func(t *testing.T, path string) { appendTo(t, path, "\r") }, true, true, false},
	{"append half a separator", func(t *testing.T, path string) { appendTo(t, path, "\n"+sepB[:9]) }, true, true, false},
	{"append half a message", func(t *testing.T, path string) { appendTo(t, path, "\n"+sepB+"\nne") }, true, true, true},
	{"cut by an octet", func(t *testing.T, path string) { os.Truncate(path, int64(len(three)-1)) }, false, false, false},
	{"cut to nothing", func(t *testing.T, path string) { os.Truncate(path, 0) }, false, false, false},
	{"other text in 0", func(t *testing.T, path string) { rewrite(t, path, "one", "eno") }, false, false, false},
	{"other text in 1", func(t *testing.T, path string) { rewrite(t, path, "two", "owt") }, true, false, false},
	{"other text in 2", func(t *testing.T, path string) { rewrite(t, path, "three", "eerht") }, true, false, false},
	{"other text in 0, mtime put back", func(t *testing.T, path string) {
		fi, _ := os.Lstat(path)
		rewrite(t, path, "one", "eno")
		os.Chtimes(path, fi.ModTime(), fi.ModTime())
	}, false, false, false},
	{"other text and append", func(t *testing.T, path string) {
		rewrite(t, path, "one", "eno")
		appendTo(t, path, "\n"+sepB+"\nnew\n")
	}, false, false, false},
	{"a message removed, others appended", func(t *testing.T, path string) {
		write(t, path, three[strings.Index(three, sepB):]+"\n"+strings.Repeat(sepB+"\nnew\n\n", 9))
	}, false, false, false},
	{"renamed over", func(t *testing.T, path string) {
		write(t, path+".new", three)
		os.Rename(path+".new", path)
	}, false, false, false},
	{"removed", func(t *testing.T, path string) { os.Remove(path) }, false, false, false},
	{"made a link", func(t *testing.T, path string) {
		os.Rename(path, path+".old")
		os.Symlink(path+".old", path)
	}, false, false, false},
}

func rewrite(t *testing.T, path, old, new string) {
	t.Helper()
	write(t, path, strings.Replace(contents(t, path), old, new, 1))
}

// tick waits until time stamps of the file system move on.
func tick(t *testing.T, path string) {
	t.Helper()
	first := stamp(t, path)
	for stamp(t, path) == first {
		time.Sleep(time.Millisecond)
	}
}

func stamp(t *testing.T, path string) int64 {
	t.Helper()
	write(t, path+".tick", "")
	fi, err := os.Lstat(path + ".tick")
	if err != nil {
		t.Fatal(err)
	}
	return identify(fi).ctime
}

func TestChanges(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			start := func() (*Maildrop, string) {
				path := spool(t, three)
				o := options(path)
				o.block = 16 // so that messages do not share blocks
				m := open(t, path, o)
				tick(t, path)
				c.do(t, path)
				return m, path
			}
			m, _ := start()
			for range 2 { // the second time from memory
				if _, err := drain(m.Message(0)); (err == nil) != c.read0 || err != nil && !errors.Is(err, ErrChanged) {
					t.Errorf("read: %v", err)
				}
			}
			m, _ = start()
			if _, err := m.UniqueIDs(); (err == nil) != c.remove0 || err != nil && !errors.Is(err, ErrChanged) {
				t.Errorf("unique-ids: %v", err)
			}
			for i, may := range map[int]bool{0: c.remove0, 2: c.remove2} {
				m, path := start()
				before, _ := os.ReadFile(path)
				err := m.Remove(set(i))
				if (err == nil) != may || err != nil && !errors.Is(err, ErrChanged) {
					t.Errorf("remove %d: %v", i, err)
				}
				if after, _ := os.ReadFile(path); err != nil && string(after) != string(before) {
					t.Errorf("remove %d: refused, but the file became %q", i, after)
				}
			}
		})
	}
}

// A file changed in the same tick as the scan has the identity of the scan. Remove
// does not believe it.
func TestRacyChange(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, options(path))
	rewrite(t, path, "two", "owt")
	m.id, _ = stat(m.f) // as if the clock had stood still
	if err := m.Remove(set(0)); !errors.Is(err, ErrChanged) {
		t.Errorf("young file: %v", err)
	}
	m.when = m.when.Add(time.Hour) // as if the file were old
	if err := m.Remove(set(0)); err != nil {
		t.Errorf("old file is read again: %v", err)
	}
}

// R1081-RETR-2: even unseen, a change cannot make the octets sent other than announced.
func TestSizeHolds(t *testing.T) {
	for _, c := range [][2]string{{"a\nb\n", "a\rb\n"}, {"a\nb\n", "a\r\n\n"}, {"a\r\nb\n", "ab\nc\n"}, {"ab\n", "abc"}} {
		path := spool(t, sepA+"\n"+c[0])
		m := open(t, path, options(path))
		rewrite(t, path, c[0], c[1])
		m.id, _ = stat(m.f)
		got, err := drain(m.Message(0))
		if same := m.Size(0) == int64(len(unstuffed(t, got))); (err == nil) != same {
			t.Errorf("%q to %q: announced %d, sent %q, %v", c[0], c[1], m.Size(0), got, err)
		}
	}
}

// A message is compared once after the file has grown, not each time it is read.
func TestComparedOnce(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, options(path))
	tick(t, path)
	appendTo(t, path, "\n"+sepB+"\nnew\n")
	f := &faulty{file: m.f, left: 1 << 20}
	m.f = f
	count := func() (n int) {
		f.calls = nil
		if _, err := drain(m.Message(1)); err != nil {
			t.Fatal(err)
		}
		for _, c := range f.calls {
			if c == "read" {
				n++
			}
		}
		return n
	}
	if first, second := count(), count(); first != 2 || second != 1 {
		t.Errorf("%d reads, then %d; want 2, then 1", first, second)
	}
}

// A read error is an error at every later call too, never the end.
func TestStreamErrors(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	o.block = 2
	m := open(t, path, o)
	real, wrong := m.f, errors.New("wrong")
	for left := 0; ; left++ {
		f := &faulty{file: real, left: left, err: wrong}
		m.f = f
		s := m.Message(2)
		_, err := drain(s)
		if f.left >= 0 {
			break
		}
		if !errors.Is(err, wrong) {
			t.Fatalf("after %v: %v", f.calls, err)
		}
		if _, again := s.Next(); !errors.Is(again, wrong) {
			t.Fatalf("after %v, again: %v", f.calls, again)
		}
	}
}
