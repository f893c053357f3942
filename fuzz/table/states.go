package table

import "slices"

// Step is one allowed transition: in state From the command Verb is accepted,
// and after it succeeded (OK) or failed the session is in state To. With is an
// argument that was given; for a Verb of which some step has one, a step without is
// for a command line without that argument.
type Step struct {
	From, Verb string
	OK         bool
	To         string
	With       string
}

// AllStates are the states of a session, the start first. RFC 1081 names three;
// "identified" is the part of AUTHORIZATION after a successful USER (PASS is
// valid only right after it, R1081-PASS-1), and "closed" is the end without an
// update.
//
//	authorization  after the greeting (the start)
//	identified     USER was accepted, its secret is awaited
//	transaction    the maildrop is locked and numbered
//	update         QUIT in transaction, whatever its outcome: final
//	closed         QUIT before transaction, or in a group: final, nothing removed
//	group          a discussion group's maildrop is open, for reading (RFC 1082)
var AllStates = []string{"authorization", "identified", "transaction", "update", "closed", "group"}

// Steps are all allowed transitions, each (From, Verb) with both outcomes. A
// pair of AllStates and AllVerbs that is not here is refused in that state and
// changes nothing (R1081-STATE-1, R1081-LINE-7). Readers must not change it.
var Steps = slices.Concat(maildropSteps, groupSteps, extensionSteps)

// maildropSteps are those of RFC 1081, with its optional commands, and of RFC 1939.
var maildropSteps = []Step{
	// R1081-USER-1: after the greeting, after a USER or PASS that failed, and once
	// more after a USER that succeeded. A failed USER forgets the earlier name.
	{"authorization", "USER", true, "identified", ""},
	{"authorization", "USER", false, "authorization", ""},
	{"identified", "USER", true, "identified", ""},
	{"identified", "USER", false, "authorization", ""},

	// R1081-PASS-1, R1081-PASS-2, R1081-PASS-3: only after USER; a failure goes back to the start.
	{"identified", "PASS", true, "transaction", ""},
	{"identified", "PASS", false, "authorization", ""},

	// R1081-RPOP-1: stands in for PASS.
	{"identified", "RPOP", true, "transaction", ""},
	{"identified", "RPOP", false, "authorization", ""},

	// R1081-QUIT-1, R1081-QUIT-2: the end in every state, also when the update failed.
	{"authorization", "QUIT", true, "closed", ""},
	{"authorization", "QUIT", false, "closed", ""},
	{"identified", "QUIT", true, "closed", ""},
	{"identified", "QUIT", false, "closed", ""},
	{"transaction", "QUIT", true, "update", ""},
	{"transaction", "QUIT", false, "update", ""},

	// R1081-STAT-1 ... R1081-TOP-1, R1939-UIDL-1: in TRANSACTION only, staying.
	{"transaction", "STAT", true, "transaction", ""},
	{"transaction", "STAT", false, "transaction", ""},
	{"transaction", "LIST", true, "transaction", ""},
	{"transaction", "LIST", false, "transaction", ""},
	{"transaction", "RETR", true, "transaction", ""},
	{"transaction", "RETR", false, "transaction", ""},
	{"transaction", "DELE", true, "transaction", ""},
	{"transaction", "DELE", false, "transaction", ""},
	{"transaction", "NOOP", true, "transaction", ""},
	{"transaction", "NOOP", false, "transaction", ""},
	{"transaction", "LAST", true, "transaction", ""},
	{"transaction", "LAST", false, "transaction", ""},
	{"transaction", "RSET", true, "transaction", ""},
	{"transaction", "RSET", false, "transaction", ""},
	{"transaction", "TOP", true, "transaction", ""},
	{"transaction", "TOP", false, "transaction", ""},
	{"transaction", "UIDL", true, "transaction", ""},
	{"transaction", "UIDL", false, "transaction", ""},

	// R1939-APOP-1: after the greeting, or after a USER, PASS or APOP that failed; a
	// USER that succeeded wants its PASS.
	{"authorization", "APOP", true, "transaction", ""},
	{"authorization", "APOP", false, "authorization", ""},
}

// groupSteps are those of RFC 1082, and of the Berkeley server's sub-commands.
var groupSteps = []Step{
	// R1082-BB-3: what is valid in TRANSACTION is valid in a group, and stays there.
	// There is no way back (R1082-BB-2 closes the default maildrop); QUIT updates nothing.
	{"group", "STAT", true, "group", ""},
	{"group", "STAT", false, "group", ""},
	{"group", "LIST", true, "group", ""},
	{"group", "LIST", false, "group", ""},
	{"group", "RETR", true, "group", ""},
	{"group", "RETR", false, "group", ""},
	{"group", "DELE", true, "group", ""},
	{"group", "DELE", false, "group", ""},
	{"group", "NOOP", true, "group", ""},
	{"group", "NOOP", false, "group", ""},
	{"group", "LAST", true, "group", ""},
	{"group", "LAST", false, "group", ""},
	{"group", "RSET", true, "group", ""},
	{"group", "RSET", false, "group", ""},
	{"group", "TOP", true, "group", ""},
	{"group", "TOP", false, "group", ""},
	{"group", "UIDL", true, "group", ""},
	{"group", "UIDL", false, "group", ""},
	{"group", "QUIT", true, "closed", ""},
	{"group", "QUIT", false, "closed", ""},

	// R1082-BB-1, R1082-BB-2, R1082-AR-1: opening a group leads into it, listing them
	// nowhere; an error leaves the session where it was.
	{"transaction", "XTND BBOARDS", true, "transaction", ""},
	{"transaction", "XTND BBOARDS", false, "transaction", ""},
	{"transaction", "XTND BBOARDS", true, "group", "name"},
	{"transaction", "XTND BBOARDS", false, "transaction", "name"},
	{"group", "XTND BBOARDS", true, "group", ""},
	{"group", "XTND BBOARDS", false, "group", ""},
	{"group", "XTND BBOARDS", true, "group", "name"},
	{"group", "XTND BBOARDS", false, "group", "name"},
	{"transaction", "XTND ARCHIVE", true, "group", ""},
	{"transaction", "XTND ARCHIVE", false, "transaction", ""},
	{"group", "XTND ARCHIVE", true, "group", ""},
	{"group", "XTND ARCHIVE", false, "group", ""},

	// R1082-XB-1, BERK-XMIT-1, BERK-XLST-1: the current maildrop stays open.
	{"transaction", "XTND X-BBOARDS", true, "transaction", ""},
	{"transaction", "XTND X-BBOARDS", false, "transaction", ""},
	{"group", "XTND X-BBOARDS", true, "group", ""},
	{"group", "XTND X-BBOARDS", false, "group", ""},
	{"transaction", "XTND XMIT", true, "transaction", ""},
	{"transaction", "XTND XMIT", false, "transaction", ""},
	{"group", "XTND XMIT", true, "group", ""},
	{"group", "XTND XMIT", false, "group", ""},
	{"transaction", "XTND XLST", true, "transaction", ""},
	{"transaction", "XTND XLST", false, "transaction", ""},
	{"group", "XTND XLST", true, "group", ""},
	{"group", "XTND XLST", false, "group", ""},
}
