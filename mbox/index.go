package mbox

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// scanFile reads f once from beginning to end and makes its table. Before each
// block progress is called, so that long work can keep its locks fresh.
func scanFile(f file, o Options, progress func()) (table, error) {
	var t table
	err := t.extend(f, o, progress)
	return t, err
}

// extend makes the table of an earlier state of f, which may be the empty one, that
// of the file as it is, provided that the file has grown only. The last message
// known is scanned again, since what follows decides where it ends; so is at least
// one whole block before the old end. Those blocks and the first must have the
// fingerprints known, else the error is errStale. After an error the table is useless.
func (t *table) extend(f file, o Options, progress func()) error {
	old := *t
	t.when = time.Now()
	var err error
	if t.id, err = stat(f); err != nil {
		return err
	}
	if t.id.size > maxSpool {
		return fmt.Errorf("%w: it has %d octets, more than %d", ErrNotMailbox, t.id.size, int64(maxSpool))
	}
	s := scanner{unquote: o.Unquote}
	if n := len(t.msgs); n > 0 {
		s.at = t.msgs[n-1].start
		s.line = s.at
	}
	block := int64(o.block)
	k := max(0, min(s.at/block, int64(len(old.prints))-2))
	t.doubt = k * block
	t.work += t.id.size - t.doubt
	if err := t.scan(f, &s, &old, k, block, progress); err != nil {
		return err
	}
	return t.replaceLast(&old, s.msgs, f)
}

// scan feeds s with the file from where it stands to its end. It reads from block k
// on and makes the fingerprints of what it reads.
func (t *table) scan(f file, s *scanner, old *table, k, block int64, progress func()) error {
	buf := getBlock(int(block))
	defer putBlock(buf)
	from := s.at
	if k > 0 {
		if err := readFull(f, buf, 0); err != nil {
			return err
		}
		if fingerprint(buf) != old.prints[0] {
			return errStale
		}
	}
	t.prints = old.prints[:k]
	for at := k * block; at < t.id.size; at += block {
		progress()
		b := buf[:min(block, t.id.size-at)]
		if err := readFull(f, b, at); err != nil {
			return err
		}
		if known := old.id.size - at; known > 0 && fingerprint(b[:min(int64(len(b)), known)]) != old.prints[at/block] {
			return errStale
		}
		t.prints = append(t.prints, fingerprint(b))
		if s.feed(b[min(int64(len(b)), max(0, from-at)):]); s.alien {
			break
		}
	}
	if s.finish(); !s.alien {
		return nil
	}
	if len(old.msgs) > 0 {
		return errStale // its last separator line has become text by growing
	}
	return fmt.Errorf("%w: it has octets, but does not begin with a separator line (\"From sender date\")", ErrNotMailbox)
}

// replaceLast puts the messages just scanned in place of the last one known.
func (t *table) replaceLast(old *table, msgs []message, f file) error {
	n := len(old.msgs)
	if n == 0 {
		t.msgs = msgs
		if err := t.hideInternal(f); err != nil {
			return err
		}
		msgs = t.msgs
	} else {
		last := old.msgs[n-1]
		t.octets -= last.size()
		t.msgs = append(old.msgs[:n-1], msgs...)
		if _, end := t.extent(n - 1); msgs[0] != last || end != old.id.size {
			t.stored = min(t.stored, n-1) // it is not the message that it was
		}
	}
	for _, m := range msgs {
		t.octets += m.size()
	}
	return nil
}

// extent is the part of the file that message i occupies, from its separator
// line to the next one or to the end of what was scanned.
func (t *table) extent(i int) (from, to int64) {
	if i+1 < len(t.msgs) {
		return t.msgs[i].start, t.msgs[i+1].start
	}
	return t.msgs[i].start, t.id.size
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
