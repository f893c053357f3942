package mbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The record lies in the state directory, where nobody but popper can put, change or
// take away anything: the spool directory is often one in which everyone may make
// files. That directory may be on another file system than the spool file. Nothing is
// renamed for its sake, and it is durable, file and directory, before the spool file
// is touched, so that the order in which two file systems write does not matter.

// mergeRecord says what is appended to the maildrop: from offset before on, LFs to
// end the last message there, the extents of the old file that outputs lists, and
// LFs to end the last of them.
//
// Its file has, in block 0, a title and as 8 octets each: inode and size of the
// maildrop, LFs in front, LFs behind, size of what lies between, size of the old file,
// how much of it stays, number of extents, their checksum; then a checksum of all that.
// From block 1 on: the extents.
type mergeRecord struct {
	ino, before, front, back int64
	left                     int64 // size of the old file
	stays                    int64 // end of the old file's bookkeeping if that is neither here nor appended, or 0
	outputs                        // to is before+front
}

const mergeFields = 9

const mergeTitle = "popper merge record 1: keep this file, the next login finishes with it\n"

// end is the size of the maildrop afterwards.
func (r *mergeRecord) end() int64 { return r.size + r.back }

// each calls use with the octets to be appended and their offsets.
func (r *mergeRecord) each(block int, use func(b []byte, at int64) error) error {
	ends := []byte("\n\n")
	if err := use(ends[:r.front], r.before); err != nil {
		return err
	}
	buf := getBlock(block)
	defer putBlock(buf)
	for p := r.to; p < r.size; p += int64(len(buf)) {
		b := buf[:min(int64(len(buf)), r.size-p)]
		if err := r.read(b, p); err != nil {
			return err
		}
		if err := use(b, p); err != nil {
			return err
		}
	}
	return use(ends[:r.back], r.size)
}

const mergeEnding = ".merge"

func (m *Maildrop) mergeName() string { return m.beside(mergeEnding) }

// saveMerge makes a record durable.
func (m *Maildrop) saveMerge(r *mergeRecord) error {
	if len(r.keep) > maxMergeRows/16 { // the next login would not read it
		return fmt.Errorf("what is to be merged lies in more than %d places of the file: merge it by hand", maxMergeRows/16)
	}
	b := r.encode()
	m.dropUnborn(m.mergeName())
	j := &journal{name: m.mergeName(), disk: m.options.disk}
	var err error
	if j.f, err = j.disk.Create(j.name); err != nil {
		return recordError(j.name, err)
	}
	defer j.f.Close()
	if _, err := j.f.WriteAt(b, 0); err != nil {
		return err
	}
	if err := j.f.Sync(); err != nil {
		return err
	}
	return j.syncDir()
}

// recordError says what mends a record that cannot be made.
func recordError(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w, and is none of ours: move it away", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s", err, permission(filepath.Dir(name), "write"))
	}
	return err
}

func (r *mergeRecord) encode() []byte {
	b := make([]byte, diskBlock)
	for _, e := range r.keep {
		b = binary.LittleEndian.AppendUint64(b, uint64(e.from))
		b = binary.LittleEndian.AppendUint64(b, uint64(e.end))
	}
	putFields(b[:diskBlock], mergeTitle, uint64(r.ino), uint64(r.before), uint64(r.front), uint64(r.back),
		uint64(r.size-r.to), uint64(r.left), uint64(r.stays), uint64(len(r.keep)), sum64(b[diskBlock:]))
	return b
}

// mergeBegun is the record of a merge of old that was interrupted after the
// maildrop had its new length; nil if there is none.
func (m *Maildrop) mergeBegun(old *journal, progress func()) (*mergeRecord, error) {
	f, err := m.openOwned(m.mergeName())
	if err != nil || f == nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || owner(fi) != os.Geteuid() && owner(fi) != 0 {
		return nil, err // popper alone writes such a record, not the mail's owner
	}
	r, err := readMerge(f, old.f)
	if err != nil || r == nil {
		return nil, err
	}
	id, err := stat(m.f)
	if err != nil || int64(id.ino) != r.ino || id.size < r.end() {
		return nil, err
	}
	ours := true
	have := make([]byte, m.options.block)
	err = r.each(m.options.block, func(b []byte, at int64) error {
		progress()
		have := append(have[:0], b...)
		err := readFull(m.f, have, at)
		for i := range have {
			ours = ours && (have[i] == 0 || have[i] == b[i])
		}
		return err
	})
	if errors.Is(err, ErrChanged) || !ours {
		return nil, nil
	}
	return r, err
}

// readMerge reads a record; nil if it is not whole, or not about this old file.
func readMerge(f, old file) (*mergeRecord, error) {
	id, err := stat(f)
	if err != nil {
		return nil, err
	}
	left, err := stat(old)
	if err != nil || id.size < diskBlock || id.size-diskBlock > min(left.size, maxMergeRows) { // a message is longer than its row
		return nil, err
	}
	b := make([]byte, id.size)
	if err := readFull(f, b, 0); err != nil {
		return nil, err
	}
	v, ok := fields(b[:diskBlock], mergeTitle, mergeFields)
	if !ok || v[7] != uint64(len(b)-diskBlock)/16 || sum64(b[diskBlock:]) != v[8] ||
		v[2] > 2 || v[3] > 2 || v[5] > uint64(left.size) || v[6] > v[5] {
		return nil, nil
	}
	r := &mergeRecord{ino: int64(v[0]), before: int64(v[1]), front: int64(v[2]), back: int64(v[3]), left: int64(v[5]), stays: int64(v[6])}
	p := plan{to: r.before + r.front, size: r.before + r.front}
	if r.before < 0 || r.before > maxSpool {
		return nil, nil
	}
	behind := int64(0)
	for b = b[diskBlock:]; len(b) >= 16; b = b[16:] {
		e := extent{int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:]))}
		if e.from < behind || e.end <= e.from || e.end > r.left {
			return nil, nil
		}
		p.add(e.from, e.end)
		behind = e.end
	}
	r.outputs = newOutputs(old, p)
	return r, nil
}

// dropMerged removes the record of a merge whose old file is gone.
func (m *Maildrop) dropMerged() {
	if _, err := m.options.disk.Lstat(m.besideName()); errors.Is(err, fs.ErrNotExist) {
		m.dropUnborn(m.mergeName())
	}
}
