package mbox

import (
	"errors"
	"fmt"
	"time"
)

// The errors that a caller tells apart with errors.Is. What Open, Remove, Append
// and Next return wraps them with the path, the holder, and what mends it: text
// for the administrator's log, never for the client.
var (
	// ErrInUse: another session holds the maildrop's session lock (R1081-PASS-3).
	ErrInUse = errors.New("maildrop is in use by another session")

	// ErrTooSoon: the maildrop was opened less than Options.Interval ago. A
	// *TooSoonError tells how long to wait.
	ErrTooSoon = errors.New("maildrop was opened too short a time ago")

	// ErrLocked: a delivery lock was not got in time (LOCK-2).
	ErrLocked = errors.New("maildrop is locked by another program")

	// ErrCanceled: Options.Cancel was closed before Open or Append had the delivery locks, or
	// before Remove had begun the update. Nothing was touched.
	ErrCanceled = errors.New("canceled before it began, nothing was removed")

	// ErrNotMailbox: the file is not a regular file, or neither empty nor
	// beginning with a separator line (MBOX-5). Nothing was touched.
	ErrNotMailbox = errors.New("not a mailbox")

	// ErrChanged: another program changed the file other than by appending
	// (UPD-3), or the file gives fewer octets than it had when it was scanned.
	ErrChanged = errors.New("maildrop was changed by another program")

	// ErrNotBegun: the update of Remove could not begin, for instance because the
	// disk is full: nothing was removed, and the file is as it was (UPD-5).
	ErrNotBegun = errors.New("update could not begin, nothing was removed")

	// ErrUnfinished: the update of Remove failed half-way. Its journal stays, and
	// the next Open finishes it (UPD-4).
	ErrUnfinished = errors.New("update was interrupted, and will be finished when the maildrop is opened again")

	// ErrNotDurable: the messages were removed, and every program sees the file without
	// them, but the disk has not confirmed it: after a power cut the file may be as it
	// was before. To ask again would not help, since a second fsync says nothing of what
	// the first one has lost.
	ErrNotDurable = errors.New("messages were removed, but the disk has not confirmed it, and after a power cut they may be there again")

	// ErrReadOnly: Remove or Append was asked of a file that could only be opened for reading, or
	// that has a journal which can neither be obeyed nor set aside.
	ErrReadOnly = errors.New("maildrop cannot be written")

	// ErrNotCreated: Append was asked to make a file, and could not.
	ErrNotCreated = errors.New("maildrop cannot be made")
)

// TooSoonError is an ErrTooSoon, for errors.As.
type TooSoonError struct {
	Path string
	Wait time.Duration // after this, 0 < Wait ≤ Options.Interval, Open will do
}

func (e *TooSoonError) Error() string {
	return fmt.Sprintf("%v: %s (wait %s)", ErrTooSoon, e.Path, e.Wait)
}

// Unwrap returns ErrTooSoon.
func (e *TooSoonError) Unwrap() error { return ErrTooSoon }

// errShared is why Remove and SetLast refuse.
var errShared = errors.New("it was opened to be read beside others")

// errBusy is how one attempt at one lock says that somebody else holds it.
var errBusy = errors.New("lock is held")
