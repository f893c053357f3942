package mbox

import (
	"time"

	"popper/parser"
)

// Every limit of the package, and what it stops.
const (
	// blockSize is the unit of reading, of the fingerprint and of the slide, in
	// octets. It bounds the memory of any operation on any file (MBOX-7): one
	// block, two while un-quoting. It fits a second-level cache.
	blockSize = 256 << 10

	// maxOpenLine is how much of a line that crosses a block border is kept: the
	// longest separator line and its CR. A longer line is text, and passes by
	// without being collected (a line of 1 GB costs nothing).
	maxOpenLine = parser.MaxSeparator + 1

	// maxInternalHeader is how far into the first message the fields that mark
	// another program's bookkeeping are looked for (MBOX-6). Real ones are below
	// 2 KiB; a message with a longer header is ordinary mail.
	maxInternalHeader = 16 << 10

	// maxFieldName is how much of a header line is kept to know its field name;
	// all names that matter here are shorter.
	maxFieldName = 32

	// maxLockName bounds the readable part of a session lock's file name, since
	// a file name holds at most 255 octets.
	maxLockName = 64

	// maxLockText is how much of a dotlock is read to find its owner.
	maxLockText = 512

	// maxReopen is how often Open starts again because the file was replaced
	// between opening and locking. A program that replaces it faster than that
	// wants no one to read it.
	maxReopen = 5

	// racyAge: a file that was modified less than this before it was scanned may
	// be modified again without a visible change of its time stamps, which tick
	// coarsely (4 ms on Linux, 1 s on old file systems, 2 s on FAT).
	racyAge = 2 * time.Second

	// defaultWait is how long Open and Remove wait for delivery locks: longer
	// than a delivery takes, shorter than mail programs wait for an answer.
	defaultWait = 20 * time.Second

	// defaultStale is the age after which a dotlock without a known owner is
	// taken for a leftover. No delivery takes that long.
	defaultStale = 10 * time.Minute

	// firstPause and lastPause bound the growing sleep between two attempts.
	firstPause = 5 * time.Millisecond
	lastPause  = 250 * time.Millisecond

	// refreshAge is how old a dotlock of ours may grow while it is held before
	// its time stamp is renewed, so that programs which judge by age alone (the
	// shortest known limit is 300 s) do not break it during a long update.
	refreshAge = 30 * time.Second
)
