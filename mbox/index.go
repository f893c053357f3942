package mbox

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"sync"
	"time"
)

// scanFile reads f once from beginning to end and makes its table. Before each
// block progress is called, so that long work can keep its locks fresh.
func scanFile(f file, o Options, progress func()) (table, error) {
	t := table{when: time.Now(), seed: maphash.MakeSeed()}
	var err error
	if t.id, err = stat(f); err != nil {
		return t, err
	}
	s := scanner{unquote: o.Unquote}
	buf := getBlock(o.block)
	defer putBlock(buf)
	for at := int64(0); at < t.id.size; at += int64(o.block) {
		progress()
		b := buf[:min(int64(o.block), t.id.size-at)]
		if err := readFull(f, b, at); err != nil {
			return t, err
		}
		t.prints = append(t.prints, maphash.Bytes(t.seed, b))
		if s.feed(b); s.alien {
			break
		}
	}
	if s.finish(); s.alien {
		return t, fmt.Errorf("%w: it has octets, but does not begin with a separator line (\"From sender date\")", ErrNotMailbox)
	}
	t.msgs = s.msgs
	return t, t.hideInternal(f)
}

// readFull fills b from offset at. The file had these octets when it was scanned;
// if they are not there any more, somebody cut it.
func readFull(f file, b []byte, at int64) error {
	n, err := f.ReadAt(b, at)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends %d octets after offset %d, where %d were", ErrChanged, n, at, len(b))
	}
	return err
}

// blocks holds buffers of blockSize octets. A session that is not sending has none.
var blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}

func getBlock(n int) []byte {
	if n == blockSize {
		return blocks.Get().(*[blockSize]byte)[:]
	}
	return make([]byte, n)
}

func putBlock(b []byte) {
	if cap(b) == blockSize {
		blocks.Put((*[blockSize]byte)(b[:blockSize]))
	}
}
