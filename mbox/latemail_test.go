package mbox

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// meddling lets another program act at the first call of one kind.
type meddling struct {
	file
	call string
	act  func()
}

func (f *meddling) once(call string) {
	if f.call == call {
		f.call = ""
		f.act()
	}
}

func (f *meddling) WriteAt(b []byte, at int64) (int, error) {
	f.once("write")
	return f.file.WriteAt(b, at)
}

func (f *meddling) Sync() error {
	f.once("sync")
	return f.file.Sync()
}

// UPD-2: mail that a program without our locks delivers while the update moves
// octets was cut off, and QUIT said +OK.
func TestMailDeliveredDuringUpdate(t *testing.T) {
	const late = sepB + "\nlate\n\n"
	for _, call := range []string{"write", "sync"} {
		path := spool(t, three)
		m := open(t, path, options(path))
		m.f = &meddling{m.f, call, func() { appendTo(t, path, late) }}
		if err := m.Remove(set(0)); err != nil {
			t.Errorf("%s: %v", call, err)
		}
		m.Close()
		want := three[strings.Index(three, sepB):] + late
		if got := contents(t, path); got != want {
			t.Errorf("%s: the file holds %q, want %q", call, got, want)
		}
	}
}

// UPD-3: where nothing moves there is nothing to carry on; the removal is refused.
func TestMailDeliveredBeforeCut(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, options(path))
	m.f = &meddling{m.f, "", nil}
	size := int64(len(three))
	appendTo(t, path, "x")
	if err := m.cut(0, size); !errors.Is(err, ErrChanged) || !errors.Is(err, ErrNotBegun) {
		t.Errorf("%v", err)
	}
	if got := contents(t, path); got != three+"x" {
		t.Errorf("the file holds %q", got)
	}
}

// R1081-QUIT-2: the cut is done and only fsync fails. That had no name, and the client
// heard that some messages may not have been removed.
func TestCutNotDurable(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, options(path))
	m.f = &refusing{m.f, "sync"}
	err := m.Remove(set(1, 2))
	if !errors.Is(err, ErrNotDurable) || !errors.Is(err, unix.EIO) || errors.Is(err, ErrNotBegun) {
		t.Errorf("%v", err)
	}
	m.Close()
	want := three[:strings.Index(three, sepB)]
	if got := contents(t, path); got != want {
		t.Errorf("the file holds %q", got)
	}
	agree(t, open(t, path, options(path)), []byte(want))
}
