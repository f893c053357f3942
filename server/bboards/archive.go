package bboards

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"popper/mbox"
)

// Archiving moves messages from a group's maildrop to its archive, each with its number.
//
//	note     which numbers are about to come into the archive; durable
//	append   each message to the archive: as it is, if it bears its number as a stamp,
//	         else with that stamp put in the place of any other; durable
//	number   the archive; durable. Each message must now be found there by its number
//	remove   from the maildrop, which is safe against crashes by itself (mbox/update.go)
//
// A crash in between leaves messages in both files. The next run knows those by their
// numbers: one that is in the archive is not appended again, only removed. But is what
// the archive has the whole message? A crash can have torn it. So the two are compared,
// stamps apart, and if they differ what is in the archive gets another number, and the
// message is appended once more. Pieces stay: popper removes nothing from an archive.
//
// While it works nobody else has the maildrop, and nobody the numbers; after some
// hundred messages readers and deliveries have their turn.

// Rule says which messages are archived: those older than Before, by the date of their
// separator lines, except the newest Keep. A zero Before means all except those.
type Rule struct {
	Before time.Time
	Keep   int
}

// errNoRule: without a rule everything would be archived.
var errNoRule = errors.New("say which messages to archive: those older than a time, or all but the newest")

// Archive moves messages of the group of that name to its archive, and tells how many.
// Errors are ErrNoGroup, and those of mbox.Open, Append and Remove; mbox.ErrInUse is one
// that another time does not have.
func (d *Directory) Archive(name string, r Rule, o mbox.Options) (moved int, err error) {
	g, err := d.find(name)
	if err != nil {
		return 0, err
	}
	if r.Before.IsZero() && r.Keep == 0 {
		return 0, errNoRule
	}
	if g.Archive == "" {
		return 0, fmt.Errorf("%s: the group %s has no archive: add a line archive: PATH", g.where, g.Name)
	}
	// What is moved must be the file's own octets. And a reader is not waited for.
	o.Unquote, o.Shared = false, false
	for {
		n, err := d.archiveSome(g, r, o)
		moved += n
		if err != nil || n < batch {
			return moved, err
		}
	}
}

// archiveSome moves up to batch messages.
func (d *Directory) archiveSome(g *definition, r Rule, o mbox.Options) (int, error) {
	v := &visit{d: d, g: g, o: o}
	unlock, err := v.begin()
	if err != nil {
		return 0, err
	}
	defer unlock()
	if err := v.refresh(archive); err != nil {
		return 0, err
	}
	m, err := mbox.Open(g.Maildrop, o)
	if err != nil {
		return 0, err
	}
	defer m.Close()
	numbers, err := v.number(current, m)
	if err == nil {
		err = v.save()
	}
	if err != nil {
		return 0, err
	}
	old, err := r.old(m)
	if err != nil || len(old) == 0 {
		return 0, err
	}
	mv := &move{visit: v, from: m, numbers: numbers, old: old}
	if err := mv.carryOut(); err != nil {
		return 0, err
	}
	return len(old), nil
}

// old are the messages to archive, at most batch of them.
func (r Rule) old(m *mbox.Maildrop) ([]int, error) {
	var old []int
	for i := 0; i < m.Len()-r.Keep && len(old) < batch; i++ {
		if !r.Before.IsZero() {
			line, err := m.Separator(i)
			if err != nil {
				return nil, err
			}
			if at, ok := separatorDate(line); !ok || !at.Before(r.Before) {
				continue
			}
		}
		old = append(old, i)
	}
	return old, nil
}

// move is one batch on its way.
type move struct {
	*visit
	from    *mbox.Maildrop
	numbers []uint64 // of its messages
	old     []int    // which of them go
}

func (mv *move) carryOut() error {
	missing, err := mv.missing()
	if err != nil {
		return err
	}
	if err := mv.note(missing); err != nil {
		return err
	}
	for _, i := range missing {
		if err := mv.d.point("append"); err != nil {
			return err
		}
		if err := mv.append(i); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
	}
	if err := mv.d.point("appended"); err != nil {
		return err
	}
	if err := mv.confirm(); err != nil {
		return err
	}
	if err := mv.d.point("remove"); err != nil {
		return err
	}
	gone := make(map[int]bool, len(mv.old))
	for _, i := range mv.old {
		gone[i] = true
	}
	if err := mv.from.Remove(func(i int) bool { return gone[i] }); err != nil {
		return err
	}
	return mv.d.point("removed")
}

// missing are those of the messages that the archive does not have whole.
func (mv *move) missing() ([]int, error) {
	at := map[uint64]int{}
	if l := mv.lists[archive]; l != nil {
		for k, n := range l.numbers {
			at[n] = k
		}
	}
	var missing []int
	var there *mbox.Maildrop
	for _, i := range mv.old {
		k, ok := at[mv.numbers[i]]
		if !ok {
			missing = append(missing, i)
			continue
		}
		if there == nil {
			var err error
			if there, err = mv.openArchive(); err != nil {
				return nil, err
			}
			defer there.Close()
		}
		same, err := sameMessage(mv.from, i, there, k)
		if err != nil {
			return nil, err
		}
		if !same {
			mv.renumber(k)
			missing = append(missing, i)
		}
	}
	return missing, nil
}

func (mv *move) openArchive() (*mbox.Maildrop, error) {
	o := mv.o
	o.Shared = true
	m, err := mbox.Open(mv.g.Archive, o)
	if err != nil {
		return nil, err
	}
	if m.Len() != len(mv.lists[archive].numbers) {
		return nil, errors.Join(mbox.ErrChanged, m.Close())
	}
	return m, nil
}

// sameMessage compares two messages, but for stamps and what other programs keep in
// their headers.
func sameMessage(a *mbox.Maildrop, i int, b *mbox.Maildrop, k int) (bool, error) {
	x, err := a.Digest(i, stampField)
	if err != nil {
		return false, err
	}
	y, err := b.Digest(k, stampField)
	return x == y, err
}

// renumber gives another number to what the archive has at k, which is not the message
// that its number was given to.
func (mv *move) renumber(k int) {
	l := mv.lists[archive]
	mv.state.maxima++
	mv.d.log.Warn("the archive has a message with the number of another one, which may be a piece of that, left by a crash; "+
		"it gets another number, and the message is archived: look whether it can be removed",
		"group", mv.g.Name, "number", l.numbers[k], "new", mv.state.maxima)
	l.numbers[k] = mv.state.maxima
	mv.state.given[l.uids[k]] = mv.state.maxima
	mv.dirty = true
}

// note makes durable which numbers will come into the archive.
func (mv *move) note(missing []int) error {
	for _, i := range missing {
		mv.state.issued[archive].add(mv.numbers[i])
		mv.dirty = true
	}
	return mv.save()
}

// append puts message i into the archive.
func (mv *move) append(i int) error {
	line, err := mv.from.Separator(i)
	if err != nil {
		return err
	}
	stamp, err := stampOf(mv.from, i)
	if err != nil {
		return err
	}
	var text io.Reader = &content{s: mv.from.Message(i)}
	l := mbox.Letter{Separator: line, Text: text}
	if n := mv.numbers[i]; stamp != n {
		l.Fields, l.Text = stampLine(n), newStripper(text)
	}
	if err := protect(&l); err != nil {
		return err
	}
	o := mv.o
	if o.Create, err = mv.creation(); err != nil {
		return err
	}
	err = mbox.Append(mv.g.Archive, l, mbox.NoQuoting, o)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: make the directory %s, writable for the user that popper runs as", err, filepath.Dir(mv.g.Archive))
	}
	return err
}

// confirm numbers the archive, and makes sure that it has all that is to be removed.
func (mv *move) confirm() error {
	if err := mv.refresh(archive); err != nil {
		return err
	}
	if err := mv.save(); err != nil {
		return err
	}
	there := mv.lists[archive].used()
	for _, i := range mv.old {
		if n := mv.numbers[i]; !there[n] {
			return fmt.Errorf("%s: message %d is not found in the archive after it was put there; nothing was removed: "+
				"does another program write the archive?", mv.g.Archive, n)
		}
	}
	return nil
}

// content reads a message.
type content struct {
	s    *mbox.Stream
	left []byte
}

func (c *content) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		var err error
		if c.left, err = c.s.Next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

// protect keeps Append from taking the first line of a text for a separator line, and
// dropping it: nothing that is archived may be lost.
func protect(l *mbox.Letter) error {
	var first [1]byte
	switch _, err := io.ReadFull(l.Text, first[:]); {
	case err == io.EOF:
		l.Text = nil
	case err != nil:
		return err
	case first[0] == 'F':
		l.Fields = append(l.Fields, first[0])
	default:
		l.Text = io.MultiReader(bytes.NewReader(first[:]), l.Text)
	}
	return nil
}

// creation is how an archive is made: for those who may read the group.
func (mv *move) creation() (*mbox.Creation, error) {
	fi, err := os.Lstat(mv.g.Maildrop)
	if err != nil {
		return nil, err
	}
	st := fi.Sys().(*syscall.Stat_t)
	return &mbox.Creation{Mode: fi.Mode().Perm(), Chown: os.Geteuid() == 0, UID: int(st.Uid), GID: int(st.Gid)}, nil
}
