package mbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"popper/mbox/mboxref"
)

// past is two maildrops to which anything happens that may between sessions. After
// each step, one of them shows with its index what it shows without.
type past struct {
	dir    string
	paths  [2]string
	o      Options
	serial int
	saved  string // an earlier index
}

func TestIndexHistories(t *testing.T) {
	base := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		p := &past{dir: fmt.Sprintf("%s/%d", base, n)}
		if err := os.Mkdir(p.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(p.dir)
		p.o = Options{State: p.dir + "/state", block: rapid.IntRange(40, 90).Draw(t, "block"), Unquote: rapid.Bool().Draw(t, "unquote"), Locks: []LockKind{Fcntl}}
		for i := range p.paths {
			p.paths[i] = fmt.Sprintf("%s/user%d", p.dir, i)
			write(t, p.paths[i], "")
		}
		t.Repeat(rapid.StateMachineActions(p))
	})
}

// Check: at times without asking for unique-ids, so that an index
// may have them all, some, or none.
func (p *past) Check(t *rapid.T) {
	m := p.open(t, p.path(t))
	if rapid.Bool().Draw(t, "look") {
		same(t, m)
	}
	m.Close()
}

func (p *past) path(t *rapid.T) string { return rapid.SampledFrom(p.paths[:]).Draw(t, "maildrop") }

// open also deals with a file that is no mailbox any more.
func (p *past) open(t *rapid.T, path string) *Maildrop {
	m, err := Open(path, p.o)
	if errors.Is(err, ErrNotMailbox) {
		if _, err := mboxref.Messages([]byte(contents(t, path)), false); err == nil {
			t.Fatalf("it is a mailbox: %q", contents(t, path))
		}
		write(t, path, "")
		return open(t, path, p.o)
	}
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return m
}

func (p *past) index(t *rapid.T) string {
	m := &Maildrop{}
	var err error
	if m.session, err = lockSession(p.o.State, p.path(t), false); err != nil {
		t.Fatal(err)
	}
	defer m.session.Close()
	return m.beside(indexEnding)
}

func (p *past) Deliver(t *rapid.T) {
	p.serial++
	path := p.path(t)
	for range rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "twins") {
		text := fmt.Sprintf("%s\nSubject: %d\nStatus: O\n\n>From x\n%s\n", sepA, p.serial, strings.Repeat("text\n", rapid.IntRange(0, 60).Draw(t, "lines")))
		if data := contents(t, path); data != "" && !strings.HasSuffix(data, "\n\n") {
			text = "\n\n" + text
		}
		appendTo(t, path, text)
	}
}

// Half delivers some of a message, or adds to the last one.
func (p *past) Half(t *rapid.T) {
	if path := p.path(t); contents(t, path) != "" {
		appendTo(t, path, rapid.SampledFrom([]string{"x", "\n", "\r\n", "\n\n", "\nFrom ", "\n\n" + sepB, " x\n", ">From \n"}).Draw(t, "half"))
	}
}

func (p *past) Remove(t *rapid.T) {
	m := p.open(t, p.path(t))
	defer m.Close()
	if rapid.Bool().Draw(t, "uidl") {
		if _, err := m.UniqueIDs(); err != nil {
			t.Fatal(err)
		}
	}
	marks := rapid.SliceOfN(rapid.Bool(), m.Len(), m.Len()).Draw(t, "marks")
	if err := m.Remove(func(i int) bool { return marks[i] }); err != nil {
		t.Fatal(err)
	}
}

// Status is what a mail reader does to a message.
func (p *past) Status(t *rapid.T) {
	path := p.path(t)
	if data := contents(t, path); strings.Contains(data, "Status: O\n") {
		k := rapid.IntRange(0, strings.Count(data, "Status: O\n")-1).Draw(t, "k")
		parts := strings.SplitN(data, "Status: O\n", k+2)
		write(t, path, strings.Join(parts[:k+1], "Status: O\n")+"Status: RO\nX-Status: A\n"+parts[k+1])
	}
}

func (p *past) Drop(t *rapid.T) { os.Remove(p.index(t)) }

func (p *past) Corrupt(t *rapid.T) {
	name := p.index(t)
	if b, err := os.ReadFile(name); err == nil && len(b) > 0 {
		b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		write(t, name, string(b))
	}
}

func (p *past) Cut(t *rapid.T) {
	name := p.index(t)
	if fi, err := os.Stat(name); err == nil {
		os.Truncate(name, rapid.Int64Range(0, fi.Size()).Draw(t, "size"))
	}
}

// Swap exchanges the indexes of the two maildrops.
func (p *past) Swap(*rapid.T) {
	names, _ := filepath.Glob(p.o.State + "/*" + indexEnding)
	if len(names) == 2 {
		os.Rename(names[0], names[0]+".x")
		os.Rename(names[1], names[0])
		os.Rename(names[0]+".x", names[1])
	}
}

func (p *past) Save(t *rapid.T) {
	if b, err := os.ReadFile(p.index(t)); err == nil {
		p.saved = string(b)
	}
}

// Restore brings back an index of the past.
func (p *past) Restore(t *rapid.T) {
	if p.saved != "" {
		name := p.index(t)
		os.Remove(name)
		write(t, name, p.saved)
	}
}
