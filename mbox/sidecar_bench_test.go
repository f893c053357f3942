package mbox

import (
	"bufio"
	"fmt"
	"os"
	"testing"
	"time"
)

// smallBox makes a file of n messages of about size octets, old enough to be believed.
func smallBox(b *testing.B, n, size int) string {
	path := spool(b, "")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	line := "Lorem ipsum dolor sit amet, consectetur adipisici elit, sed eiusmod temp.\n"
	for i := range n {
		fmt.Fprintf(w, "%s\nSubject: %d\nFrom: a@example.org\n\n", sepA, i)
		for k := 0; k < size; k += len(line) {
			w.WriteString(line)
		}
		w.WriteByte('\n')
	}
	if w.Flush() != nil || f.Close() != nil {
		b.Fatal("write")
	}
	return path
}

// openBench opens and closes the maildrop, with its index or without.
func openBench(b *testing.B, messages, size int, indexed bool) {
	path := smallBox(b, messages, size)
	o := options(path)
	time.Sleep(racyAge + 100*time.Millisecond)
	m := open(b, path, o)
	name := m.beside(indexEnding)
	if _, err := m.UniqueIDs(); err != nil {
		b.Fatal(err)
	}
	m.Close()
	b.ReportAllocs()
	for b.Loop() {
		if !indexed {
			b.StopTimer()
			os.Remove(name)
			b.StartTimer()
		}
		m, err := Open(path, o)
		if err != nil {
			b.Fatal(err)
		}
		if m.Len() != messages || (m.work == 0) != indexed {
			b.Fatalf("%d messages, %d octets scanned", m.Len(), m.work)
		}
		b.StopTimer()
		m.Close()
		b.StartTimer()
	}
}

const (
	benchMessages = 1_000_000
	benchSmall    = 300     // octets a message: 0.4 GB in all
	benchLarge    = 2 << 20 // 1,000 messages: 2 GiB in all
)

func BenchmarkOpenIndexed(b *testing.B) {
	b.Run("million", func(b *testing.B) { openBench(b, benchMessages, benchSmall, true) })
	b.Run("2GiB", func(b *testing.B) { openBench(b, 1024, benchLarge, true) })
}

func BenchmarkOpenUnindexed(b *testing.B) {
	b.Run("million", func(b *testing.B) { openBench(b, benchMessages, benchSmall, false) })
	b.Run("2GiB", func(b *testing.B) { openBench(b, 1024, benchLarge, false) })
}

// All messages are old: each of a million separator lines is read.
func BenchmarkArrivedBefore(b *testing.B) {
	path := smallBox(b, benchMessages, benchSmall)
	m := open(b, path, options(path))
	for b.Loop() {
		if old, err := m.ArrivedBefore(time.Now()); err != nil || len(old) != benchMessages {
			b.Fatalf("%d old, %v", len(old), err)
		}
	}
}
