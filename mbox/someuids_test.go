package mbox

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// R1939-UIDL-1: the unique-ids that steps make are those that all at once make, each as
// soon as it is known, whatever the steps, and whatever of them an index has kept.
func TestSomeUniqueIDs(t *testing.T) {
	one, other := sepA+"\nSubject: x\n\ny\n\n", sepB+"\nz\n\n"
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for range rapid.IntRange(0, 12).Draw(t, "messages") {
			text += rapid.SampledFrom([]string{one, other, other + "longer\n\n"}).Draw(t, "message")
		}
		dir, err := os.MkdirTemp("", "uids")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := dir + "/spool"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := Options{State: dir + "/state", Locks: []LockKind{}, block: 16}
		want := uids(t, path, Options{State: dir + "/other", Locks: []LockKind{}, block: 16})
		for !known(t, path, o, want) { // and again, with what the index of the session before has
		}
	})
}

// known makes some steps in a session, and tells whether they came to all unique-ids.
func known(t *rapid.T, path string, o Options, want []string) bool {
	m := open(t, path, o)
	defer m.Close()
	n := 0
	for range rapid.IntRange(1, 6).Draw(t, "steps") {
		ids, err := m.SomeUniqueIDs(rapid.Int64Range(1, 200).Draw(t, "octets"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(ids, want[:len(ids)]) || len(ids) <= n && n < len(want) {
			t.Fatalf("%v after %d, want the first of %v", ids, n, want)
		}
		n = len(ids)
	}
	if rapid.Bool().Draw(t, "all") {
		if all, err := m.UniqueIDs(); err != nil || !slices.Equal(all, want) {
			t.Fatalf("%v, %v, want %v", all, err, want)
		}
	}
	return n == len(want)
}

// A change behind what a step reads is found by the step that reads it, and what the
// steps before it gave was right.
func TestSomeUniqueIDsChanged(t *testing.T) {
	long := strings.Repeat("some text\n", 10)
	path := spool(t, sepA+"\n\none\n"+long+"\n"+sepA+"\n\ntwo\n"+long+"\n"+sepB+"\n\nthree\n"+long)
	want := uids(t, path, options(path))
	o := options(path)
	o.block, o.State = 16, t.TempDir()
	m := open(t, path, o)
	rewrite(t, path, "three", "eerht")
	for n := 1; n <= 2; n++ {
		if ids, err := m.SomeUniqueIDs(1); err != nil || !slices.Equal(ids, want[:n]) {
			t.Fatalf("step %d: %v, %v, want %v", n, ids, err, want[:n])
		}
	}
	for range 2 {
		if ids, err := m.SomeUniqueIDs(1); !errors.Is(err, ErrChanged) || ids != nil {
			t.Fatalf("%v, %v", ids, err)
		}
	}
	if ids, err := m.UniqueIDs(); !errors.Is(err, ErrChanged) || ids != nil {
		t.Fatalf("%v, %v", ids, err)
	}
}
