package table

// Step is one allowed transition: in state From the command Verb is accepted,
// and after it succeeded (OK) or failed the session is in state To.
type Step struct {
	From, Verb string
	OK         bool
	To         string
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
//	closed         QUIT before transaction: final, nothing removed
var AllStates = []string{"authorization", "identified", "transaction", "update", "closed"}

// AllVerbs are the keywords of the command set, each once.
var AllVerbs = []string{
	"USER", "PASS", "RPOP", "QUIT",
	"STAT", "LIST", "RETR", "DELE", "NOOP", "LAST", "RSET", "TOP", "UIDL",
}

// Steps are all allowed transitions, each (From, Verb) with both outcomes. A
// pair of AllStates and AllVerbs that is not here is refused in that state and
// changes nothing (R1081-STATE-1, R1081-LINE-7). Readers must not change it.
var Steps = []Step{
	// R1081-USER-1: after the greeting, after a USER or PASS that failed, and once
	// more after a USER that succeeded. A failed USER forgets the earlier name.
	{"authorization", "USER", true, "identified"},
	{"authorization", "USER", false, "authorization"},
	{"identified", "USER", true, "identified"},
	{"identified", "USER", false, "authorization"},

	// R1081-PASS-1, -2, -3: only after USER; a failure goes back to the start.
	{"identified", "PASS", true, "transaction"},
	{"identified", "PASS", false, "authorization"},

	// R1081-RPOP-1: stands in for PASS.
	{"identified", "RPOP", true, "transaction"},
	{"identified", "RPOP", false, "authorization"},

	// R1081-QUIT-1, -2: the end in every state, also when the update failed.
	{"authorization", "QUIT", true, "closed"},
	{"authorization", "QUIT", false, "closed"},
	{"identified", "QUIT", true, "closed"},
	{"identified", "QUIT", false, "closed"},
	{"transaction", "QUIT", true, "update"},
	{"transaction", "QUIT", false, "update"},

	// R1081-STAT-1 ... R1081-TOP-1, R1939-UIDL-1: in TRANSACTION only, staying.
	{"transaction", "STAT", true, "transaction"},
	{"transaction", "STAT", false, "transaction"},
	{"transaction", "LIST", true, "transaction"},
	{"transaction", "LIST", false, "transaction"},
	{"transaction", "RETR", true, "transaction"},
	{"transaction", "RETR", false, "transaction"},
	{"transaction", "DELE", true, "transaction"},
	{"transaction", "DELE", false, "transaction"},
	{"transaction", "NOOP", true, "transaction"},
	{"transaction", "NOOP", false, "transaction"},
	{"transaction", "LAST", true, "transaction"},
	{"transaction", "LAST", false, "transaction"},
	{"transaction", "RSET", true, "transaction"},
	{"transaction", "RSET", false, "transaction"},
	{"transaction", "TOP", true, "transaction"},
	{"transaction", "TOP", false, "transaction"},
	{"transaction", "UIDL", true, "transaction"},
	{"transaction", "UIDL", false, "transaction"},
}
