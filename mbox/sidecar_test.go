package mbox

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Whether an index was used is seen by Maildrop.work, the octets that Open scanned.

// letters is long enough, beside its index, for that to be worth it.
var letters = strings.NewReplacer("one\n", "one\n"+padding, "two\n", "two\n"+padding, "three\n", "three\n"+padding).Replace(three)

const padding = "Lorem ipsum dolor sit amet, consectetur adipisici elit,\nsed eiusmod tempor incidunt ut labore et dolore magna aliqua.\n"

// small makes options with small blocks, so that small files get an index.
func small(path string) Options {
	o := options(path)
	o.block = 16
	return o
}

// indexed opens and closes the maildrop so that it has an index with unique-ids,
// and returns the name of that.
func indexed(t fataler, path string, o Options) string {
	t.Helper()
	m := open(t, path, o)
	if _, err := m.UniqueIDs(); err != nil {
		t.Fatalf("%v", err)
	}
	name := m.beside(indexEnding)
	m.Close()
	if _, err := os.Stat(name); err != nil {
		t.Fatalf("no index: %v", err)
	}
	return name
}

// same compares what the maildrop shows with what it shows without any index.
func same(t fataler, m *Maildrop) {
	t.Helper()
	agree(t, m, []byte(contents(t, m.path)))
	ids, err := m.UniqueIDs()
	o := m.options
	o.State = m.path + ".fresh"
	if err := os.RemoveAll(o.State); err != nil {
		t.Fatalf("%v", err)
	}
	fresh := open(t, m.path, o)
	defer fresh.Close()
	want, wantErr := fresh.UniqueIDs()
	if err != nil || wantErr != nil || !slices.Equal(ids, want) {
		t.Fatalf("unique-ids %v %v, without index %v %v", ids, err, want, wantErr)
	}
	if m.Octets() != fresh.Octets() {
		t.Fatalf("%d octets, without index %d", m.Octets(), fresh.Octets())
	}
}

const more = "\n" + sepB + "\nnew\n"

// What may have happened between two sessions, to the file or to the index, and
// how many octets of the file are scanned then: none, some, or all.
var betweens = []struct {
	name string
	do   func(t *testing.T, path, index string)
	scan string
}{
	{"nothing", func(*testing.T, string, string) {}, "none"},
	{"append", func(t *testing.T, path, _ string) { appendTo(t, path, more) }, "some"},
	{"append to the last message", func(t *testing.T, path, _ string) { appendTo(t, path, "more\n") }, "some"},
	{"append line ends", func(t *testing.T, path, _ string) { appendTo(t, path, "\r\n\n") }, "some"},
	{"append half a line", func(t *testing.T, path, _ string) { appendTo(t, path, "\nFrom ") }, "some"},
	{"touch", func(t *testing.T, path, _ string) { now := time.Now(); os.Chtimes(path, now, now) }, "all"},
	{"other text, same size", func(t *testing.T, path, _ string) { rewrite(t, path, "two", "owt") }, "all"},
	{"other beginning and append", func(t *testing.T, path, _ string) {
		rewrite(t, path, sepA, strings.Replace(sepA, "a", "b", 1))
		appendTo(t, path, more)
	}, "all"},
	{"other end and append", func(t *testing.T, path, _ string) {
		rewrite(t, path, "three", "eerht")
		appendTo(t, path, more)
	}, "all"},
	{"Status added", func(t *testing.T, path, _ string) { rewrite(t, path, "\ntwo", "\nStatus: RO\ntwo") }, "all"},
	{"cut", func(t *testing.T, path, _ string) { os.Truncate(path, int64(len(letters)-1)) }, "all"},
	{"renamed over", func(t *testing.T, path, _ string) {
		write(t, path+".new", letters+more)
		os.Rename(path+".new", path)
	}, "all"},
	{"index removed", func(t *testing.T, _, index string) { os.Remove(index) }, "all"},
	{"index empty", func(t *testing.T, _, index string) { os.Truncate(index, 0) }, "all"},
	{"index open to others", func(t *testing.T, _, index string) { os.Chmod(index, 0o644) }, "all"},
	{"index a link", func(t *testing.T, _, index string) {
		os.Rename(index, index+".x")
		os.Symlink(index+".x", index)
	}, "all"},
	{"index a directory", func(t *testing.T, _, index string) { os.Remove(index); os.Mkdir(index, 0o700) }, "all"},
	{"index a FIFO", func(t *testing.T, _, index string) { os.Remove(index); unix.Mkfifo(index, 0o600) }, "all"},
	{"a directory in the way of a new index", func(t *testing.T, path, index string) {
		os.Mkdir(index+".new", 0o700)
		write(t, index+".new/x", "")
		appendTo(t, path, more)
	}, "some"},
}

func TestIndex(t *testing.T) {
	for _, c := range betweens {
		t.Run(c.name, func(t *testing.T) {
			path := spool(t, letters)
			o := small(path)
			name := indexed(t, path, o)
			tick(t, path)
			c.do(t, path, name)
			m := open(t, path, o)
			switch size := m.id.size; {
			case c.scan == "none" && m.work != 0,
				c.scan == "some" && (m.work == 0 || m.work >= size),
				c.scan == "all" && m.work != size:
				t.Errorf("%d of %d octets were scanned, want %s", m.work, size, c.scan)
			}
			same(t, m)
			m.Close()
			m = open(t, path, o)
			same(t, m)
		})
	}
}

func TestIndexOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	path := spool(t, letters)
	o := small(path)
	if err := os.Chown(indexed(t, path, o), 1, -1); err != nil {
		t.Fatal(err)
	}
	if m := open(t, path, o); m.work == 0 {
		t.Error("somebody else's index was used")
	}
}

func TestIndexSettings(t *testing.T) {
	path := spool(t, letters)
	o := small(path)
	indexed(t, path, o)
	for _, change := range []func(o *Options){func(o *Options) { o.Unquote = true }, func(o *Options) { o.block = 32 }} {
		other := o
		change(&other)
		m := open(t, path, other)
		if m.work == 0 {
			t.Error("an index made with other settings was used")
		}
		m.Close()
		indexed(t, path, o)
	}
}

// Any octet of an index changed, and any part of it lost: ignored. Unique-ids have a
// checksum of their own.
func TestIndexDamaged(t *testing.T) {
	path := spool(t, letters)
	o := small(path)
	name := indexed(t, path, o)
	whole := contents(t, name)
	unique := len(whole) - 3*uidOctets
	want := uids(t, path, o)
	try := func(what string, data string, used bool) {
		t.Helper()
		write(t, name, data)
		m := open(t, path, o)
		defer m.Close()
		if (m.work == 0) != used {
			t.Fatalf("%s: %d octets scanned", what, m.work)
		}
		agree(t, m, []byte(letters))
		if got, err := m.UniqueIDs(); err != nil || !slices.Equal(got, want) || m.Octets() != 377 {
			t.Fatalf("%s: unique-ids %v %v, want %v; %d octets", what, got, err, want, m.Octets())
		}
	}
	try("whole", whole, true)
	for i := range whole {
		for _, bits := range []byte{0xff, 1} {
			b := []byte(whole)
			b[i] ^= bits
			try(fmt.Sprintf("octet %d", i), string(b), i >= unique)
		}
		try(fmt.Sprintf("first %d", i), whole[:i], false)
	}
	try("longer", whole+"\x00", false)
}
