package adminfile

import (
	"syscall"
	"time"
)

// Identity tells one state of a file from another. The zero one is that of no file.
type Identity struct {
	dev, ino     uint64
	size         int64
	mtime, ctime syscall.Timespec
}

// IdentityOf is that of the file that st is about.
func IdentityOf(st *syscall.Stat_t) Identity {
	return Identity{st.Dev, st.Ino, st.Size, st.Mtim, st.Ctim}
}

// SettledAge is the age from which on a file's timestamps can be believed. They tick
// coarsely: an edit in the tick in which the file was read would leave its times as they
// were, and a password that was taken away would go on working. A younger file is read
// again.
const SettledAge = 2 * time.Second

// Settled tells whether the file was old enough when it was read for its times to betray
// any later change.
func (i Identity) Settled(read time.Time) bool {
	return read.Sub(time.Unix(i.ctime.Unix())) > SettledAge
}
