package bboards

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"popper/mbox"
	"popper/server"
)

// Directory is the groups of a directory, in use. It is read anew when it has changed.
// A new state of it that cannot be read, or does not parse, is reported in the log once,
// and the last good one serves on. Its methods may be called from many sessions at once.
type Directory struct {
	dir     string
	options mbox.Options // to look at maildrops for a listing
	state   string       // the directory of popper's own files about groups
	log     *slog.Logger
	lookup  func(name string) (identity, error) // replaced by tests
	fail    func(point string) error            // replaced by tests; nil: nothing fails

	mu     sync.Mutex
	groups []*definition
	seen   string    // signature of the last state looked at, good or bad
	read   time.Time // when that was
	newest time.Time // the last change of anything in it
	told   map[string]bool
}

var _ server.Groups = (*Directory)(nil)

// Open reads the groups of a directory. o is how their maildrops are looked at for a
// listing; its State is popper's own directory, in which what must be kept of the groups
// has a place of its own. Warnings and later errors go to log.
func Open(dir string, o mbox.Options, log *slog.Logger) (*Directory, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if o.Wait == 0 || o.Wait > listWait {
		o.Wait = listWait
	}
	d := &Directory{
		dir: dir, options: o, state: filepath.Join(o.State, "groups"), log: log, lookup: lookup, told: map[string]bool{},
	}
	if err := makeDir(d.state); err != nil {
		return nil, err
	}
	s, err := sign(dir)
	if err != nil {
		return nil, mend(err, dir)
	}
	read := time.Now()
	if d.groups, err = readAll(dir); err != nil {
		return nil, err
	}
	d.seen, d.newest, d.read = s.text, s.newest, read
	return d, nil
}

// current are the groups for whoever asks now.
func (d *Directory) current() []*definition {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, err := sign(d.dir)
	if err != nil {
		s.text = err.Error()
	}
	if s.text == d.seen && d.read.Sub(d.newest) > settled {
		return d.groups
	}
	read := time.Now()
	if err == nil {
		var groups []*definition
		if groups, err = readAll(d.dir); err == nil {
			d.groups = groups
		}
	}
	if err != nil {
		d.tellLocked("the groups directory cannot be used; its last good state serves on", s.text+err.Error(), "err", err)
	}
	d.seen, d.newest, d.read = s.text, s.newest, read
	return d.groups
}

// tell complains, once for each key.
func (d *Directory) tell(msg, key string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tellLocked(msg, key, args...)
}

func (d *Directory) tellLocked(msg, key string, args ...any) {
	if d.told[key] {
		return
	}
	if len(d.told) >= maxTold {
		clear(d.told)
	}
	d.told[key] = true
	d.log.Error(msg, args...)
}

// Readable implements server.Groups.
func (d *Directory) Readable(name string) ([]server.Group, error) {
	who, err := d.lookup(name)
	if err != nil {
		return nil, fmt.Errorf("who %q is among the system's users, whose groups decide what he may read: %w", name, err)
	}
	var all []server.Group
	for _, g := range d.current() {
		if d.readable(who, g, current) {
			all = append(all, &group{d, g, who})
		}
	}
	return all, nil
}

// readable tells whether somebody may read one of a group's files.
func (d *Directory) readable(who identity, g *definition, b box) bool {
	path := g.path(b)
	if path == "" {
		return false
	}
	ok, err := who.canRead(path)
	if err != nil {
		d.tell("it cannot be told who may read a group, so that nobody may: let popper search its directories",
			g.Name+err.Error(), "group", g.Name, "err", err)
	}
	return err == nil && ok
}

// find is the group of that name, for the administrator.
func (d *Directory) find(name string) (*definition, error) {
	all := d.current()
	var names []string
	for _, g := range all {
		if g.named(name) {
			return g, nil
		}
		names = append(names, g.Name)
	}
	return nil, fmt.Errorf("%w: %s has no group called %.64q; there are: %s", ErrNoGroup, d.dir, name, strings.Join(names, ", "))
}
