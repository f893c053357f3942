package mbox

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const removeBenchSize = 1 << 30

// BenchmarkRemove is the update of a file of 1 GiB, in the page cache: all messages,
// the first half, one in the middle; and beside them a plain copy of the half behind
// the middle to a new file, with fsync.
func BenchmarkRemove(b *testing.B) {
	path := benchBox(b, removeBenchSize)
	for _, c := range []struct {
		name string
		mark func(m *Maildrop) func(i int) bool
	}{
		{"all", func(*Maildrop) func(int) bool { return func(int) bool { return true } }},
		{"first-half", func(m *Maildrop) func(int) bool { return func(i int) bool { return i < m.Len()/2 } }},
		{"middle", func(m *Maildrop) func(int) bool { return func(i int) bool { return i == m.Len()/2 } }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				benchCopy(b, path, path+".x", 0)
				time.Sleep(racyAge) // else all of it is read and compared once more
				m := open(b, path+".x", options(path+".x"))
				mark := c.mark(m)
				b.StartTimer()
				if err := m.Remove(mark); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				m.Close()
				b.StartTimer()
			}
		})
	}
	b.Run("copy-of-tail", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			os.Remove(path + ".x")
			b.StartTimer()
			benchCopy(b, path, path+".x", removeBenchSize/2)
		}
	})
}

// benchCopy copies a file from offset from on, and makes the copy durable.
func benchCopy(b *testing.B, name, to string, from int64) {
	src, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	dst, err := os.Create(filepath.Clean(to))
	if err != nil {
		b.Fatal(err)
	}
	defer dst.Close()
	buf := make([]byte, blockSize)
	onlyRead := struct{ io.Reader }{io.NewSectionReader(src, from, 1<<62)}
	onlyWrite := struct{ io.Writer }{dst}
	if _, err := io.CopyBuffer(onlyWrite, onlyRead, buf); err != nil {
		b.Fatal(err)
	}
	if err := dst.Sync(); err != nil {
		b.Fatal(err)
	}
}
