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

	// windowSize is how many octets of the file an update has in its journal at one
	// time: the room on the disk that it needs, besides a list of what stays. A
	// larger window means fewer calls of fsync, two a window.
	windowSize = 8 << 20

	// spareChunks is for how many chunks a journal has room at least, though its update
	// may need no window: with this room, given back, an update of its own can move mail
	// that was delivered meanwhile, up to 7 GiB (freeWindow).
	spareChunks = 2

	// maxChunk and maxPlan, in octets, bound the memory that is taken because a journal
	// says so: for a buffer, and three times as much as the plan is long: for the list of
	// what stays and the checksums. A plan of this length is for 4 TiB of mail that moves,
	// or for eight million messages that stay, each behind one that goes.
	maxChunk = 16 << 20
	maxPlan  = 128 << 20

	// maxMergeRows bounds, in octets, the memory that is taken because the record of
	// a merge says so: four million messages.
	maxMergeRows = 64 << 20

	// maxPreamble is how many octets of empty lines may precede the first message of
	// mail that an older popper left behind. Behind more of them, it is not
	// looked for: the file is set aside, and the administrator told.
	maxPreamble = 64 << 10

	// maxOpenLine is how much of a line that crosses a block border is kept: the
	// longest separator line and its CR. A longer line is text, and passes by
	// without being collected (a line of 1 GB costs nothing).
	maxOpenLine = parser.MaxSeparator + 1

	// maxSpool is the size in octets of the largest file that is taken for a
	// mailbox: 256 TiB, so that every size fits its field (row.go).
	maxSpool = 1 << 48

	// spareRows is for how many appended messages, and blocks, a table that came
	// from an index has room.
	spareRows = 1024

	// lastOctets is how much of a message is hashed to know it again as the one
	// that was last accessed: enough for all header fields that tell messages
	// apart, and bounded, since that is done while a client waits.
	lastOctets = 16 << 10

	// maxLastText is how much of a file is read that keeps what LAST tells.
	maxLastText = 128

	// maxSender is how many octets of a sender a separator line shows. SMTP allows 256;
	// the line must stay below its own limit, and within one sector of a disk, which is
	// written whole or not at all (append.go).
	maxSender = 320

	// quotingSlack is by how much quoting can lengthen a short piece of text, beside
	// one octet in four: what was held back, and one ">".
	quotingSlack = 64

	// maxInternalHeader is how far into the first message the fields that mark
	// another program's bookkeeping are looked for (MBOX-6). Real ones are below
	// 2 KiB; a message with a longer header is ordinary mail.
	maxInternalHeader = 16 << 10

	// maxFieldName is how much of a header line is kept to know its field name;
	// all names that matter here are shorter.
	maxFieldName = 32

	// maxFields is how many octets of one message's header fields of one name are
	// returned: more than any line that mail transfer lets pass, and little enough to
	// be held in memory.
	maxFields = 32 << 10

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

	// DefaultWait is how long Open and Remove wait for delivery locks: longer
	// than a delivery takes, shorter than mail programs wait for an answer.
	DefaultWait = 20 * time.Second

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
