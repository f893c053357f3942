// Package mbox reads and updates one mbox spool file, in place and in constant
// memory. It knows nothing of POP: messages count from 0, and what it hands out
// are the file's own octets.
//
// Open takes the session lock, scans the file under the locks that delivery
// agents expect, and lets those go at once: while a client reads, mail can be
// delivered. Whatever is done later first makes sure that the file is still the
// one that was scanned (see change.go). Remove and Append are the only functions that
// write.
//
// The package needs Linux: open file description locks, and time stamps in
// nanoseconds.
package mbox

import (
	"fmt"
	"io"
	"os"
	"time"
)

// Options say where a maildrop's state is kept and how its file is locked.
type Options struct {
	// State is the directory for session locks, indexes and what LAST tells; it
	// is required, and made with mode 0700 if it is missing. It must be local to
	// the host, and the same for all servers that serve the same maildrops.
	State string
	// Locks are the delivery locks in the order in which they are taken, the
	// order that the system's delivery agents use (LOCK-1). nil means Dotlock, Fcntl.
	Locks []LockKind
	// Wait is how long Open, Remove and Append wait for the delivery locks. 0 means DefaultWait.
	Wait time.Duration
	// Cancel, if not nil, is closed when waiting has become pointless: Open,
	// Remove and Append then return ErrCanceled. An update that has begun is carried out.
	Cancel <-chan struct{}
	// Stale is the age after which a dotlock whose owner is not known to live is
	// broken (LOCK-2). 0 means 10 min.
	Stale time.Duration
	// Unquote undoes mboxrd quoting: ">From " at the start of a line is handed
	// out as "From ", ">>From " as ">From " (MBOX-4). Sizes follow.
	Unquote bool
	// Shared opens the maildrop for reading beside others who do the same (shared.go):
	// Open does not ask for its sole use, and Remove and SetLast refuse.
	Shared bool

	// Interval is the least time between two sessions' beginnings (interval.go): Open of
	// a maildrop that was opened less than this ago is ErrTooSoon. 0: there is none. A
	// Shared Open is not concerned.
	Interval time.Duration

	// Create, if not nil, lets Append make a file that is missing. Open never does.
	Create *Creation

	// Journal is the directory for the journals of updates, made with mode 0700 if
	// it is missing. "" means beside each spool file, and if that cannot be, in
	// State. When it is changed, interrupted updates must have been finished.
	Journal string
	// Warn, if not nil, is called with what an administrator should know of though
	// no call fails: that an interrupted update was finished, or cannot be. args
	// are pairs of names and values.
	Warn func(msg string, args ...any)

	merged bool // whatever could be merged has been, see shared.go

	disk   disk  // the file system; tests put another in its place
	window int64 // octets a window, see update.go
	block  int   // octets a block; tests make it small to meet every border
}

func (o Options) withDefaults() Options {
	if o.Locks == nil {
		o.Locks = []LockKind{Dotlock, Fcntl}
	}
	if o.Wait == 0 {
		o.Wait = DefaultWait
	}
	if o.Stale == 0 {
		o.Stale = defaultStale
	}
	if o.block == 0 {
		o.block = blockSize
	}
	if o.disk == nil {
		o.disk = osDisk{}
	}
	if o.window == 0 {
		o.window = windowSize
	}
	return o
}

// file is what the package asks of an open spool file; *os.File is one. Tests
// put another between to make single calls fail or to record them.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Stat() (os.FileInfo, error)
	Sync() error
	Truncate(size int64) error
}

// Maildrop is an open maildrop. Its methods are for one goroutine at a time.
type Maildrop struct {
	path     string
	options  Options
	session  *os.File // holds the session lock
	f        file     // nil: there is no file, the maildrop is empty
	fd       *os.File // the same, for locks
	readOnly error    // why the file may not be written, and what mends it
	opened   time.Time
	table             // what the scan found
	seen     verified // what was read again after the file had grown
	uids     *idList  // once UniqueIDs or SomeUniqueIDs was called
	last     *int     // once Last was called
	accessed int      // what SetLast was told
	kept     lastRecord
	spoiled  bool // the table is not that of the file
}

// table is what a scan finds out about a file, or an index has kept of one.
type table struct {
	id     identity  // the file as it was when the scan began
	when   time.Time // when that was
	msgs   []message
	hidden []message // bookkeeping in front of them that a scan has found (MBOX-6), or none
	octets int64     // sum of their sizes
	prints []uint64  // fingerprint of each block of [0, id.size)

	indexed *indexHeader // of the index that the table came from, or nil
	doubt   int64        // for the octets [0, doubt) no identity speaks, see sidecar.go
	stored  int          // so many unique-ids are in the index, and not in sums
	sums    []uidSum     // unique-ids of the first messages
	work    int64        // octets scanned and hashed that an index would have saved
}

// Open locks the maildrop at path for one session, scans it, and leaves it open.
// A file that is missing or empty is an empty maildrop, and is not made (MBOX-5),
// unless an older popper left mail behind, which then takes its name (leftover.go).
// A file that may only be read can be served, but Remove refuses.
//
// Errors are ErrInUse, ErrTooSoon, ErrLocked, ErrCanceled, ErrNotMailbox, ErrChanged (the
// file was replaced again and again), or the system's, each with what mends it; no lock
// stays behind (R1081-PASS-2, R1081-PASS-3).
func Open(path string, o Options) (*Maildrop, error) {
	if o.Shared {
		return openShared(path, o)
	}
	return openMaildrop(path, o)
}

func openMaildrop(path string, o Options) (*Maildrop, error) {
	m := &Maildrop{path: path, options: o.withDefaults(), opened: time.Now()}
	var err error
	if m.session, err = lockSession(o.State, path, o.Shared); err != nil {
		return nil, err
	}
	loaded := false
	defer func() {
		if !loaded { // a panic, too, leaves no lock behind
			m.Close()
		}
	}()
	if err = m.checkInterval(); err != nil {
		return nil, err
	}
	if err = m.load(); err != nil {
		return nil, err
	}
	m.beginInterval()
	loaded = true
	return m, nil
}

// Empty is a maildrop that has no file, no messages and no state.
func Empty() *Maildrop { return new(Maildrop) }

// load opens, locks and scans the file.
func (m *Maildrop) load() error {
	for range maxReopen {
		fd, readOnly, err := openSpool(m.path, m.options.Shared)
		if err != nil {
			return err
		}
		if fd == nil && m.options.Shared {
			return nil
		}
		if fd == nil {
			if there, err := m.bringBack(); err != nil || !there {
				return err
			}
			continue
		}
		m.f, m.fd, m.readOnly = fd, fd, readOnly
		if same, err := m.loadLocked(); err != nil || same {
			return err
		}
		fd.Close()
		m.f, m.fd = nil, nil
	}
	return fmt.Errorf("%w: %s was replaced %d times while it was being opened", ErrChanged, m.path, maxReopen)
}

// loadLocked recovers and scans the open file under the delivery locks. It tells
// whether that is still the file at the path: another program may have put a new
// one there while we waited.
func (m *Maildrop) loadLocked() (same bool, err error) {
	locks, err := lockDelivery(m.path, m.fd, m.options)
	if err != nil {
		return false, err
	}
	defer locks.release()
	same, err = sameFile(m.path, m.f)
	if err == nil && same {
		if m.options.Shared {
			err = m.interrupted()
		} else {
			err = m.recover(locks.refresh)
		}
	}
	if err == nil && same {
		err = m.index(locks)
	}
	return same, err
}

// index fills the table, from the index file or by a scan. The locks are held.
func (m *Maildrop) index(locks *delivery) error {
	if m.recall(locks.refresh) {
		return nil
	}
	t, err := scanFile(m.f, m.options, locks.refresh)
	if err != nil {
		return fmt.Errorf("%s: %w", m.path, err)
	}
	m.table = t
	return nil
}

// Close writes the index if that is worth it, closes the file and releases the
// session lock. Streams fail from then on.
// Closing again does nothing.
func (m *Maildrop) Close() error {
	if m.session == nil {
		return nil
	}
	m.saveIndex()
	var err error
	if m.f != nil {
		err = m.f.Close()
	}
	m.session.Close()
	m.session = nil
	return err
}

// Len is the number of messages when the maildrop was opened.
func (m *Maildrop) Len() int { return len(m.msgs) }

// Size is the size in octets of message i, 0 ≤ i < Len, with every line end
// counted as two and a missing last one added, before dot-stuffing (R1081-SIZE-1).
func (m *Maildrop) Size(i int) int64 { return m.msgs[i].size() }

// Octets is the sum of all sizes.
func (m *Maildrop) Octets() int64 { return m.octets }

// content is an extent without separator line and closing empty line (MBOX-2).
func (m *Maildrop) content(i int) (from, to int64) {
	from, to = m.extent(i)
	return from + m.msgs[i].sep(), to - m.msgs[i].closing()
}
