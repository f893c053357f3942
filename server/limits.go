package server

import "time"

// Every limit of a session, each with the attack or the accident that it stops.
const (
	// DefaultIdleTimeout (R1939-TIME-1) is how long a client may take to send
	// one whole command line, and how long it may go without reading a single
	// octet of a reply. Stops connections that were left behind and clients
	// that stall while they hold a maildrop. RFC 1939 permits no less.
	DefaultIdleTimeout = 10 * time.Minute

	// loginTime is how long a session may take from connect to login, whatever
	// it sends or reads meanwhile. Stops strangers who keep a session open for ever with
	// one USER command every nine minutes. Not less than 10 minutes, because
	// R1939-TIME-1 makes no exception for sessions before login.
	loginTime = 10 * time.Minute

	// DefaultLoginFailures (BERK-AUTH-1) is how many failed logins end a
	// session. Stops the guessing of many passwords over one connection. More than a mail
	// program needs that tries one wrong password by each mechanism it knows.
	DefaultLoginFailures = 10

	// DefaultFailurePause is how long the reply to a failed login waits. Stops the guessing
	// of thousands of passwords a second, as APOP and SCRAM allow, which are checked at
	// no cost. Residual risk: who does not wait for the reply, and takes its absence for
	// one, is stopped by nothing but what a new connection for each guess costs him; the
	// log names the peer of each, for a firewall that reads it.
	DefaultFailurePause = time.Second

	// maxResponse is how many octets a line may have by which a client answers in a login
	// by SASL (R5034-AUTH-1), its line end not counted: more than the longest OAuth tokens
	// that are seen. Stops a stranger from filling memory.
	maxResponse = 16 << 10

	// maxBad is how many bad command lines in a row (unknown, malformed, too
	// long, out of state) end a session. Stops other programs that talk to the
	// wrong port (a browser's request, a mail relay) and blind probing.
	maxBad = 32

	// DefaultGrace is how long sessions in TRANSACTION live on after Shutdown
	// begins. Stops one slow client from delaying a restart without end.
	DefaultGrace = 30 * time.Second

	// DefaultMaxSessions is how many sessions live at one time. Stops a flood
	// of connections from taking all descriptors (a session owns up to three)
	// and memory (while it streams, two blocks of largeBuffer octets). room.go
	// tells who must go when there are more.
	DefaultMaxSessions = 1024

	// networkShare is the part of them, one in so many, that one network may
	// have before login. Stops one stranger from pushing everybody out. Large
	// enough for an office behind one address: who logs in does not count.
	networkShare = 4

	// networkLogins is how many logins of one network are checked at the same time, and
	// turnWait how long another waits for its turn, see turns.go. Stops one stranger from
	// having everybody's passwords wait behind his. Enough to keep as many processors
	// busy for an office.
	networkLogins = 8
	turnWait      = 30 * time.Second

	// refuseTime bounds the write of the one line that a connection gets for
	// which there is no room.
	refuseTime = 5 * time.Second

	// lingerTime and lingerOctets bound what is read and thrown away after the
	// last reply, see linger. Stops a client from holding a finished session.
	lingerTime   = 2 * time.Second
	lingerOctets = 64 << 10

	// acceptPauseMin and acceptPauseMax bound the pause after a failed accept.
	// Stops a server without free descriptors from spinning.
	acceptPauseMin = 5 * time.Millisecond
	acceptPauseMax = time.Second

	// DefaultMaxContent is how many octets a message may have that a client sends
	// (BERK-XMIT-3), as it is handed over: more than today's mail servers take. Stops a
	// client from filling the disk for temporary files.
	DefaultMaxContent = 50 << 20

	// uniqueStep is how many octets of messages are read for UIDL before what is known is
	// sent, see unique.go. Stops mail programs from giving up, Outlook after 60 seconds,
	// on any disk that reads more than 2 MB a second. Larger than what most maildrops
	// have, whose UIDL then can still be refused as a whole (unique.go).
	uniqueStep = 128 << 20

	// contentTime is how long a client may take to send one. Stops clients that send
	// an octet now and then while they hold a maildrop.
	contentTime = time.Hour

	// maxLogged is how many octets of a name sent by a client appear in the
	// log. Stops a stranger from filling it.
	maxLogged = 64
)

// Buffer sizes in octets. The command buffer is all that an idle session owns;
// the others are borrowed from a pool while replies are on their way.
const (
	commandBuffer = 512       // ≥ parser.MaxCommand; a few pipelined commands
	smallBuffer   = 4 << 10   // for single-line replies
	largeBuffer   = 256 << 10 // for multi-line replies
	fillRoom      = 64 << 10  // what a source may append in one step
)
