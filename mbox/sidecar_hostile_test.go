package mbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"testing"
)

func crcOf(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// FuzzIndex opens a maildrop with an index whose numbers are anything, but whose
// checksums are right. Nothing may panic, hang, or read outside of the file, and
// what is not said to have changed must be as announced.
func FuzzIndex(f *testing.F) {
	path := spool(f, letters)
	o := small(path)
	name := indexed(f, path, o)
	whole := contents(f, name)
	f.Add(uint16(0), []byte{}, 0)
	for i := range len(whole) / 8 {
		for _, v := range []uint64{0, 1, 1 << 14, 1 << 31, 1 << 62, 1 << 63, 1<<64 - 1} {
			f.Add(uint16(i*8), binary.LittleEndian.AppendUint64(nil, v), 0)
		}
	}
	f.Add(uint16(0), []byte{}, -uidOctets)
	f.Add(uint16(0), []byte{}, 1<<20)
	f.Fuzz(func(t *testing.T, at uint16, patch []byte, longer int) {
		b := []byte(whole)
		copy(b[min(int(at), len(b)):], patch)
		b = append(b, make([]byte, max(0, min(longer, 1<<21)))...)
		b = b[:max(0, len(b)+min(0, longer))]
		if contents(t, path) != letters {
			write(t, path, letters)
		}
		write(t, name, string(seal(t, b, path)))
		m := open(t, path, o)
		defer m.Close()
		for i := range m.Len() {
			got, err := drain(m.Message(i))
			if err == nil && m.Size(i) != int64(len(unstuffed(t, got))) {
				t.Fatalf("message %d: announced %d, sent %q", i, m.Size(i), got)
			}
			if err := skim(m.Top(i, 1)); err != nil && !errors.Is(err, ErrChanged) {
				t.Fatal(err)
			}
		}
		if _, err := m.UniqueIDs(); err != nil && !errors.Is(err, ErrChanged) {
			t.Fatal(err)
		}
		m.Last()
		if err := m.SetLast(m.Len()); err != nil && !errors.Is(err, ErrChanged) {
			t.Fatal(err)
		}
		if err := m.Remove(set(0, 2)); err != nil && !errors.Is(err, ErrChanged) {
			t.Fatal(err)
		}
	})
}

// seal makes the checksums of an index right, and its identity that of the file.
func seal(t testing.TB, b []byte, path string) []byte {
	t.Helper()
	fi, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	id := identify(fi)
	h, _ := readHeader(bytes.NewReader(b), int64(len(b)))
	h.Dev, h.Ino, h.Mtime, h.Ctime = id.dev, id.ino, id.mtime, id.ctime
	h.HeaderSum = 0
	if h.plausible(int64(len(b))) {
		h.TableSum = crcOf(b[headerWidth:h.uniqueAt()])
		h.UniqueSum = crcOf(b[h.uniqueAt():])
	}
	return append(h.encode(), b[min(headerWidth, len(b)):]...)
}
