package mbox

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// benchBox makes a file of about size octets that looks like mail: lines of 0 to
// 76 octets, messages of about 8 KiB.
func benchBox(b *testing.B, size int) string {
	path := spool(b, "")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r := rand.New(rand.NewPCG(1, 2))
	text := strings.Repeat("Lorem ipsum dolor sit amet, consectetur ", 2)
	var sb strings.Builder
	for n := 0; n < size; {
		sb.Reset()
		fmt.Fprintf(&sb, "%s\nSubject: %d\nStatus: RO\n\n", sepA, n)
		for range 160 {
			sb.WriteString(text[:r.IntN(77)])
			sb.WriteByte('\n')
		}
		sb.WriteByte('\n')
		k, err := f.WriteString(sb.String())
		if err != nil {
			b.Fatal(err)
		}
		n += k
	}
	return path
}

const benchSize = 256 << 20

// BenchmarkScan is the scan of a file in the page cache, fingerprints included.
func BenchmarkScan(b *testing.B) {
	path := benchBox(b, benchSize)
	for _, unquote := range []bool{false, true} {
		b.Run(fmt.Sprintf("unquote=%t", unquote), func(b *testing.B) {
			f, o := benchOpen(b, path), Options{Unquote: unquote}.withDefaults()
			b.ReportAllocs()
			for b.Loop() {
				t, err := scanFile(f, o, func() {})
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(t.id.size)
			}
		})
	}
}

// BenchmarkPread only reads the same file, in blocks of the same size.
func BenchmarkPread(b *testing.B) { benchRead(b, func([]byte) {}) }

// BenchmarkFingerprint reads it and makes the fingerprint.
func BenchmarkFingerprint(b *testing.B) {
	benchRead(b, func(p []byte) { fingerprint(p) })
}

func benchRead(b *testing.B, use func([]byte)) {
	f := benchOpen(b, benchBox(b, benchSize))
	buf := make([]byte, blockSize)
	for b.Loop() {
		at := int64(0)
		for {
			n, _ := f.ReadAt(buf, at)
			if n == 0 {
				break
			}
			use(buf[:n])
			at += int64(n)
		}
		b.SetBytes(at)
	}
}

func benchOpen(b *testing.B, path string) *os.File {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}

// benchMaildrop opens a smaller one, whose octets are what is measured.
func benchMaildrop(b *testing.B) *Maildrop {
	path := benchBox(b, benchSize/4)
	m, err := Open(path, options(path))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { m.Close() })
	b.SetBytes(m.id.size)
	b.ReportAllocs()
	return m
}

// BenchmarkUniqueIDs is the first UIDL of a session.
func BenchmarkUniqueIDs(b *testing.B) {
	m := benchMaildrop(b)
	for b.Loop() {
		m.uids, m.sums, m.stored = nil, nil, 0 // as if no index knew them
		if _, err := m.UniqueIDs(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMessages streams every message of a file, whose state is as scanned.
func BenchmarkMessages(b *testing.B) {
	m := benchMaildrop(b)
	for b.Loop() {
		for i := range m.Len() {
			if err := skim(m.Message(i)); err != nil {
				b.Fatal(err)
			}
		}
	}
}
