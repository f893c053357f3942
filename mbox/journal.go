package mbox

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// journal is an open journal file.
type journal struct {
	head
	f    file
	name string
	disk disk
}

// journalNames are the places of the maildrop's journal, those first in which a new
// one is to be made: the directory that is set for journals, or else beside the
// file, or else the state directory. At each opening all are looked into.
func (m *Maildrop) journalNames() (where, all []string, err error) {
	real, err := realPath(m.path)
	if err != nil {
		return nil, nil, err
	}
	beside := m.besideName()
	state := filepath.Join(m.options.State, stateName(real))
	if m.options.Journal == "" {
		where = []string{beside, state}
		return where, where, nil
	}
	where = []string{filepath.Join(m.options.Journal, stateName(real))}
	return where, append(where, beside, state), nil
}

// stateName is the journal's name in a directory that has those of many maildrops.
func stateName(real string) string {
	return strings.TrimSuffix(lockName(real), ".lock") + ".pop"
}

// besideName is the name that the Berkeley server gave to its copy of the maildrop.
func (m *Maildrop) besideName() string {
	return filepath.Join(filepath.Dir(m.path), "."+filepath.Base(m.path)+".pop")
}

// makeJournal makes a journal with head h in the first of the places where that can
// be done. When it returns, the journal is on the disk, with room for the window.
// replace: there is a journal, and this one takes its place; the change is atomic.
func (m *Maildrop) makeJournal(h head, places []string, replace bool) (*journal, error) {
	var all error
	for _, name := range places {
		j, err := writeJournal(m.options.disk, h, name, replace)
		if err == nil {
			return j, nil
		}
		all = errors.Join(all, fmt.Errorf("journal %s: %w", name, err))
		if errors.Is(err, ErrUnfinished) {
			break // it stays there, and there must not be two
		}
	}
	return nil, all
}

// writeJournal writes a journal under a temporary name, and gives it its own name
// when it is whole: one that is not begins no update.
func writeJournal(d disk, h head, name string, replace bool) (*journal, error) {
	if _, err := d.Lstat(name); !replace && !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fmt.Errorf("%w, and is none of ours: move it away", fs.ErrExist)
		}
		return nil, err
	}
	temp := name + ".new"
	f, err := d.Create(temp)
	if errors.Is(err, fs.ErrExist) { // not ours, else it had been removed; anyone may have put it there
		temp = fmt.Sprintf("%s.%016x", temp, rand.Uint64())
		f, err = d.Create(temp)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w: %s", err, permission(filepath.Dir(name), "write"))
	}
	if err != nil {
		return nil, err
	}
	j := &journal{h, f, name, d}
	room := h.room()
	if replace {
		room = h.window // it must fit into what the first one has given back
	}
	if err = j.write(room); err == nil {
		err = d.Rename(temp, name)
	}
	if err != nil {
		if !replace { // it may have either name: the first one's only if it is valid
			_ = f.Truncate(0) // empty it does no harm
			_ = f.Sync()
		}
		_ = d.Remove(temp) // if it stays, the next opening removes it
		f.Close()
		return nil, err
	}
	if err = j.syncDir(); err != nil && !replace {
		err = j.cancel(err)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return j, nil
}

// write writes the journal, and takes room behind the plan.
func (j *journal) write(room int64) error {
	b := j.encode()
	if err := reserve(j.disk, j.f, int64(len(b))+room); err != nil {
		return err
	}
	if _, err := j.f.WriteAt(b, 0); err != nil {
		return err
	}
	if err := j.f.Truncate(int64(len(b)) + room); err != nil {
		return err
	}
	return j.f.Sync()
}

// freeWindow gives the room behind the plan back to the disk. All outputs are durable
// in their places, so that the window is needed no more.
func (j *journal) freeWindow() error {
	if err := j.f.Truncate(j.area()); err != nil {
		return err
	}
	return j.f.Sync() // some file systems give it back only then
}

// reserve takes room for the first n octets of a new file; where the file system
// cannot do that, by writing them.
func reserve(d disk, f file, n int64) error {
	err := d.Reserve(f, 0, n)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	zeros := getBlock(blockSize)
	defer putBlock(zeros)
	clear(zeros)
	for at := int64(0); at < n; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), n-at)], at); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) syncDir() error { return j.disk.SyncDir(filepath.Dir(j.name)) }

const windowFields = 2

// windowRecord says which outputs the window area holds. Whether they are whole is
// for the checksums of their chunks to say.
type windowRecord struct {
	from, n int64
}

// record makes the window, already in its area, valid.
func (j *journal) record(w windowRecord) error {
	return j.note(windowTitle, uint64(w.from), uint64(w.n))
}

// note makes a record in block 1 durable.
func (j *journal) note(title string, numbers ...uint64) error {
	b := make([]byte, titleSize+8*windowFields+8)
	putFields(b, title, numbers...)
	if _, err := j.f.WriteAt(b, diskBlock); err != nil {
		return err
	}
	return j.f.Sync()
}

// noted takes the n numbers of a record from block 1, if it is of that title.
func (j *journal) noted(title string, n int) ([]uint64, bool, error) {
	b := make([]byte, titleSize+8*windowFields+8)
	err := readFull(j.f, b, diskBlock)
	v, ok := fields(b, title, n)
	return v, ok, err
}

// recorded is the window that the journal holds; of length 0 if it holds none.
func (j *journal) recorded() (windowRecord, error) {
	v, ok, err := j.noted(windowTitle, windowFields)
	if err != nil || !ok {
		return windowRecord{}, err
	}
	w := windowRecord{int64(v[0]), int64(v[1])}
	end := w.from + w.n
	if w.from < j.to || w.n <= 0 || w.n > j.window || w.from > j.size-w.n ||
		(w.from-j.to)%j.chunk != 0 || (end-j.to)%j.chunk != 0 && end != j.size {
		return windowRecord{}, nil
	}
	return w, nil
}

// remove takes away a journal that has done its work.
func (j *journal) remove() error {
	if err := j.disk.Remove(j.name); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return j.syncDir()
}

// cancel takes away a journal of which nothing was carried out, because of err.
// First it is emptied, for a name can come back after a power cut, and then the
// update would be carried out although it was reported as failed. If it cannot be
// undone, the update is not failed but unfinished.
func (j *journal) cancel(because error) error {
	err := j.f.Truncate(0)
	if err == nil {
		err = j.f.Sync()
	}
	gone := j.remove()
	if err == nil || gone == nil {
		return because
	}
	return fmt.Errorf("%w: %w (and the journal cannot be taken back: %w)", ErrUnfinished, because, errors.Join(err, gone))
}

// journalOwner tells whether a file found under a journal's name may be obeyed, and
// if not, why. Who may write in the directory can put anything there; only we, the
// superuser, and the owner of the mail itself may tell us to move it about.
func journalOwner(fi, spool os.FileInfo) error {
	uid := owner(fi)
	switch {
	case !fi.Mode().IsRegular():
		return fmt.Errorf("it is not a regular file (%s)", fi.Mode())
	case uid != os.Geteuid() && uid != 0 && uid != owner(spool):
		return fmt.Errorf("its owner is %d", uid)
	case links(fi) != 1:
		return fmt.Errorf("it has %d links", links(fi))
	case fi.Mode()&0o002 != 0:
		return fmt.Errorf("everyone may write it (%s)", fi.Mode())
	}
	return nil
}
