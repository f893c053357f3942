package bboards

import (
	"errors"
	"time"

	"popper/mbox"
)

// visit is one look at a group's files, under the group's lock. Both are numbered, the
// archive first, whichever is asked for: a number must not be given twice, and what is
// in one file is known only when it has been looked at. A file that has not changed
// since it was numbered is not opened.
//
// What is found out is durable before anybody hears of it.
type visit struct {
	d *Directory
	g *definition
	o mbox.Options

	state *state
	found bool // it was kept; else it is new
	lists lists
	known map[string]uint64 // of lists
	dirty bool              // state and lists must be saved
}

// look numbers what is new and gives the state.
func (d *Directory) look(g *definition, o mbox.Options) (*state, error) {
	v := &visit{d: d, g: g, o: o}
	unlock, err := v.begin()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := v.update(); err != nil {
		return nil, err
	}
	return v.state, nil
}

// open opens one of the files, with the number of each message.
func (v *visit) open(b box) (*mbox.Maildrop, []uint64, error) {
	unlock, err := v.begin()
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	for _, other := range boxes {
		if other != b {
			if err := v.refresh(other); err != nil {
				return nil, nil, err
			}
		}
	}
	o := v.o
	o.Shared = true
	m, err := mbox.Open(v.g.path(b), o)
	if err != nil {
		return nil, nil, err
	}
	numbers, err := v.number(b, m)
	if err == nil {
		err = v.save()
	}
	if err != nil {
		return nil, nil, errors.Join(err, m.Close())
	}
	return m, numbers, nil
}

// begin takes the lock and reads what was kept.
func (v *visit) begin() (unlock func(), err error) {
	if unlock, err = v.d.lock(v.g, v.o); err != nil {
		return nil, err
	}
	if v.state, v.found, err = v.d.load(v.g); err != nil {
		unlock()
		return nil, err
	}
	v.dirty = !v.found
	return unlock, nil
}

// update numbers what is new in both files.
func (v *visit) update() error {
	for _, b := range boxes {
		if err := v.refresh(b); err != nil {
			return err
		}
	}
	return v.save()
}

// refresh numbers one file, if it has changed.
func (v *visit) refresh(b box) error {
	path := v.g.path(b)
	if path == "" {
		return nil
	}
	now, err := mbox.VersionOf(path)
	if err != nil {
		return err
	}
	if s := v.state.seen[b]; s.numbered && s.settled && s.Version == now && v.found && (v.known == nil || v.lists[b] != nil) {
		return nil
	}
	o := v.o
	o.Shared = true
	m, err := mbox.Open(path, o)
	if err != nil {
		return err
	}
	_, err = v.number(b, m)
	return errors.Join(err, m.Close())
}

// load reads the lists, when they are needed.
func (v *visit) load() {
	if v.known != nil {
		return
	}
	if data, err := readOwn(v.d.file(v.g, listEnding)); err == nil {
		v.lists = decodeLists(data)
	}
	v.known = v.lists.known()
}

// number gives the numbers of the messages of an open file.
func (v *visit) number(b box, m *mbox.Maildrop) ([]uint64, error) {
	v.load()
	if err := v.numberOther(1 - b); err != nil {
		return nil, err
	}
	version, settled := m.Version()
	now := seen{version, settled, true}
	old := v.lists[b]
	if old != nil && old.settled && old.seen == now && v.state.seen[b] == now && len(old.numbers) == m.Len() && v.found {
		return old.numbers, nil
	}
	uids, err := m.UniqueIDs()
	if err != nil {
		return nil, err
	}
	letters := make([]letter, len(uids))
	for i, uid := range uids {
		letters[i] = letter{uid, func() (uint64, error) { return stampOf(m, i) }}
	}
	var others map[uint64]bool
	if b == current || !v.state.seen[b].numbered {
		others = v.lists[1-b].used()
	} // what popper has put into the archive may still be in the group, with its number
	stale := old == nil || old.seen != v.state.seen[b]
	numbers, err := v.state.number(b, letters, v.known, others, stale)
	if err != nil {
		return nil, err
	}
	v.lists[b] = &numbered{now, uids, numbers}
	v.known = v.lists.known()
	if b == current && v.state.grown {
		v.state.came(time.Unix(0, version.Mtime))
	}
	v.state.seen[b] = now
	v.dirty = true
	return numbers, nil
}

// numberOther sees to it that the file which is not being numbered has been, when the
// cache was lost. The archive, whose numbers are older, comes first.
func (v *visit) numberOther(b box) error {
	if v.lists[b] != nil || v.g.path(b) == "" || b == current && v.lists[archive] == nil {
		return nil
	}
	o := v.o
	o.Shared = true
	m, err := mbox.Open(v.g.path(b), o)
	if err != nil {
		return err
	}
	_, err = v.number(b, m)
	return errors.Join(err, m.Close())
}

// stampOf reads the stamp of a message.
func stampOf(m *mbox.Maildrop, i int) (uint64, error) {
	fields, err := m.Fields(i, stampField)
	return parseStamp(fields), err
}

// save keeps what was found out: first the state, durably, then the lists.
func (v *visit) save() error {
	if !v.dirty {
		return nil
	}
	if v.known != nil && v.lists[current] != nil && (v.lists[archive] != nil || v.g.Archive == "") {
		v.state.forget(v.known)
	}
	if err := v.d.save(v.g, v.state); err != nil {
		return err
	}
	v.dirty, v.found = false, true
	if err := v.d.point("saved"); err != nil {
		return err
	}
	if v.known == nil {
		return nil
	}
	// An error is not told: what is lost is a cache.
	_ = writeOwn(v.d.file(v.g, listEnding), v.lists.encode(), false)
	return nil
}
