package server

import (
	"errors"
	"fmt"

	"popper/mbox"
	"popper/parser"
)

// Quit ends the session. In TRANSACTION it removes the marked messages and
// releases the maildrop before it replies (R1081-QUIT-2); before login there is
// nothing to remove (R1081-QUIT-1).
func (d *dialog) Quit(*parser.Command) outcome {
	if d.drop == nil {
		return done("popper signing off")
	}
	defer d.close()
	marked := int64(d.drop.Len()) - d.count
	if err := d.drop.Remove(d.marks.has); err != nil {
		d.log.Error("update failed: see err for what mends it", append(d.account(), "err", err)...)
		return refusal(removeTrouble(err))
	}
	d.removed = marked
	return done(fmt.Sprintf("popper signing off, %d messages removed", d.removed))
}

// removeTrouble is what the client may know of an error of mbox.Remove. It
// promises that nothing was removed only where mbox checks before it writes.
func removeTrouble(err error) string {
	switch {
	case errors.Is(err, mbox.ErrChanged):
		return "[SYS/TEMP] maildrop was changed by another program, no message was removed"
	case errors.Is(err, mbox.ErrLocked):
		return "[IN-USE] maildrop is locked by another program, no message was removed"
	case errors.Is(err, mbox.ErrReadOnly):
		return "[SYS/PERM] maildrop may not be written, no message was removed"
	}
	return "[SYS/TEMP] some deleted messages may not have been removed"
}
