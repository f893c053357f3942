package server

import (
	"log/slog"

	"popper/mbox"
	"popper/parser"
)

// dialog is the side of a session that knows commands and no connection: one
// method for each command of the grammar.
type dialog struct {
	config   *Config
	log      *slog.Logger
	name     string // what USER said; after login, the account's name
	failures int    // failed logins

	drop          *mbox.Maildrop // nil before login
	marks         marks
	count, octets int64  // of the messages not marked
	last          uint64 // highest number accessed (R1081-LAST-1)

	retrieved, sent, removed int64 // for the log
}

// A command added to the grammar does not compile until it has its method here.
var _ parser.Handler[outcome] = (*dialog)(nil)

func newDialog(c *Config, log *slog.Logger) *dialog {
	return &dialog{config: c, log: log}
}

// close releases the maildrop, without update.
func (d *dialog) close() {
	if d.drop == nil {
		return
	}
	if err := d.drop.Close(); err != nil {
		d.log.Error("maildrop cannot be closed", append(d.account(), "err", err)...)
	}
}

// account is what the log says of a session in TRANSACTION.
func (d *dialog) account() []any {
	return []any{"user", clip(d.name), "retrieved", d.retrieved, "octets", d.sent, "removed", d.removed}
}

// clip makes a name sent by a client short enough for the log, whose handlers
// quote what needs it.
func clip(name string) string { return name[:min(len(name), maxLogged)] }
