package bboards

import (
	"fmt"
	"time"

	"popper/mbox"
)

// Deliver delivers l to the group of that name, with its number as a stamp; whatever
// stamps it bears are taken off. The number is durable before the message is, so that
// none is ever given twice: should the message not come through, its number is lost.
// The group's lock is held meanwhile, and so the order of the messages in the file is
// that of their numbers.
//
// Errors are ErrNoGroup and those of mbox.Append.
func (d *Directory) Deliver(name string, l mbox.Letter, q mbox.Quoting, o mbox.Options) error {
	g, err := d.find(name)
	if err != nil {
		return err
	}
	v := &visit{d: d, g: g, o: o}
	unlock, err := v.begin()
	if err != nil {
		return err
	}
	defer unlock()
	if !v.found { // what numbers there are must be known before one is given
		if err := v.update(); err != nil {
			return err
		}
	}
	n, err := v.issue(current)
	if err != nil {
		return err
	}
	v.state.came(time.Now())
	if err := d.save(g, v.state); err != nil {
		return err
	}
	if err := d.point("numbered"); err != nil {
		return err
	}
	l.Fields = append(append([]byte(nil), l.Fields...), stampLine(n)...)
	if l.Text != nil {
		l.Text = newStripper(l.Text)
	}
	return mbox.Append(g.Maildrop, l, q, o)
}

// issue gives the next number away, for a message that popper will stamp.
func (v *visit) issue(b box) (uint64, error) {
	if v.state.maxima >= maxNumber {
		return 0, fmt.Errorf("the group %s has given all numbers up to %d away: begin a new group", v.g.Name, uint64(maxNumber))
	}
	v.state.maxima++
	v.state.issued[b].add(v.state.maxima)
	return v.state.maxima, nil
}

// point is a place where tests let things fail.
func (d *Directory) point(name string) error {
	if d.fail == nil {
		return nil
	}
	return d.fail(name)
}
