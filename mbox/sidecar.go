package mbox

import (
	"errors"
	"os"
)

// The index: the table of a maildrop, kept in the state directory from one session
// to the next. It is a cache. Deleting it costs a scan and changes nothing that a
// client sees; an index that cannot be read, or does not hold, counts as none.
//
// Open believes it if the spool file's identity (device, inode, size, time stamps)
// is the one recorded. Otherwise, if the file is the same and has grown, the
// beginning of the file and at least one whole block before the recorded end are
// compared with their fingerprints, and only what follows the beginning of the last
// message known is scanned. Anything else is scanned anew.
//
// That is enough to show mail, not to remove it. An index is in doubt about the
// octets [0, doubt) if the file has grown, because a program that edits in the
// middle, changes no length, and then appends would go unseen; and about all octets
// if the file was so young when it was scanned that a change could have left no trace
// in the time stamps. Of octets in doubt, each block is compared before a message in
// it is sent to its end. Before anything is removed, every octet in doubt is compared,
// and, even if none is, every one from the first that is to move or to go; and where
// the index says that messages begin, there must be separator lines. A difference
// is ErrChanged, and the index is given up, so that the next session scans.
//
// Residual risk: where the index is in doubt, UIDL and LIST tell what the recorded
// octets had, until the comparison of a message or an update finds the change. Rows
// and unique-ids rest on a CRC of 32 bits against a failing disk; against somebody
// who means harm only on the access rights of the file (ownfile.go), whose owner can
// write the mail as well.
//
// It is written when the session ends, if reading what it would save has cost at
// least as much as writing it; so a delivery of one small message to a maildrop of a
// million is scanned a few times rather than 16 MB written each time. After messages
// were removed the new table is made from the old one without a scan, and the blocks
// that moved, which are still in memory, get new fingerprints while the delivery
// locks are held. (Such a file is young, so this index stays in doubt until the next
// scan or update: it saves the scan and the hashing, not the comparisons.)
//
// Reading it whole costs a million messages some milliseconds: a third is reading
// 16 MB, a third the checks and the checksum, a third the kernel's finding the memory.

const indexEnding = ".index"

// errStale: the index does not describe the file.
var errStale = errors.New("index is stale")

// recall fills the table from the index and from what the file has beyond it, or
// does nothing and returns false. The delivery locks are held.
func (m *Maildrop) recall(progress func()) bool {
	x, ok := openIndex(m.beside(indexEnding))
	if !ok {
		return false
	}
	defer x.f.Close()
	h := x.h.id()
	now, err := stat(m.f)
	grown := now.size > h.size && x.h.Count > 1
	if err != nil || now.dev != h.dev || now.ino != h.ino || now != h && !grown ||
		x.h.Block != int64(m.options.block) || x.h.Unquote == 1 != m.options.Unquote {
		return false
	}
	t, ok := x.table()
	if !ok {
		return false
	}
	if grown {
		if err := t.extend(m.f, m.options, progress); err != nil {
			return false
		}
	} else if t.young() {
		t.doubt = t.id.size
	}
	m.table = t
	return true
}

// saveIndex writes the index, if it is worth it, or takes away one that is wrong.
func (m *Maildrop) saveIndex() {
	name := m.beside(indexEnding)
	switch {
	case m.when.IsZero(): // there was no file, or it was not scanned
	case m.spoiled || len(m.msgs) == 0 || m.id.size < int64(m.options.block):
		os.Remove(name)
	case m.work >= m.indexLength():
		m.loadSums()
		// An error is not told: the next session scans, as it would have before.
		if writeIndex(name, &m.table, m.options) == nil {
			m.work = 0
		}
	}
}

// indexLength is what an index of the table has at most.
func (m *Maildrop) indexLength() int64 {
	return headerWidth + int64(len(m.prints))*printWidth + int64(len(m.msgs))*(rowWidth+uidOctets)
}

// loadSums reads the unique-ids that the index has. It may have been replaced or
// damaged since; then none is known.
func (m *Maildrop) loadSums() {
	if len(m.sums) >= m.stored {
		return
	}
	if x, ok := openIndex(m.beside(indexEnding)); ok {
		defer x.f.Close()
		if x.h == *m.indexed {
			if sums, ok := x.unique(); ok {
				m.sums = sums[:m.stored]
			}
		}
	}
	m.stored = 0
}
