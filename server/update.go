package server

import (
	"errors"

	"popper/mbox"
	"popper/parser"
)

// Quit ends the session. In TRANSACTION it removes the marked messages and
// releases the maildrop before it replies (R1081-QUIT-2); before login, and in a
// discussion group, there is nothing to remove (R1081-QUIT-1, R1082-BB-3).
func (d *dialog) Quit(*parser.Command) outcome {
	defer d.close()
	if d.drop == nil || d.group != nil {
		return done("popper signing off")
	}
	if o := d.update(); !o.ok {
		return o
	}
	return done("popper signing off, %d messages removed", d.removed)
}

// update removes the marked messages and those that are kept no longer (expire.go), and
// keeps what LAST tells.
func (d *dialog) update() outcome {
	marked, expired := int64(d.drop.Len())-d.count, d.expired()
	gone, removed := d.marks.has, marked
	if expired != nil {
		gone = func(i int) bool { return d.marks.has(i) || expired.has(i) }
		for i := range d.drop.Len() {
			if expired.has(i) && !d.marks.has(i) {
				removed++
			}
		}
	}
	if d.accessed > 0 || removed > 0 {
		d.keepLast()
	}
	if err := d.drop.Remove(gone); err != nil {
		d.log.Error("update failed: see err for what mends it", append(d.account(), "err", err)...)
		if marked == 0 {
			return done("") // the client has asked for nothing that failed
		}
		return refusal(removeTrouble(err))
	}
	d.removed = removed
	return done("")
}

// keepLast hands the highest number accessed on to later sessions, and tells mbox, which
// keeps it right when messages go, even those that expire in a session that accessed none.
// A session that ends without QUIT does not do it (R1081-LAST-1 leaves that open): such a
// session changes nothing, and a client that lost its connection does not know itself how
// far it came. Its failure is no failure of the update.
func (d *dialog) keepLast() {
	if d.highest() == 0 || d.anonymous {
		return
	}
	if err := d.drop.SetLast(int(d.highest())); err != nil {
		d.log.Warn("what LAST tells is not kept for later sessions: make the state directory writable and give it room",
			"user", clip(d.name), "err", err)
	}
}

// removeTrouble is what the client may know of an error of mbox.Remove. It
// promises that nothing was removed only where mbox checks before it writes.
func removeTrouble(err error) string {
	switch {
	case errors.Is(err, mbox.ErrUnfinished): // UPD-4
		return "[SYS/TEMP] removal was interrupted and will be finished at the next login"
	case errors.Is(err, mbox.ErrNotDurable):
		return "[SYS/TEMP] messages were removed, but may come back after a power failure"
	case errors.Is(err, mbox.ErrChanged):
		return "[SYS/TEMP] maildrop was changed by another program, no message was removed"
	case errors.Is(err, mbox.ErrLocked):
		return "[SYS/TEMP] maildrop is locked by another program, no message was removed"
	case errors.Is(err, mbox.ErrCanceled): // R1081-QUIT-3
		return "[SYS/TEMP] the session was cut, no message was removed"
	case errors.Is(err, mbox.ErrReadOnly):
		return "[SYS/PERM] maildrop may not be written, no message was removed"
	case errors.Is(err, mbox.ErrNotBegun): // UPD-5
		return "[SYS/TEMP] maildrop cannot be updated now, no message was removed"
	}
	return "[SYS/TEMP] some deleted messages may not have been removed"
}
