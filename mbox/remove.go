package mbox

import (
	"errors"
	"fmt"
)

// Remove updates the file in place, in three steps that do not know of one another:
//
//	check      under the delivery locks, that the file is what was scanned,
//	           perhaps with mail appended (change.go)
//	plan       which octets stay: a list of extents, in order, and the final size
//	carry out  slide the extents that stay towards the front, cut the file, so
//	           that a crash at any instant does no harm (update.go)
//
// The inode stays, and with it owner, group, mode and whoever has the file open (UPD-1).

// plan is what is to be done to the file.
type plan struct {
	keep []extent // what stays behind the first removed octet, in order, none adjacent
	to   int64    // where the first of them goes: all before it stays where it is
	size int64    // final size of the file
}

// extent is a part of the file, [from, end).
type extent struct{ from, end int64 }

// Remove removes the messages for which marked is true, once and for all when it
// returns nil: the file is on the disk. Mail that was appended meanwhile stays
// (UPD-2). It waits for the delivery locks as Open does, but if nothing is marked
// it takes none and does nothing. Nothing was removed if the error is ErrLocked,
// ErrCanceled, ErrReadOnly, ErrChanged (UPD-3) or ErrNotBegun (UPD-5); after
// ErrUnfinished the next Open will have done it (UPD-4); with ErrNotDurable they were
// removed. Afterwards only Close is useful.
func (m *Maildrop) Remove(marked func(i int) bool) error {
	first := 0
	for first < len(m.msgs) && !marked(first) {
		first++
	}
	if first == len(m.msgs) {
		return nil
	}
	if m.options.Shared {
		return fmt.Errorf("%w: %w", ErrReadOnly, errShared)
	}
	if m.readOnly != nil {
		return fmt.Errorf("%w: %s: %w", ErrReadOnly, m.path, m.readOnly)
	}
	locks, err := lockDelivery(m.path, m.fd, m.options)
	if err != nil {
		return err
	}
	defer locks.release()
	size, err := m.checkAll(m.msgs[first].start, locks.refresh)
	if err != nil {
		return notBegun(err)
	}
	p, err := m.plan(first, marked, size)
	if err != nil {
		return notBegun(err)
	}
	if m.options.canceled() {
		return ErrCanceled
	}
	m.beforeUpdate()
	undoLast := m.lastWithout(marked)
	if err := m.carryOut(p, size, locks.refresh); err != nil {
		if errors.Is(err, ErrNotBegun) {
			undoLast()
		}
		return fmt.Errorf("%s: update: %w", m.path, err)
	}
	m.afterUpdate(marked, locks.refresh)
	return nil
}

// plan decides what stays of a file of size octets; first is the first marked message.
func (m *Maildrop) plan(first int, marked func(i int) bool, size int64) (plan, error) {
	p := plan{to: m.msgs[first].start}
	p.size = p.to
	last := len(m.msgs) - 1
	for i := first + 1; i < last; i++ {
		if !marked(i) {
			p.add(m.extent(i))
		}
	}
	switch {
	case first < last && !marked(last):
		p.add(m.msgs[last].start, size)
	case size > m.id.size:
		from, err := m.appended(size)
		if err != nil {
			return p, err
		}
		p.add(from, size)
	}
	return p, nil
}

// add lets [from, end) stay.
func (p *plan) add(from, end int64) {
	if from == end {
		return
	}
	p.size += end - from
	if n := len(p.keep); n > 0 && p.keep[n-1].end == from {
		p.keep[n-1].end = end
		return
	}
	p.keep = append(p.keep, extent{from, end})
}

// appended finds where mail that came after the scan begins, when the last message
// known is to be removed. Between the two there may be line ends, which go with
// that message. Anything else has been added to the message itself, and it is not
// the message that the client saw.
func (m *Maildrop) appended(size int64) (int64, error) {
	next, err := m.secondMessage(m.msgs[len(m.msgs)-1].start, size)
	if err != nil {
		return 0, err
	}
	onlyEnds := next >= m.id.size
	if onlyEnds {
		onlyEnds, err = m.lineEnds(m.id.size, next)
	}
	if err == nil && !onlyEnds {
		err = fmt.Errorf("%w: %s: the last message, marked for removal, has grown", ErrChanged, m.path)
	}
	return next, err
}

// secondMessage scans from the message that begins at from and returns where the
// one behind it begins, or size if there is none.
func (m *Maildrop) secondMessage(from, size int64) (int64, error) {
	s := scanner{at: from, line: from}
	err := m.read(from, size, func(b []byte) bool {
		s.feed(b)
		return len(s.msgs) < 2
	})
	if err != nil {
		return 0, err
	}
	if s.finish(); len(s.msgs) > 1 {
		return s.msgs[1].start, nil
	}
	return size, nil
}

// lineEnds tells whether [from, to) is nothing but LFs and CRLFs.
func (m *Maildrop) lineEnds(from, to int64) (bool, error) {
	var prev byte
	ok := true
	err := m.read(from, to, func(b []byte) bool {
		for _, c := range b {
			ok = ok && (c == '\n' || c == '\r' && prev != '\r')
			prev = c
		}
		return ok
	})
	return ok && prev != '\r', err
}

// read calls use with the octets of [from, to) in pieces until it returns false.
func (m *Maildrop) read(from, to int64, use func([]byte) bool) error {
	buf := getBlock(m.options.block)
	defer putBlock(buf)
	for from < to {
		b := buf[:min(int64(len(buf)), to-from)]
		if err := readFull(m.f, b, from); err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
		if !use(b) {
			return nil
		}
		from += int64(len(b))
	}
	return nil
}
