package mbox

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// setLast keeps n in a session of its own.
func setLast(t *testing.T, path string, n int, marked ...int) {
	t.Helper()
	m := open(t, path, options(path))
	defer m.Close()
	if err := m.SetLast(n); err != nil {
		t.Fatal(err)
	}
	if err := m.Remove(set(marked...)); err != nil {
		t.Fatal(err)
	}
}

func last(t *testing.T, path string) int {
	t.Helper()
	m := open(t, path, options(path))
	defer m.Close()
	return m.Last()
}

// R1081-LAST-1: the number outlives the session, means the same message after
// deletions, and new mail does not change it.
func TestLast(t *testing.T) {
	for _, c := range []struct {
		n      int
		marked []int
		want   int
	}{
		{0, nil, 0}, {1, nil, 1}, {2, nil, 2}, {3, nil, 3},
		{3, []int{0}, 2}, {2, []int{0}, 1}, {2, []int{2}, 2}, {2, []int{1}, 1}, {2, []int{0, 1}, 0}, {3, []int{0, 1, 2}, 0},
	} {
		path := spool(t, three)
		if n := last(t, path); n != 0 {
			t.Fatalf("at first: %d", n)
		}
		setLast(t, path, c.n, c.marked...)
		appendTo(t, path, more)
		if n := last(t, path); n != c.want {
			t.Errorf("%d without %v: %d, want %d", c.n, c.marked, n, c.want)
		}
	}
	path := spool(t, three)
	setLast(t, path, 3)
	setLast(t, path, 0)
	if n := last(t, path); n != 0 {
		t.Errorf("put back: %d", n)
	}
}

// The message is found again whatever other programs did.
func TestLastFound(t *testing.T) {
	for name, c := range map[string]struct {
		after string
		want  int
	}{
		"unchanged":               {three, 2},
		"first removed":           {three[strings.Index(three, sepB):], 1},
		"Status":                  {strings.Replace(three, "two\n", "Status: RO\ntwo\n", 1), 2},
		"one put before":          {sepB + "\nnew\n\n" + three, 3},
		"gone":                    {three[:strings.Index(three, sepB)] + more[1:] + "\n" + more[1:], 2},
		"gone, and all behind it": {three[:strings.Index(three, sepB)], 1},
		"all gone":                {"", 0},
	} {
		path := spool(t, three)
		setLast(t, path, 2)
		write(t, path, c.after)
		if n := last(t, path); n != c.want {
			t.Errorf("%s: %d, want %d", name, n, c.want)
		}
	}
}

// R1081-LAST-1: the number is right whether or not the update came to its end, also
// when the message itself was to go.
func TestLastAfterFailedUpdate(t *testing.T) {
	for _, c := range []struct {
		marked []int
		fail   func(m *Maildrop)
		want   error
		last   int
	}{
		{[]int{2}, func(m *Maildrop) { m.readOnly = unix.EACCES }, ErrReadOnly, 3},
		{[]int{0, 2}, func(m *Maildrop) { m.options.disk = fullDisk{osDisk{}} }, ErrNotBegun, 3},
		{[]int{2}, func(m *Maildrop) { m.f = &refusing{m.f, "truncate"} }, ErrNotBegun, 3},
		{[]int{0, 1, 2}, func(m *Maildrop) { m.f = &refusing{m.f, "truncate"} }, ErrNotBegun, 3},
		{[]int{2}, func(m *Maildrop) { m.f = &refusing{m.f, "sync"} }, ErrNotDurable, 2},
		{[]int{0, 2}, func(m *Maildrop) { m.f = &refusing{m.f, "truncate"} }, ErrUnfinished, 1},
		{[]int{0, 2}, func(m *Maildrop) { m.f = &refusing{m.f, "sync"} }, ErrUnfinished, 1},
	} {
		path := spool(t, three)
		m := open(t, path, options(path))
		if err := m.SetLast(3); err != nil {
			t.Fatal(err)
		}
		c.fail(m)
		if err := m.Remove(set(c.marked...)); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.marked, err, c.want)
		}
		m.Close()
		if n := last(t, path); n != c.last {
			t.Errorf("%v, %v: %d, want %d", c.marked, c.want, n, c.last)
		}
	}
}

// fullDisk has no room for a journal.
type fullDisk struct{ osDisk }

func (fullDisk) Reserve(file, int64, int64) error { return unix.ENOSPC }

// Twins are told apart by their place; long messages are not read to their end.
func TestLastTwins(t *testing.T) {
	one := sepA + "\nSubject: x\n\n" + strings.Repeat("y\n", lastOctets) + "\n"
	path := spool(t, strings.Repeat(one, 4))
	setLast(t, path, 3)
	if n := last(t, path); n != 3 {
		t.Errorf("%d, want 3", n)
	}
	setLast(t, path, 3, 0)
	if n := last(t, path); n != 2 {
		t.Errorf("%d, want 2", n)
	}
}

// What is no file of ours, or damaged, counts as none.
func TestLastDamaged(t *testing.T) {
	path := spool(t, three)
	setLast(t, path, 2)
	m := open(t, path, options(path))
	name := m.beside(lastEnding)
	m.Close()
	whole := contents(t, name)
	for i := range whole {
		if write(t, name, whole[:i]); last(t, path) != 0 {
			t.Errorf("first %d octets: %d", i, last(t, path))
		}
	}
	for _, data := range []string{whole + "x", whole + strings.Repeat("x", maxLastText), strings.Replace(whole, "2", "-1", 1),
		strings.Replace(whole, "2", "99999999999999999999999", 1), strings.Replace(whole, "1", "7", 1)} {
		if write(t, name, data); last(t, path) != 0 {
			t.Errorf("%q: %d", data, last(t, path))
		}
	}
	if write(t, name, strings.Replace(whole, " 2 ", " 999999 ", 1)); last(t, path) != 2 {
		t.Errorf("large number: %d", last(t, path))
	}
	if err := os.Chmod(name, 0o644); err != nil || last(t, path) != 0 {
		t.Errorf("others can write: %d", last(t, path))
	}
}
