package submit

import "time"

// Every limit of this package, each with what it stops.
const (
	// DefaultMaxRecipients is how many addresses a message may name (BERK-XMIT-3). Stops
	// a stolen password from reaching all the world with one message.
	DefaultMaxRecipients = 100

	// programTime is how long the sendmail program may take for a message. Stops one
	// that hangs from holding sessions, and their maildrops, for ever.
	programTime = 2 * time.Minute

	// outputTime is how long its output is awaited after its end. Programs that leave
	// a child behind to deliver may leave it their output, too.
	outputTime = time.Second

	// maxOutput is how much of that output is kept, in octets: a program gone mad must
	// not fill the memory.
	maxOutput = 4 << 10

	// maxReason is how much of what mail transfer says a client is told, in octets.
	// It must fit into one line with what stands before it.
	maxReason = 300

	// dialTime is how long a connection to the submission server may take to be made.
	// Mail programs show nothing meanwhile, and a server that is there answers at once.
	dialTime = 30 * time.Second

	// talkTime is how long sending a message by SMTP may take in all, and answerTime
	// how long one answer may. Stop a server that stalls from holding sessions.
	talkTime   = 10 * time.Minute
	answerTime = 2 * time.Minute

	// maxPassword is how large a password file may be, in octets: a flag that points
	// at another file must not send it over the network.
	maxPassword = 1 << 10
)
