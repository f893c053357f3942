package mbox

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"time"
)

// The index file: a header of fixed size, then three sections of fixed-width
// records, all little-endian, nothing between them and nothing behind.
//
//	fingerprints  8 octets for each block of the spool file
//	messages      16 octets each: message.start, message.rest
//	unique-ids    15 octets each, of the first so many messages
//
// A reader trusts no number in it: each is checked before it is used to allocate,
// to read, or as an offset.

// indexVersion must be raised when the format changes, and also when the same spool
// file would get other messages, sizes or unique-ids than before.
const indexVersion = 2

var indexMagic = [8]byte{'p', 'o', 'p', 'i', 'n', 'd', 'e', 'x'}

// Widths of the records in octets.
const (
	printWidth  = 8
	rowWidth    = 16
	headerWidth = 120
)

type indexHeader struct {
	Magic              [8]byte
	Version            uint32
	Unquote            uint32 // 1 if the sizes are those of un-quoted messages
	Dev, Ino           uint64 // the spool file's identity when it was scanned
	Size, Mtime, Ctime int64
	When               int64 // when that was, ns since 1970
	Doubt              int64 // see table
	Block              int64 // octets a fingerprint
	Count, Octets      int64 // messages, and the sum of their sizes
	Unique             int64 // unique-ids
	TableSum           uint32
	UniqueSum          uint32
	_                  uint32
	HeaderSum          uint32 // over all that is before it
}

// length is what the whole file must have. The numbers must be plausible.
func (h *indexHeader) length() int64 {
	return h.uniqueAt() + h.Unique*uidOctets
}

func (h *indexHeader) rowsAt() int64 {
	return headerWidth + (h.Size+h.Block-1)/h.Block*printWidth
}

func (h *indexHeader) uniqueAt() int64 { return h.rowsAt() + h.Count*rowWidth }

func (h *indexHeader) id() identity {
	return identity{dev: h.Dev, ino: h.Ino, size: h.Size, mtime: h.Mtime, ctime: h.Ctime}
}

// plausible tells whether this is the header of an index file of size octets.
func (h *indexHeader) plausible(size int64) bool {
	return h.Magic == indexMagic && h.Version == indexVersion && h.Unquote <= 1 &&
		h.Block > 0 && h.Size > 0 && h.Size <= maxSpool &&
		h.Count > 0 && h.Count <= size/rowWidth &&
		h.Unique >= 0 && h.Unique <= h.Count &&
		h.Doubt >= 0 && h.Doubt <= h.Size &&
		h.When <= time.Now().UnixNano() &&
		h.length() == size
}

// readHeader reads the header of an index file of size octets.
func readHeader(f io.ReaderAt, size int64) (h indexHeader, ok bool) {
	var b [headerWidth]byte
	if _, err := f.ReadAt(b[:], 0); err != nil {
		return h, false
	}
	if _, err := binary.Decode(b[:], binary.LittleEndian, &h); err != nil {
		return h, false
	}
	return h, h.HeaderSum == headerSum(b[:]) && h.plausible(size)
}

// headerSum is the checksum of an encoded header.
func headerSum(b []byte) uint32 {
	return crc32.Checksum(b[:headerWidth-4], castagnoli)
}

// encode closes the header with its checksum.
func (h *indexHeader) encode() []byte {
	b, err := binary.Append(nil, binary.LittleEndian, h)
	if err != nil {
		panic(err) // never: all fields have a fixed size
	}
	binary.LittleEndian.PutUint32(b[headerWidth-4:], headerSum(b))
	return b
}

// section reads n records of that width from offset at on, calls use with many at a
// time until it returns false, and adds them to the checksum sum.
func section(f io.ReaderAt, at, n, width int64, sum uint32, use func(b []byte) bool) (uint32, bool) {
	buf := getBlock(blockSize)
	defer putBlock(buf)
	for left := n * width; left > 0; {
		b := buf[:min(left, blockSize/width*width)]
		if _, err := f.ReadAt(b, at); err != nil {
			return sum, false
		}
		sum = crc32.Update(sum, castagnoli, b)
		if !use(b) {
			return sum, false
		}
		at, left = at+int64(len(b)), left-int64(len(b))
	}
	return sum, true
}

// pour writes n records, made by put, and adds them to the checksum sum.
func pour(w io.Writer, n int, sum uint32, put func(dst []byte, i int) []byte) (uint32, error) {
	buf := getBlock(blockSize)
	defer putBlock(buf)
	b := buf[:0]
	for i := range n {
		b = put(b, i)
		if i+1 < n && len(b)+rowWidth <= len(buf) {
			continue
		}
		sum = crc32.Update(sum, castagnoli, b)
		if _, err := w.Write(b); err != nil {
			return sum, err
		}
		b = b[:0]
	}
	return sum, nil
}
