package server

import (
	"errors"
	"time"

	"popper/mbox"
)

// Groups knows the discussion groups of RFC 1082. It is called by many sessions at
// one time.
type Groups interface {
	// Readable are the groups that user may read, in the administrator's order
	// (R1082-PRIV-1). The user "" is one whom nobody knows: for him the groups that
	// everybody on this machine may read (R1082-ANON-1).
	Readable(user string) ([]Group, error)
}

// Group is a discussion group.
type Group interface {
	// Named tells whether name is the group's, or one of its aliases, in any case
	// (R1082-NAME-1).
	Named(name string) bool
	// Info tells what is known of the group; its maxima is that of the mail that is
	// there now.
	Info() (GroupInfo, error)
	// Open opens the group's maildrop, or its archive, for reading beside others, and
	// gives the number of each message (R1082-MAX-1). ErrNoArchive: it has none.
	Open(archive bool, o mbox.Options) (*mbox.Maildrop, []uint64, error)
}

// ErrNoArchive: the group keeps no archive.
var ErrNoArchive = errors.New("the group has no archive")

// GroupInfo is what XTND X-BBOARDS tells of a group (R1082-XB-1).
type GroupInfo struct {
	Name              string
	Aliases           []string
	Maildrop, Archive string // paths
	Info, Map         string // paths of MH's files, "" if there are none
	Leaders           []string
	Address, Request  string // where to send to the group, and to those who run it
	FeedIn            string
	FeedsOut          []string
	Flags             uint64
	Maxima            uint64    // the highest number that a message has been given
	LastDate          time.Time // when the last message came; zero: never
}
