package bboards

import (
	"errors"
	"os"

	"popper/mbox"
	"popper/server"
)

// ErrNoGroup: no group has that name.
var ErrNoGroup = errors.New("no such group")

// group is a group as somebody may read it.
type group struct {
	d *Directory
	*definition
	who identity
}

// Named implements server.Group (R1082-NAME-1).
func (g *group) Named(name string) bool { return g.named(name) }

// Info implements server.Group. New mail is numbered for it. If that cannot be now, what
// was known last is told: one group must not keep the others out of a listing.
func (g *group) Info() (server.GroupInfo, error) {
	info := g.GroupInfo
	s, err := g.d.look(g.definition, g.d.options)
	if err != nil {
		if !errors.Is(err, mbox.ErrInUse) && !errors.Is(err, mbox.ErrLocked) {
			g.d.tell("new mail of a group cannot be numbered, so that it is not announced: see err for what mends it",
				g.Name+err.Error(), "group", g.Name, "err", err)
		}
		if s, _, err = g.d.load(g.definition); err != nil {
			return info, err
		}
	}
	info.Maxima, info.LastDate = s.maxima, s.last
	if _, err := os.Lstat(g.Archive); err == nil && !g.d.readable(g.who, g.definition, archive) {
		info.Archive = "" // there is one, but not for this reader
	}
	return info, nil
}

// Open implements server.Group.
func (g *group) Open(archived bool, o mbox.Options) (*mbox.Maildrop, []uint64, error) {
	b := current
	if archived {
		b = archive
	}
	if b == archive && !g.d.readable(g.who, g.definition, archive) {
		return nil, nil, server.ErrNoArchive
	}
	v := &visit{d: g.d, g: g.definition, o: o}
	return v.open(b)
}
