package server

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"

	"popper/mbox"
	"popper/parser"
)

// dialog is the side of a session that knows commands and no connection: one
// method for each command of the grammar.
type dialog struct {
	ctx      context.Context // ends when the session is cut
	state    parser.State
	config   *Config
	log      *slog.Logger
	peer     netip.AddrPort // the client's; not valid if its connection has none
	network  netip.Prefix   // see room.go
	turns    *turns
	name     string    // what USER said; after login, the account's name
	failures int       // failed logins
	stamp    string    // the timestamp of the greeting; "" if APOP is not offered
	private  Private   // nil: the connection is not private
	language *language // of replies

	known atomic.Bool // a password was given and was right; asked by other goroutines

	anonymous bool // the login was that of a pseudonym (R1082-ANON-1)

	drop          *mbox.Maildrop // nil before login
	group         *group         // whose mail drop is; nil: the client's own
	marks         marks
	fetched       marks  // messages that were retrieved whole, if that matters (expire.go)
	count, octets int64  // of the messages not marked
	accessed      uint64 // highest number accessed in this session (R1081-LAST-1)

	retrieved, sent, removed int64 // for the log
}

// A command added to the grammar does not compile until it has its method here.
var _ parser.Handler[outcome] = (*dialog)(nil)

func newDialog(ctx context.Context, srv *Server, log *slog.Logger, conn net.Conn) *dialog {
	c := &srv.config
	d := &dialog{ctx: ctx, config: c, log: log, state: parser.StartState, language: &languages[0], stamp: timestamp(c),
		network: network(conn), turns: &srv.turns}
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		at := tcp.AddrPort()
		d.peer = netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
	}
	return d
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

// account is what the log says of a session. Only who has logged in is called a
// user there; before that a name is no more than a claim.
func (d *dialog) account() []any {
	switch {
	case d.drop == nil && d.name == "":
		return nil
	case d.drop == nil:
		return []any{"claimed", clip(d.name)}
	}
	return []any{"user", clip(d.name), "retrieved", d.retrieved, "octets", d.sent, "removed", d.removed}
}

// clip makes a name sent by a client short enough for the log, whose handlers
// quote what needs it.
func clip(name string) string { return name[:min(len(name), maxLogged)] }
