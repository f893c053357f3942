package main

import (
	"errors"
	"io/fs"

	"popper/mbox"
	"popper/server/bboards"
)

// More exit codes of sysexits.h, by which a mail system decides what becomes of a
// message: it tries again after exitTempFail, and gives up after the others.
const (
	exitDataErr    = 65 // the message cannot be taken as it is
	exitNoUser     = 67 // there is no such user
	exitCantCreate = 73 // the maildrop cannot be made
	exitTempFail   = 75 // it may work later
	exitNoPerm     = 77 // it is not allowed
)

// sysexit is the exit code for an error of a delivery. What is not known to be lasting
// may pass, and mail is not given up for it: a full disk, a lock that is held, a disk
// that fails.
func sysexit(err error) int {
	var f failure
	switch {
	case errors.As(err, &f):
		return f.code
	case errors.Is(err, bboards.ErrNoGroup):
		return exitNoUser
	case errors.Is(err, mbox.ErrNotMailbox):
		return exitCantCreate
	case errors.Is(err, mbox.ErrReadOnly), errors.Is(err, fs.ErrPermission):
		return exitNoPerm
	case errors.Is(err, mbox.ErrNotCreated):
		return exitCantCreate
	}
	return exitTempFail
}
