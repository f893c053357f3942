package server

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"popper/parser"
)

// The loop of a session.
//
//	next → allowed in this state? → Dispatch to a handler → transition → answer
//
// Handlers (type dialog) return an outcome and see no connection, so no handler
// can answer twice or forget to (R1081-LINE-4). Replies gather in the output
// buffer and leave when no complete command waits any more, so that a batch of
// pipelined commands costs one write, and a single one too.
//
// The body of a multi-line reply is pulled from its source piece by piece. The
// source alone writes the final dot, and only after it has seen the proper end.
// If it fails before the first octet of this answer has left, the answer is
// taken back and -ERR stands in its place; later, the connection is closed
// without the dot, which is the only way POP3 has to say "this message is not
// whole" (R1081-RETR-2).
//
// Residual risk: a client may take octets that it got before such a close for a
// whole message; one that does cannot be helped by any server.
type session struct {
	srv      *Server
	conn     net.Conn
	log      *slog.Logger
	started  time.Time
	in       input
	out      output
	dialog   *dialog
	state    parser.State
	bad      int         // bad commands in a row
	why      string      // not empty: the session ends after this reply, and why
	loggedIn atomic.Bool // TRANSACTION was reached; Shutdown grants the grace
	wasCut   atomic.Bool // Shutdown has closed the connection
}

func newSession(srv *Server, conn net.Conn) *session {
	log := srv.config.Log.With("peer", peer(conn))
	return &session{
		srv:     srv,
		conn:    conn,
		log:     log,
		started: time.Now(),
		in:      input{conn: conn},
		out:     output{conn: conn, limit: srv.config.IdleTimeout},
		dialog:  newDialog(&srv.config, log),
		state:   parser.StartState,
	}
}

// cut ends the session from outside, without update (R1081-QUIT-3).
func (s *session) cut() {
	s.wasCut.Store(true)
	_ = s.conn.Close()
}

// serve holds the session and closes the connection. A panic ends this session
// only, without update.
func (s *session) serve() {
	s.log.Info("session begins")
	defer s.srv.leave(s)
	defer s.conn.Close()
	err := errPanic
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("session failed; please report this", "panic", p, "stack", string(debug.Stack()))
		}
		s.dialog.close()
		s.out.release()
		s.log.Info("session ends", append(s.dialog.account(), "why", s.reason(err))...)
	}()
	if err = s.talk(); err == nil {
		s.dialog.close()
		linger(s.conn)
	}
}

// talk greets and carries out commands until the session is over. It returns
// nil when the last reply has left, else what kept it from leaving.
func (s *session) talk() error {
	// R1081-GREET-1. No <timestamp> while APOP is not offered: some clients
	// take it for an offer and insist.
	if err := s.say(parser.AppendOK(nil, "popper ready")); err != nil {
		return err
	}
	for s.why == "" && !s.state.Final() {
		r, err := s.next()
		if err != nil {
			return err
		}
		o := s.carryOut(r)
		if err := s.answer(o); err != nil {
			return err
		}
		s.why = o.end
	}
	return s.out.flush()
}

// Why a session ends, apart from last replies and errors of the connection.
var (
	errStopped = errors.New("cut by shutdown")
	errPanic   = errors.New("panic")
)

// reason puts into words why talk has ended.
func (s *session) reason(err error) string {
	switch {
	case err == nil && s.why != "":
		return s.why
	case err == nil:
		return "quit"
	case s.wasCut.Load():
		return errStopped.Error()
	case errors.Is(err, io.EOF):
		return "closed by the client"
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err.Error()
	case s.loggedIn.Load():
		return "idle"
	}
	return "no login in time"
}
