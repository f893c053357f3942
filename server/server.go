// Package server holds POP3 sessions (RFC 1081 with the additions of its
// grammar) between clients and the maildrops of package mbox. It knows nothing
// of the inside of files and of passwords: accounts are an interface.
//
// What happens, in order: [Server.ServeConn] makes a session; its loop
// (session.go) reads a command through the generated parser, asks the generated
// state table whether it is allowed, and dispatches it to a handler of dialog
// (login.go, transaction.go, update.go, xtnd.go …), which returns an outcome; the loop
// alone writes the reply and makes the transition.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"popper/mbox"
	"popper/parser"
)

// Config says how sessions behave. A zero duration or number means its default.
type Config struct {
	Accounts      Accounts      // required
	Maildrop      mbox.Options  // how maildrops are opened
	IdleTimeout   time.Duration // R1939-TIME-1, see DefaultIdleTimeout
	LoginFailures int           // BERK-AUTH-1, see DefaultLoginFailures; 1 is the Berkeley server's way
	FailurePause  time.Duration // of each, see DefaultFailurePause; negative: none
	Grace         time.Duration // see DefaultGrace; negative: none
	MaxSessions   int           // at one time, see DefaultMaxSessions
	Log           *slog.Logger  // nil: no log

	Dialects   []parser.Dialect // which are spoken besides that of RFC 1081; nil: all
	Groups     Groups           // nil: there are no discussion groups
	Submission Submission       // nil: no mail is sent for clients
	MaxContent int64            // octets of a message sent, see DefaultMaxContent

	// Security makes connections private (R2595-STLS-1); nil: they cannot be.
	Security Security
	// RequireTLS lets nobody log in whose connection is not private.
	RequireTLS bool
	// Mechanisms are those of SASL that AUTH offers now, best first (R5034-AUTH-1); nil: none.
	Mechanisms func() []Mechanism
	// Digests checks the answers of APOP (R1939-APOP-1); nil: it is not offered.
	Digests Digests
	// Host is this machine's name in the timestamp of the greeting.
	Host string

	// Expire is after how many days a message is removed, see expire.go: AtOnce, when it
	// has been retrieved; 0, never.
	Expire int
	// LoginDelay is how long an account must wait from login to login (R2449-CAPA-1).
	LoginDelay time.Duration
	// Implementation is what CAPA calls this server; "" hides it.
	Implementation string

	// Guests tells from where "anonymous" may log in (R1082-ANON-1); nil: from nowhere.
	Guests func(from netip.Addr) bool
	// Trusted tells whether user remote of the host peer may log in as name without a
	// password (R1081-RPOP-1); nil: nobody may.
	Trusted func(peer netip.AddrPort, remote, name string) bool

	step int64 // see uniqueStep; tests make it small
}

// speaks tells whether commands of dialect d are known.
func (c *Config) speaks(d parser.Dialect) bool {
	return c.Dialects == nil || d == parser.DialectRfc1081 || slices.Contains(c.Dialects, d)
}

// Account is who has logged in.
type Account struct {
	Name     string // as it appears in the log
	Maildrop string // path of the maildrop file
}

// Accounts knows who may log in. It is called by many sessions at one time.
type Accounts interface {
	// Authenticate returns the account of name if secret is its password, and
	// ErrDenied both for an unknown name and for a wrong password (wrapped, if the log
	// should know more); it should take the same time for both. Any other error is a temporary failure of
	// the account source: it goes to the log and must not contain the secret.
	// The secret is overwritten when the command is done and must not be kept.
	// When ctx ends nobody waits for the answer any more: it returns soon, with
	// any error.
	Authenticate(ctx context.Context, name string, secret []byte) (Account, error)
}

// Directory is what RPOP wants of Accounts besides (R1081-RPOP-1).
type Directory interface {
	// Lookup returns the account of name without a proof, and ErrDenied if there is
	// none, or if it is locked. Any other error is a temporary failure of the source.
	Lookup(ctx context.Context, name string) (Account, error)
}

// ErrDenied is the answer of [Accounts] to a wrong name or password.
var ErrDenied = errors.New("wrong name or password")

// Server is a set of sessions with one configuration. Its methods may be called
// by many goroutines at one time.
type Server struct {
	config Config

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	sessions  map[*session]struct{}
	stopping  chan struct{} // closed when Shutdown begins
	ended     sync.WaitGroup

	turns turns
}

// New makes a server. It panics if c.Accounts is nil.
func New(c Config) *Server {
	if c.Accounts == nil {
		panic("server: Config.Accounts is nil")
	}
	if c.IdleTimeout <= 0 {
		c.IdleTimeout = DefaultIdleTimeout
	}
	if c.LoginFailures <= 0 {
		c.LoginFailures = DefaultLoginFailures
	}
	if c.FailurePause == 0 {
		c.FailurePause = DefaultFailurePause
	}
	if c.MaxContent <= 0 {
		c.MaxContent = DefaultMaxContent
	}
	if c.MaxSessions <= 0 {
		c.MaxSessions = DefaultMaxSessions
	}
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
	if c.step == 0 {
		c.step = uniqueStep
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{
		config:    c,
		listeners: make(map[net.Listener]struct{}),
		sessions:  make(map[*session]struct{}),
		stopping:  make(chan struct{}),
		turns:     turns{line: make(map[netip.Prefix]*turn)},
	}
}
