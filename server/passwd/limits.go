package passwd

import (
	"runtime"
	"time"

	"popper/parser"
)

// Every limit of this package, each with what it stops.
const (
	// maxFile is the largest passwd file read, in octets: a --passwd that
	// points at a log or a device must not fill the memory.
	maxFile = 16 << 20

	// maxName is the longest user name, in octets. It must fit a USER line
	// and, as a file name with ".lock" behind it, every file system.
	maxName = 128

	// maxSecret is the longest password, in octets: what a PASS line can carry. A
	// longer one could be stored and not be used by PASS; and one that a stranger
	// sends by AUTH would take seconds of hashing.
	maxSecret = parser.MaxCommand - len("PASS \r\n")

	// maxBcrypt is where bcrypt stops reading a password, in octets: a
	// longer one would be valid with any other end.
	maxBcrypt = 72

	// queueWait is how long a login waits for its turn to be hashed. A flood
	// of logins then costs its senders a temporary failure, and their
	// sessions do not pile up behind one another.
	queueWait = 30 * time.Second

	// minIterations and maxIterations bound a SCRAM hash. RFC 7677 wants no less; more
	// would be a slip of the finger that takes clients minutes, and the server at PASS.
	minIterations = 4096
	maxIterations = 10_000_000

	// scramIterations is what Hash makes: up to a tenth of a second here, and at most
	// seconds on a client, old ones included, at each login. More would make it slower
	// to guess passwords for who has stolen the file.
	scramIterations = 100_000

	// scramSalt is the length of the salts made, in octets, and maxSalt of those read.
	// Decoys have salts of up to that length (two SHA-256).
	scramSalt = 16
	maxSalt   = 64
)

// hashers is how many password hashes are computed at the same time. Each may
// take up to 1 GiB (at most 64 MiB as made by Hash), so the number of connections
// must not decide it; more than one for each processor would gain no time anyway.
// Under inetd each process counts for itself: there the superserver's own
// limit on processes is the one that holds.
func hashers() int { return runtime.GOMAXPROCS(0) }
