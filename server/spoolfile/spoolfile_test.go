package spoolfile

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// What was written comes back, whatever the pieces; small or large.
func TestHoldsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f File
		defer f.Close()
		var want []byte
		for _, n := range rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 100, memory / 2, memory - 1, memory, memory + 1}), 0, 5).Draw(t, "sizes") {
			b := bytes.Repeat([]byte{byte(len(want))}, n)
			if k, err := f.Write(b); k != n || err != nil {
				t.Fatal(k, err)
			}
			want = append(want, b...)
			clear(b) // it is not kept
		}
		for range 2 {
			got, err := io.ReadAll(f.Reader())
			if err != nil || !bytes.Equal(got, want) || f.Size() != int64(len(want)) {
				t.Fatalf("%d octets, size %d, want %d (%v)", len(got), f.Size(), len(want), err)
			}
		}
		if (f.file != nil) != (len(want) > memory) {
			t.Fatalf("%d octets are in a file: %v", len(want), f.file != nil)
		}
	})
}

// The file has no name.
func TestLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var f File
	if _, err := f.Write(make([]byte, memory+1)); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("%v %v", left, err)
	}
	if err := f.Close(); err != nil || f.Size() != 0 {
		t.Error(err)
	}
}

// Without a disk for it, Write says so, and what is in memory stays.
func TestNoDisk(t *testing.T) {
	t.Setenv("TMPDIR", "/nowhere")
	var f File
	if _, err := f.Write([]byte("small")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, memory)); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(f.Reader()); string(got) != "small" {
		t.Errorf("%q", got)
	}
}
