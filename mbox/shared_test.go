package mbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func shared(path string) Options {
	o := options(path)
	o.Shared = true
	return o
}

// Readers stand beside one another; one who may remove stands alone.
func TestShared(t *testing.T) {
	path := spool(t, three)
	a, b := open(t, path, shared(path)), open(t, path, shared(path))
	agree(t, a, []byte(three))
	agree(t, b, []byte(three))
	if _, err := Open(path, options(path)); !errors.Is(err, ErrInUse) {
		t.Errorf("beside two readers: %v", err)
	}
	a.Close()
	if _, err := Open(path, options(path)); !errors.Is(err, ErrInUse) {
		t.Errorf("beside one reader: %v", err)
	}
	b.Close()
	m := open(t, path, options(path))
	if _, err := Open(path, shared(path)); !errors.Is(err, ErrInUse) {
		t.Errorf("beside one who may remove: %v", err)
	}
	m.Close()
}

// Nothing of the file or of what earlier sessions left can be changed by a reader.
func TestSharedChangesNothing(t *testing.T) {
	path := spool(t, three)
	setLast(t, path, 2)
	m := open(t, path, shared(path))
	if err := m.Remove(set(0)); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Remove: %v", err)
	}
	if err := m.SetLast(1); !errors.Is(err, ErrReadOnly) {
		t.Errorf("SetLast: %v", err)
	}
	if n := m.Last(); n != 0 {
		t.Errorf("Last: %d", n)
	}
	if _, err := m.f.WriteAt([]byte("x"), 0); err == nil {
		t.Error("the file is open for writing")
	}
	m.Close()
	if n := last(t, path); n != 2 || contents(t, path) != three {
		t.Errorf("LAST %d, file %q", n, contents(t, path))
	}
}

// An update that was interrupted is finished before a reader sees anything; beside
// another session it cannot be, and no reader sees what it left.
func TestSharedFinishesUpdate(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, options(path))
	p, err := m.plan(0, set(0), int64(len(three)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.begin(p, int64(len(three)), []string{beside(path)}, false, m.options.window, func() {})
	if err != nil {
		t.Fatal(err)
	}
	s.j.f.Close()
	m.Close()

	busy, err := lockSession(options(path).State, path, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, shared(path)); !errors.Is(err, ErrInUse) {
		t.Errorf("beside another: %v", err)
	}
	busy.Close()
	m = open(t, path, shared(path))
	agree(t, m, []byte(three[strings.Index(three, sepB):]))
	if _, err := os.Lstat(beside(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the journal: %v", err)
	}
}

// BERK-TEMP-1: mail that the Berkeley server left is merged, and where it cannot be, it
// keeps no reader out.
func TestSharedMerges(t *testing.T) {
	path := spool(t, three)
	write(t, beside(path), more[1:])
	if m := open(t, path, shared(path)); m.Len() != 4 {
		t.Errorf("%d messages", m.Len())
	}
	path = spool(t, three)
	write(t, beside(path), more[1:])
	o := shared(path)
	o.merged = true
	if m := open(t, path, o); m.Len() != 3 {
		t.Errorf("%d messages", m.Len())
	}
}

// Whoever of many readers writes the index, it is whole, and nothing else stays.
func TestSharedIndex(t *testing.T) {
	path := spool(t, strings.Repeat(three+"\n", 50))
	o := shared(path)
	o.block, o.Wait = 64, DefaultWait
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			m, err := Open(path, o)
			if err != nil {
				t.Error(err)
				return
			}
			_, err = m.UniqueIDs()
			m.Close()
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	m := open(t, path, o)
	if m.indexed == nil {
		t.Error("no index was kept")
	}
	if left, _ := filepath.Glob(o.State + "/*.new"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What a reader that died has left is taken over; what is not ours is left alone.
func TestReplaceShared(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	fill := func(f *os.File) error { _, err := f.WriteString("new"); return err }
	write(t, name+".new", "old and longer")
	if err := replaceShared(name, fill); err != nil || contents(t, name) != "new" {
		t.Errorf("%v", err)
	}
	if err := os.Symlink(name, name+".new"); err != nil {
		t.Fatal(err)
	}
	if err := replaceShared(name, func(*os.File) error { t.Error("through a link"); return nil }); err == nil {
		t.Error("a link was followed")
	}
}

// A version names what was scanned, and says whether it can be relied on.
func TestVersion(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, shared(path))
	v, settled := m.Version()
	now, err := VersionOf(path)
	if err != nil || v != now || settled || v.Size != int64(len(three)) {
		t.Errorf("%+v (%v), now %+v, %v", v, settled, now, err)
	}
	m.opened = m.opened.Add(racyAge + time.Second) // though the index was made of a young file
	if _, settled := m.Version(); !settled {
		t.Error("a file that has rested is taken for young")
	}
	if got, err := m.Separator(1); err != nil || got != sepB {
		t.Errorf("%q %v", got, err)
	}
	os.Remove(path)
	if now, err := VersionOf(path); now != (Version{}) || err != nil {
		t.Errorf("missing: %+v %v", now, err)
	}
}
