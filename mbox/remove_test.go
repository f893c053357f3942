package mbox

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"popper/mbox/mboxref"
)

const three = sepA + "\none\n\n" + sepB + "\ntwo\n\n" + sepA + "\nthree\n"

// set makes a Remove argument of message numbers.
func set(numbers ...int) func(int) bool {
	return func(i int) bool { return slices.Contains(numbers, i) }
}

// UPD-1, UPD-2: the file after a removal is what a model made of slices says, whatever
// the marks, the block size, the line ends, and the mail that came meanwhile; the
// inode, its owner and its mode are what they were.
func TestRemoveModel(t *testing.T) {
	path := spool(t, "")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	before := inode(t, path)
	rapid.Check(t, func(t *rapid.T) {
		data := genBox().Draw(t, "data")
		write(t, path, data)
		o := options(path)
		o.block = rapid.IntRange(1, 80).Draw(t, "block")
		m := open(t, path, o)
		defer m.Close()
		ref, _ := mboxref.Messages([]byte(data), false)
		marks := rapid.SliceOfN(rapid.Bool(), len(ref), len(ref)).Draw(t, "marks")
		tail := ""
		if len(ref) > 0 && rapid.Bool().Draw(t, "delivery") {
			if !strings.HasSuffix(data, "\n") {
				tail = rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "last end")
			}
			tail += "\n"
			appendTo(t, path, tail+sepB+"\nnew\n")
		}
		if err := m.Remove(func(i int) bool { return marks[i] }); err != nil {
			t.Fatalf("Remove: %v", err)
		}
		if got, want := contents(t, path), model(data, ref, marks, tail); got != want {
			t.Fatalf("%q without %v became %q, want %q", data, marks, got, want)
		}
		if after := inode(t, path); after != before {
			t.Fatalf("inode, owner or mode changed: %s, was %s", after, before)
		}
	})
}

// model removes the obvious way. tail, empty if nothing was delivered, belongs to
// the last message.
func model(data string, ref []mboxref.Message, marks []bool, tail string) string {
	if len(ref) == 0 {
		return data
	}
	out := data[:ref[0].Start]
	for i, r := range ref {
		if marks[i] {
			continue
		}
		out += data[r.Start:r.End]
		if i == len(ref)-1 {
			out += tail
		}
	}
	if tail != "" {
		out += sepB + "\nnew\n"
	}
	return out
}

func inode(t fataler, path string) string {
	fi, err := os.Lstat(path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	st := fi.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d/%d %d:%d %s", st.Dev, st.Ino, st.Uid, st.Gid, fi.Mode())
}

// What the next session sees after a removal (UPD-2, MBOX-6).
func TestRemoveThenOpen(t *testing.T) {
	internal := sepA + "\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\ntext\n\n"
	for _, c := range []struct {
		name, data, tail string
		marks            []int
		want             string
	}{
		{"none", three, "", nil, three},
		{"first", three, "", []int{0}, sepB + "\ntwo\n\n" + sepA + "\nthree\n"},
		{"middle", three, "", []int{1}, sepA + "\none\n\n" + sepA + "\nthree\n"},
		{"last", three, "", []int{2}, sepA + "\none\n\n" + sepB + "\ntwo\n\n"},
		{"all", three, "", []int{0, 1, 2}, ""},
		{"all, more came", three, "\n" + sepB + "\nnew\n", []int{0, 1, 2}, sepB + "\nnew\n"},
		{"first, more came", three, "\n" + sepB + "\nnew\n", []int{0}, sepB + "\ntwo\n\n" + sepA + "\nthree\n\n" + sepB + "\nnew\n"},
		{"last, line ends came", three, "\r\n\n\n", []int{2}, sepA + "\none\n\n" + sepB + "\ntwo\n\n"},
		{"last, line ends and more came", three, "\n\n\r\n" + sepB + "\nnew\n", []int{2}, sepA + "\none\n\n" + sepB + "\ntwo\n\n" + sepB + "\nnew\n"},
		{"MBOX-6 stays", internal + three, "", []int{0, 1, 2}, internal},
		{"preamble stays", "\r\n\n" + three, "", []int{0, 1, 2}, "\r\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := spool(t, c.data)
			m := open(t, path, options(path))
			appendTo(t, path, c.tail)
			if err := m.Remove(set(c.marks...)); err != nil {
				t.Fatal(err)
			}
			m.Close()
			if got := contents(t, path); got != c.want {
				t.Fatalf("became %q, want %q", got, c.want)
			}
			agree(t, open(t, path, options(path)), []byte(c.want))
		})
	}
}

// Large extents, blocks of the real size, all ways of marking five messages.
func TestRemoveLarge(t *testing.T) {
	var parts [5]string
	for i := range parts {
		line := strings.Repeat(fmt.Sprint(i), 70+i) + "\n"
		parts[i] = sepA + "\n" + strings.Repeat(line, blockSize/len(line)*(i+1)/2) + "\n"
	}
	path := spool(t, "")
	for bits := range 1 << len(parts) {
		write(t, path, strings.Join(parts[:], ""))
		want := ""
		for i, p := range parts {
			if bits>>i&1 == 0 {
				want += p
			}
		}
		m := open(t, path, options(path))
		if err := m.Remove(func(i int) bool { return bits>>i&1 == 1 }); err != nil {
			t.Fatal(err)
		}
		m.Close()
		if contents(t, path) != want {
			t.Fatalf("wrong after removing %05b", bits)
		}
	}
}

// Nothing marked: nothing is locked, read or written.
func TestRemoveNothing(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, options(path))
	m.f = &faulty{file: m.f, err: errors.New("touched")}
	write(t, path+".lock", "1\n")
	if err := m.Remove(set()); err != nil {
		t.Error(err)
	}
}

// An error at any call is reported, and before the first write it leaves the file alone.
func TestRemoveErrors(t *testing.T) {
	for _, wrong := range []error{unix.EIO, unix.ENOSPC, unix.EDQUOT} {
		for left := 0; ; left++ {
			path := spool(t, three)
			o := options(path)
			o.block = 16
			m := open(t, path, o)
			f := &faulty{file: m.f, left: left, err: wrong}
			m.f = f
			err := m.Remove(set(0))
			if f.left >= 0 || updated(f.calls[:left]) { // what follows is for the index
				if err != nil || !slices.Contains(f.calls, "sync") {
					t.Fatalf("without a fault: %v, calls %v", err, f.calls)
				}
				break
			}
			begun := strings.Count(strings.Join(f.calls, " "), "write") > 1 // the first one probes
			if !errors.Is(err, wrong) || !begun && !errors.Is(err, ErrNotBegun) || begun && !errors.Is(err, ErrUnfinished) {
				t.Fatalf("fault after %v: %v", f.calls, err)
			}
			if !begun && contents(t, path) != three {
				t.Fatalf("fault after %v: file changed", f.calls)
			}
			if _, err := os.Lstat(path + ".lock"); err == nil {
				t.Fatalf("fault after %v: lock stays", f.calls)
			}
			m.Close()
		}
	}
}

// updated tells whether an update is complete: cut, and cut durably.
func updated(calls []string) bool {
	k := slices.Index(calls, "truncate")
	return k >= 0 && slices.Contains(calls[k:], "sync")
}

// The disk has the file before Remove returns: the last calls that change it are these.
func TestRemoveOrder(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, options(path))
	f := &faulty{file: m.f, left: 1 << 20}
	m.f = f
	if err := m.Remove(set(0)); err != nil {
		t.Fatal(err)
	}
	changing := slices.DeleteFunc(f.calls, func(c string) bool { return c == "stat" || c == "read" })
	k := slices.Index(changing, "truncate")
	if k < 2 || !slices.Equal(changing[k-2:k+2], []string{"write", "sync", "truncate", "sync"}) {
		t.Errorf("calls: %v", changing)
	}
}

func TestRemoveReadOnly(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, options(path))
	m.readOnly = unix.EACCES
	err := m.Remove(set(0))
	if !errors.Is(err, ErrReadOnly) || !errors.Is(err, unix.EACCES) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if contents(t, path) != three {
		t.Error("file changed")
	}
}

// A separator line that was half written when the file was scanned, as an agent that
// takes no locks may leave it, was part of the last message that the client saw.
func TestRemoveHalfDelivered(t *testing.T) {
	data := three + "\n" + sepB[:9]
	path := spool(t, data)
	m := open(t, path, options(path))
	appendTo(t, path, sepB[9:]+"\nnew\n")
	if err := m.Remove(set(2)); !errors.Is(err, ErrChanged) {
		t.Errorf("%v, want ErrChanged", err)
	}
	if err := m.Remove(set(0)); err != nil {
		t.Error(err)
	}
	if got, want := contents(t, path), strings.TrimPrefix(data+sepB[9:]+"\nnew\n", sepA+"\none\n\n"); got != want {
		t.Errorf("became %q, want %q", got, want)
	}
}
