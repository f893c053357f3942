package main

import (
	"errors"

	"popper/server/bboards"
)

// More exit codes of sysexits.h, by which a mail system decides what becomes of a
// message: it tries again after exitTempFail, and gives up after the others.
const (
	exitDataErr  = 65 // the message cannot be taken as it is
	exitNoUser   = 67 // there is no such user
	exitTempFail = 75 // it may work later
	exitNoPerm   = 77 // it is not allowed
)

// sysexit is the exit code for an error of a delivery. Nearly all trouble may pass: a
// full disk, a lock that is held, a file system that is not there or may only be read,
// a wrong access right, until an administrator mends it. Mail is not given up for that.
func sysexit(err error) int {
	var f failure
	switch {
	case errors.As(err, &f):
		return f.code
	case errors.Is(err, bboards.ErrNoGroup):
		return exitNoUser
	}
	return exitTempFail
}
