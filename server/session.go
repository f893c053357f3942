package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strings"
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
// pipelined commands costs one write, and a single one too. Only in front of a
// QUIT that updates the maildrop they leave first: the client may have marked a
// message for deletion in the same batch that retrieves it. If they cannot leave,
// the session ends without update (R1081-QUIT-3).
//
// The body of a multi-line reply is pulled from its source piece by piece. The
// source alone writes the final dot, and only after it has seen the proper end.
// If it fails before the first octet of this answer has left, the answer is
// taken back and -ERR stands in its place; later, the connection is closed
// without the dot, which is the only way POP3 has to say "this message is not
// whole" (R1081-RETR-2).
//
// Residual risk: a client may take octets that it got before such a close for a
// whole message; one that does cannot be helped by any server. And replies that
// have left may still be lost with the connection: POP3 has no way for the client
// to say what it got, so that a client which asks for deletion in the same batch
// takes that risk.
type session struct {
	srv      *Server
	conn     net.Conn // as it was accepted
	wire     net.Conn // what commands and replies go over: conn, or what makes it private
	implicit bool     // it is to be private from the first octet on
	log      *slog.Logger
	started  time.Time
	in       *input
	out      output
	dialog   *dialog
	bad      int         // bad commands in a row
	why      string      // not empty: the session ends after this reply, and why
	loggedIn atomic.Bool // TRANSACTION was reached; Shutdown grants the grace

	ctx  context.Context         // ends when the session is cut; its cause says why
	stop context.CancelCauseFunc // ends ctx
}

func newSession(srv *Server, conn net.Conn) *session {
	log := srv.config.Log.With("peer", peer(conn))
	ctx, stop := context.WithCancelCause(context.Background())
	s := &session{
		srv:     srv,
		conn:    conn,
		wire:    conn,
		log:     log,
		started: time.Now(),
		in:      newInput(conn),
		out:     output{conn: conn},
		dialog:  newDialog(ctx, srv, log, conn),
		ctx:     ctx,
		stop:    stop,
	}
	s.out.deadline = s.deadline
	return s
}

// cut ends the session from outside, without update (R1081-QUIT-3): a command
// that waits, for a lock or for its turn to be authenticated, stops waiting, and
// no update begins any more. One that has begun is carried out.
func (s *session) cut(why error) {
	s.stop(why)
	_ = s.conn.Close()
}

// wasCut returns why the session was cut, nil if it was not.
func (s *session) wasCut() error { return context.Cause(s.ctx) }

// serve holds the session and closes the connection. A panic ends this session
// only, without update.
func (s *session) serve() {
	s.log.Info("session begins")
	defer s.conn.Close()
	defer s.srv.leave(s) // first: who sees the connection closed may count on the place
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
		linger(s.wire)
	}
}

// talk greets and carries out commands until the session is over. It returns
// nil when the last reply has left, else what kept it from leaving.
func (s *session) talk() error {
	if s.implicit {
		if err := s.makePrivate(); err != nil {
			return err
		}
	}
	if err := s.say(greeting(s.dialog.stamp)); err != nil {
		return err
	}
	for s.why == "" && !s.dialog.state.Final() {
		r, err := s.next()
		if err != nil {
			return err
		}
		if s.updates(r) {
			// What the client has not got must not be removed behind its back.
			if err := s.out.flush(); err != nil {
				return err
			}
		}
		o, err := s.carryOut(r)
		if err != nil {
			return err
		}
		if err := s.answer(o); err != nil {
			return err
		}
		if o.secure {
			if err := s.makePrivate(); err != nil {
				return err
			}
		}
		if o.intake != nil {
			if o, err = s.take(o.intake); err != nil {
				return err
			}
			if err := s.answer(o); err != nil {
				return err
			}
		}
		s.why = o.end
	}
	return s.out.flush()
}

// greeting is the first line (R1081-GREET-1). There is no timestamp while APOP is not
// offered: some clients take it for an offer and insist.
func greeting(stamp string) []byte {
	return parser.AppendOK(nil, strings.TrimSpace("popper ready "+stamp))
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
	case s.wasCut() != nil:
		return s.wasCut().Error()
	case errors.Is(err, io.EOF):
		return "closed by the client"
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err.Error()
	case s.loggedIn.Load():
		return "idle"
	}
	return "no login in time"
}
