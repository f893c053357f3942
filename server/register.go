package server

import (
	"net"
	"time"
)

// What came of a wish to begin a session.
type entry int

const (
	entered entry = iota
	full          // as many sessions as there may be, and none that could make room
	closed        // Shutdown has begun
)

// enter registers s, so that Shutdown waits for it and can cut it.
func (srv *Server) enter(s *session) entry {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.isStopping() {
		return closed
	}
	if !srv.makeRoomLocked(s) {
		return full
	}
	srv.sessions[s] = struct{}{}
	srv.ended.Add(1)
	return entered
}

// leave makes room for another session. (Shutdown goes on waiting for s until
// its connection is closed, see ServeConn.)
func (srv *Server) leave(s *session) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.sessions, s)
}

// listen registers l, so that Shutdown closes it; false after Shutdown.
func (srv *Server) listen(l net.Listener) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.isStopping() {
		return false
	}
	srv.listeners[l] = struct{}{}
	return true
}

func (srv *Server) unlisten(l net.Listener) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.listeners, l)
}

func (srv *Server) isStopping() bool {
	select {
	case <-srv.stopping:
		return true
	default:
		return false
	}
}

// sleep pauses for d or until Shutdown.
func (srv *Server) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-srv.stopping:
	}
}
