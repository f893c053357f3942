package server

import (
	"errors"
	"net"
	"net/netip"
)

// Who gets a place when there are too few.
//
// Connecting and saying nothing costs a stranger next to nothing, so a place is
// not his who came first, but his who gives a password. When all places are
// taken, the oldest session without one is pushed out for the newcomer. Besides,
// the sessions without a password of one network are only a share of all
// (networkShare); beyond it the network's own oldest is pushed out. Whoever has
// given his password is never pushed out: the newcomer is refused.
//
// Loopback addresses and connections without an address have no such share: a
// proxy on this machine speaks for all its clients.
//
// Residual risk: strangers in many networks who connect faster than n times a
// second leave everybody Config.MaxSessions/n seconds to log in.

// errNoRoom is why a session was pushed out.
var errNoRoom = errors.New("no login yet, and another client wants the place; if these are honest clients, raise the maximum of sessions")

// makeRoomLocked tells whether there is a place for s, after it has pushed out
// whoever must make it.
func (srv *Server) makeRoomLocked(s *session) bool {
	var oldest, neighbour *session // of those without a password
	neighbours := 0
	for o := range srv.sessions {
		if o.dialog.known.Load() {
			continue
		}
		oldest = older(oldest, o)
		if network := s.dialog.network; network.IsValid() && o.dialog.network == network {
			neighbour = older(neighbour, o)
			neighbours++
		}
	}
	limit := srv.config.MaxSessions
	switch {
	case neighbours >= max(1, limit/networkShare):
		oldest = neighbour
	case len(srv.sessions) < limit:
		return true
	case oldest == nil:
		return false
	}
	delete(srv.sessions, oldest) // Shutdown goes on waiting for it, see ServeConn
	oldest.cut(errNoRoom)
	return true
}

func older(a, b *session) *session {
	if a == nil || b.started.Before(a.started) {
		return b
	}
	return a
}

// network is what one client can easily have of addresses: one of IPv4, 2^64 of
// IPv6. It is not valid for connections that have no share.
func network(conn net.Conn) netip.Prefix {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	if addr.IsLoopback() {
		return netip.Prefix{}
	}
	p, _ := addr.Prefix(min(addr.BitLen(), 64))
	return p
}
