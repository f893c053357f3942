package mbox

import (
	"encoding/binary"
	"io"
	"os"
	"time"
)

// index is an open index file whose header holds.
type index struct {
	f *os.File
	h indexHeader
}

func openIndex(name string) (*index, bool) {
	f, size, err := openOwn(name)
	if err != nil {
		return nil, false
	}
	h, ok := readHeader(f, size)
	if !ok {
		f.Close()
		return nil, false
	}
	return &index{f, h}, true
}

// table reads the table that the index holds, without the unique-ids.
func (x *index) table() (t table, ok bool) {
	h := &x.h
	t = table{id: h.id(), when: time.Unix(0, h.When), doubt: h.Doubt, octets: h.Octets, indexed: h, stored: int(h.Unique)}
	sum, ok := readPrints(x.f, h, &t)
	if !ok {
		return t, false
	}
	sum, ok = readRows(x.f, h, sum, &t)
	return t, ok && sum == h.TableSum
}

func readPrints(f io.ReaderAt, h *indexHeader, t *table) (uint32, bool) {
	n := (h.Size + h.Block - 1) / h.Block
	t.prints = make([]uint64, 0, n+spareRows)
	return section(f, headerWidth, n, printWidth, 0, func(b []byte) bool {
		for ; len(b) > 0; b = b[printWidth:] {
			t.prints = append(t.prints, binary.LittleEndian.Uint64(b))
		}
		return true
	})
}

// readRows reads the messages. They must follow one another within the file, with
// sizes that such extents can have and that add up to the total.
func readRows(f io.ReaderAt, h *indexHeader, sum uint32, t *table) (uint32, bool) {
	t.msgs = make([]message, h.Count, h.Count+spareRows)
	rest, octets, last := t.msgs, int64(0), message{} // a message that ends at 0
	sum, ok := section(f, h.rowsAt(), h.Count, rowWidth, sum, func(b []byte) bool {
		n := len(b) / rowWidth
		size, ok := decodeRows(rest[:n], b, last, h.Size)
		octets, last, rest = octets+size, rest[n-1], rest[n:]
		return ok
	})
	return sum, ok && last.fits(h.Size) && octets == h.Octets
}

// decodeRows makes messages of b, the first of which follows last, in a file of
// limit octets. It is all that opening a large maildrop costs besides reading.
func decodeRows(rows []message, b []byte, last message, limit int64) (octets int64, ok bool) {
	for i := range rows {
		r := b[i*rowWidth : i*rowWidth+rowWidth]
		m := message{int64(binary.LittleEndian.Uint64(r)), binary.LittleEndian.Uint64(r[8:])}
		if m.start > limit || !last.fits(m.start) {
			return 0, false
		}
		rows[i] = m
		octets += m.size()
		last = m
	}
	return octets, true
}

// fits tells whether the message can end at offset end: each octet of its content
// is sent as at most two, and two may be added for a missing last line end.
func (m message) fits(end int64) bool {
	content := end - m.start - m.sep() - m.closing()
	return content >= 0 && m.size() <= 2*content+2
}

// unique reads the unique-ids.
func (x *index) unique() ([]uidSum, bool) {
	sums := make([]uidSum, 0, x.h.Unique)
	sum, ok := section(x.f, x.h.uniqueAt(), x.h.Unique, uidOctets, 0, func(b []byte) bool {
		for ; len(b) > 0; b = b[uidOctets:] {
			sums = append(sums, uidSum(b[:uidOctets]))
		}
		return true
	})
	return sums, ok && sum == x.h.UniqueSum
}

// writeIndex puts the table with the unique-ids known into an index file.
func writeIndex(name string, t *table, o Options) error {
	h := indexHeader{
		Magic: indexMagic, Version: indexVersion,
		Dev: t.id.dev, Ino: t.id.ino, Size: t.id.size, Mtime: t.id.mtime, Ctime: t.id.ctime,
		When: t.when.UnixNano(), Doubt: t.doubt, Block: int64(o.block),
		Count: int64(len(t.msgs)), Octets: t.octets, Unique: int64(len(t.sums)),
	}
	if o.Unquote {
		h.Unquote = 1
	}
	replace := replaceOwn
	if o.Shared {
		replace = replaceShared
	}
	return replace(name, func(f *os.File) (err error) {
		w := io.NewOffsetWriter(f, headerWidth)
		le := binary.LittleEndian
		h.TableSum, err = pour(w, len(t.prints), 0, func(b []byte, i int) []byte { return le.AppendUint64(b, t.prints[i]) })
		if err != nil {
			return err
		}
		h.TableSum, err = pour(w, len(t.msgs), h.TableSum, func(b []byte, i int) []byte {
			return le.AppendUint64(le.AppendUint64(b, uint64(t.msgs[i].start)), t.msgs[i].rest)
		})
		if err != nil {
			return err
		}
		h.UniqueSum, err = pour(w, len(t.sums), 0, func(b []byte, i int) []byte { return append(b, t.sums[i][:]...) })
		if err != nil {
			return err
		}
		_, err = f.WriteAt(h.encode(), 0)
		return err
	})
}
