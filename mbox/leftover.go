package mbox

import (
	"errors"
	"fmt"
	"io/fs"
)

// An older popper may still be running beside this one. It works on its copy of the
// maildrop during a whole session, with an flock on it, or a record lock where there was
// no flock, and removes it at QUIT, whatever has that name by then. So before anything
// is done to such a file, both locks are tried, and kept until the file is closed: then
// the copy is a leftover, and no session of the older popper begins on it meanwhile.
//
// Residual risk: one that has opened the file and waits for the lock gets it when we
// have taken the file's name away, and then works on a file that nobody finds after a
// crash. And it does not know our session lock: do not let both serve one maildrop.

// lockLeft locks f, found as name, against an older popper.
func lockLeft(d disk, f file, name string) error {
	if err := d.Lock(f); err != nil {
		return fmt.Errorf("%w: an older popper has a session, on its copy %s: %w; stop that server, and what it leaves will be merged", ErrInUse, name, err)
	}
	id, err := stat(f)
	if err != nil {
		return err
	}
	fi, err := d.Lstat(name)
	if err == nil && identify(fi).ino != id.ino || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: an older popper is just ending a session, on its copy %s; stop that server", ErrInUse, name)
	}
	return err
}
