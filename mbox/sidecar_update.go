package mbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"time"
)

// What an update does with the table and its index.

// beforeUpdate takes the index away: from now on the file is not what it says.
func (m *Maildrop) beforeUpdate() {
	m.loadSums()
	m.spoiled = true
	os.Remove(m.beside(indexEnding))
}

// afterUpdate makes the table that of the file without the marked messages. The
// delivery locks are still held. Should that fail the next session scans.
func (m *Maildrop) afterUpdate(marked func(i int) bool, progress func()) {
	t, ok := m.without(marked)
	if ok = ok && t.reread(m.f, m.options, progress) == nil; ok {
		m.table, m.uids, m.seen, m.spoiled = t, nil, verified{}, false
	}
}

// without is the table without the marked messages, but for the identity and the
// fingerprints of the blocks that changed.
func (m *Maildrop) without(marked func(i int) bool) (t table, ok bool) {
	t = table{octets: m.octets, work: m.id.size}
	first, gone := m.id.size, int64(0)
	for i, row := range m.msgs {
		from, to := m.extent(i)
		if marked(i) {
			first = min(first, from)
			gone += to - from
			t.octets -= row.size()
			continue
		}
		row.start -= gone
		t.msgs = append(t.msgs, row)
		if i < len(m.sums) {
			t.sums = append(t.sums, m.sums[i])
		}
	}
	if len(t.msgs) == 0 {
		return t, false
	}
	t.id.size = m.id.size - gone
	t.prints = slices.Clip(m.prints[:first/int64(m.options.block)])
	return t, true
}

// reread makes the fingerprints that are missing, and takes the identity.
func (t *table) reread(f file, o Options, progress func()) error {
	t.when = time.Now()
	now, err := stat(f)
	if err != nil {
		return err
	}
	size := t.id.size
	if t.id = now; now.size < size {
		return errStale
	}
	t.id.size = size // what was appended meanwhile is for the next session to scan
	buf := getBlock(o.block)
	defer putBlock(buf)
	at := int64(len(t.prints)) * int64(o.block)
	for ; at < size; at += int64(o.block) {
		progress()
		b := buf[:min(int64(o.block), size-at)]
		if err := readFull(f, b, at); err != nil {
			return err
		}
		t.prints = append(t.prints, fingerprint(b))
	}
	// Whether the message that is now the first is another program's bookkeeping
	// is for a scan to judge (MBOX-6).
	n := len(t.msgs)
	if err := t.hideInternal(f); err != nil || len(t.msgs) < n {
		return errors.Join(err, errStale)
	}
	return nil
}

// separators checks that separator lines begin where the index says that messages
// do, in b, the octets of the file from offset at on.
func (m *Maildrop) separators(at int64, b []byte) error {
	i := sort.Search(len(m.msgs), func(i int) bool { return m.msgs[i].start >= at })
	for ; i < len(m.msgs) && m.msgs[i].start < at+int64(len(b)); i++ {
		from, n := m.msgs[i].start, m.msgs[i].sep()
		line := b[from-at:]
		if n > int64(len(line)) { // it goes on in the next block
			line = make([]byte, n)
			if err := readFull(m.f, line, from); err != nil {
				return fmt.Errorf("%s: %w", m.path, err)
			}
		}
		line = line[:n]
		if !separator(bytes.TrimSuffix(line, []byte{'\n'})) {
			m.spoiled = true
			return fmt.Errorf("%w: %s: the index has a message at offset %d, the file has none", ErrChanged, m.path, from)
		}
	}
	return nil
}
