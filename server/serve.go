package server

import (
	"errors"
	"net"
	"time"

	"popper/parser"
)

// Serve accepts connections of l, each served by a goroutine of its own, until
// Shutdown; then it returns nil. It closes l. An accept that fails (no free
// descriptor, a client that has already gone) is logged and tried again after a
// growing pause; only a listener that was closed by someone else ends Serve
// with an error.
func (srv *Server) Serve(l net.Listener) error { return srv.accept(l, srv.ServeConn) }

// ServeTLS does the same for connections that are private from the first octet on
// (RFC 8314). It panics if Config.Security is nil.
func (srv *Server) ServeTLS(l net.Listener) error { return srv.accept(l, srv.ServeConnTLS) }

func (srv *Server) accept(l net.Listener, serve func(net.Conn)) error {
	defer l.Close()
	if !srv.listen(l) {
		return nil
	}
	defer srv.unlisten(l)
	pause := acceptPauseMin
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = acceptPauseMin
			go serve(conn)
		case srv.isStopping():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default:
			srv.config.Log.Error("accept failed; if descriptors ran out, raise the limit on open files",
				"address", l.Addr(), "err", err, "pause", pause)
			srv.sleep(pause)
			pause = min(2*pause, acceptPauseMax)
		}
	}
}

// ServeConn holds one session to its end and closes conn. After Shutdown has
// begun it only closes conn. When there are too many sessions, an older one makes
// room (room.go), or conn is told so and closed.
func (srv *Server) ServeConn(conn net.Conn) { srv.serveConn(conn, false) }

// ServeConnTLS does the same on a connection that is private from the first octet on
// (RFC 8314). It panics if Config.Security is nil.
func (srv *Server) ServeConnTLS(conn net.Conn) {
	if srv.config.Security == nil {
		panic("server: Config.Security is nil")
	}
	srv.serveConn(conn, true)
}

func (srv *Server) serveConn(conn net.Conn, implicit bool) {
	defer conn.Close()
	if c, ok := conn.(interface{ SetNoDelay(bool) error }); ok {
		// Go does so for sockets that it opened, not always for inherited ones.
		_ = c.SetNoDelay(true)
	}
	s := newSession(srv, conn)
	s.implicit = implicit
	switch srv.enter(s) {
	case entered:
		defer srv.ended.Done()
		s.serve()
	case full:
		s.log.Warn("connection refused: too many sessions, all logged in; raise their maximum", "maximum", srv.config.MaxSessions)
		if implicit {
			return // there is no TLS yet in which to tell the client
		}
		_ = conn.SetWriteDeadline(time.Now().Add(refuseTime))
		_, _ = conn.Write(parser.AppendErr(nil, "[SYS/TEMP] service unavailable: too many sessions, wait and try again"))
	}
}

// Shutdown ends all sessions and returns when the last one has ended: there
// will be no new ones; those in AUTHORIZATION end at once; those in TRANSACTION
// get Config.Grace to go on and are then cut (see Cut). An update that has begun
// is always carried out to its end.
func (srv *Server) Shutdown() {
	srv.stop()
	ended := make(chan struct{})
	go func() {
		srv.ended.Wait()
		close(ended)
	}()
	grace := time.NewTimer(srv.config.Grace)
	defer grace.Stop()
	select {
	case <-ended:
		return
	case <-grace.C:
	}
	srv.Cut()
	<-ended
}

// Cut ends the grace of Shutdown: all sessions are cut now, without update
// (R1081-QUIT-3), and there will be no new ones. It returns at once; Shutdown waits
// for their ends, and for updates that have begun.
func (srv *Server) Cut() {
	srv.stop()
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.cutLocked(func(*session) bool { return true })
}

// stop lets nobody in any more and cuts the sessions that are not logged in.
// A session that logs in at this very moment may be cut or get the grace.
func (srv *Server) stop() {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.isStopping() {
		return
	}
	close(srv.stopping)
	for l := range srv.listeners {
		_ = l.Close()
	}
	srv.cutLocked(func(s *session) bool { return !s.loggedIn.Load() })
}

func (srv *Server) cutLocked(which func(*session) bool) {
	for s := range srv.sessions {
		if which(s) {
			s.cut(errStopped)
		}
	}
}
