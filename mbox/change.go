package mbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Has the file changed since it was scanned? Other programs deliver into it,
// and a mail reader on the host may even rewrite it. Appending is welcome (UPD-2);
// any other change must be found before octets of it are used (UPD-3).
//
// Two means. The identity (device, inode, size, time stamps in nanoseconds) is
// cheap and, if all of it is as it was, says that nothing was written since:
// mtime can be put back, ctime cannot. The fingerprint is exact: a 64-bit hash of
// each block, recorded while the scan had the block in memory. So:
//
//	other inode at the path, or file shorter     changed
//	identity equal                               unchanged, with one exception
//	identity different                           the blocks concerned are read
//	                                             again and compared
//
// The exception: time stamps tick coarsely, so a file modified just before the
// scan could be modified just after it and look the same. Before removing, such a
// young ("racy") file is compared as a whole. Before the end of a message is sent
// it is not, since fetching a thousand messages right after a delivery would read
// a block for each; what such a change could do there is bounded, because Next
// counts the octets it hands out against the size that was announced. After the
// file has grown, blocks compared once are not compared again until the next change.
//
// A table that came from an index is believed less (sidecar.go).
//
// Residual risk: 64 bits can collide (fingerprint.go); a program that ignores the delivery locks can write
// between the check and the update; one that writes through a mapping gets its
// time stamps late; and a file server whose clock is behind ours by more than the
// file's age defeats the rule for young files.

// identity is what stat says of a file's state.
type identity struct {
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // ns since 1970
}

// verified remembers which blocks were last compared, and with which state.
type verified struct {
	id     identity
	lo, hi int64
}

func stat(f file) (identity, error) {
	fi, err := f.Stat()
	if err != nil {
		return identity{}, err
	}
	return identify(fi), nil
}

func identify(fi os.FileInfo) identity {
	st := fi.Sys().(*syscall.Stat_t)
	return identity{dev: st.Dev, ino: st.Ino, size: fi.Size(), mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano()}
}

// sameFile tells whether f is what path names now.
func sameFile(path string, f file) (bool, error) {
	id, err := stat(f)
	if err != nil {
		return false, err
	}
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	at := identify(fi)
	return at.dev == id.dev && at.ino == id.ino, nil
}

// look tells the file's present state, or that it is no longer the file that was
// scanned, or shorter.
func (m *Maildrop) look() (identity, error) {
	same, err := sameFile(m.path, m.f)
	if err != nil {
		return identity{}, err
	}
	if !same {
		return identity{}, fmt.Errorf("%w: %s was renamed, removed or replaced", ErrChanged, m.path)
	}
	now, err := stat(m.f)
	if err == nil && now.size < m.id.size {
		err = fmt.Errorf("%w: %s shrank from %d to %d octets", ErrChanged, m.path, m.id.size, now.size)
	}
	return now, err
}

// checkSent makes sure of [lo, hi), which has just been read for a client.
func (m *Maildrop) checkSent(lo, hi int64) error {
	now, err := m.look()
	if err != nil || now == m.id && lo >= m.doubt {
		return err
	}
	block := int64(m.options.block)
	lo, hi = lo/block*block, min((hi+block-1)/block*block, m.id.size)
	if now == m.seen.id && m.seen.lo <= lo && hi <= m.seen.hi {
		return nil
	}
	if err := m.compare(lo, hi, nil); err != nil {
		return err
	}
	m.seen = verified{now, lo, hi}
	return nil
}

// checkAll makes sure of all that was scanned, before octets from offset first on
// are moved or removed. The delivery locks are held. It returns the file's present size.
func (m *Maildrop) checkAll(first int64, progress func()) (size int64, err error) {
	now, err := m.look()
	if err != nil {
		return 0, err
	}
	known := now == m.id && !m.young() && m.doubt == 0
	if known && m.indexed == nil {
		return now.size, nil
	}
	if !known {
		first = 0
	}
	return now.size, m.compare(first, m.id.size, func(at int64, b []byte) error {
		progress()
		if m.indexed == nil {
			return nil
		}
		return m.separators(at, b)
	})
}

// young tells whether the file may have been modified after the scan without a trace.
func (t *table) young() bool {
	return t.id.youngAt(t.when)
}

// youngAt tells whether a file that was so at that time may be modified without a trace.
func (id identity) youngAt(t time.Time) bool {
	limit := t.Add(-racyAge).UnixNano()
	return id.mtime >= limit || id.ctime >= limit
}

// compare reads the blocks that overlap [lo, hi) again, within what was scanned. For
// each of them use is called, unless it is nil.
func (m *Maildrop) compare(lo, hi int64, use func(at int64, b []byte) error) error {
	buf := getBlock(m.options.block)
	defer putBlock(buf)
	for k := lo / int64(len(buf)); k*int64(len(buf)) < hi; k++ {
		b, err := m.block(k, buf)
		if err == nil && use != nil {
			err = use(k*int64(len(buf)), b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// block reads block k of what was scanned into buf, and compares its fingerprint.
func (m *Maildrop) block(k int64, buf []byte) ([]byte, error) {
	at := k * int64(m.options.block)
	b := buf[:min(int64(m.options.block), m.id.size-at)]
	if err := readFull(m.f, b, at); err != nil {
		return nil, fmt.Errorf("%s: %w", m.path, err)
	}
	if fingerprint(b) != m.prints[k] {
		m.spoiled = true
		return nil, fmt.Errorf("%w: %s has other octets between offsets %d and %d since %s",
			ErrChanged, m.path, at, at+int64(len(b)), m.when.Format(time.RFC3339))
	}
	return b, nil
}
