package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"popper/server"
	"popper/server/bboards"
	"popper/server/passwd"
)

// serve is popper without a sub-command.
func serve(args []string) int {
	c, err := parse(args)
	if err != nil {
		return exitServer(c, err, nil)
	}
	if c.version {
		fmt.Println("popper", version())
		return 0
	}
	log, trace, err := openLog(c)
	if err != nil {
		return exitServer(c, err, nil)
	}
	return exitServer(c, start(c, trace, log), log)
}

// start serves until all is over, or returns what kept it from that.
func start(c *config, trace *os.File, log *slog.Logger) error {
	if c.inetd && isListening(0) {
		return configError("standard input is a listening socket, and popper serves one client that was accepted: " +
			"write nowait (inetd), wait = no (xinetd) or Accept=yes (systemd)")
	}
	srv, err := newServer(c, log)
	if err != nil {
		return err
	}
	if c.inetd {
		handleSignals(srv, trace, log)
		serve := srv.ServeConn
		if c.inetdTLS {
			serve = srv.ServeConnTLS
		}
		return serveClient(serve, trace, log)
	}
	return listen(srv, c, trace, log)
}

func version() string {
	if b, ok := debug.ReadBuildInfo(); ok {
		return b.Main.Version
	}
	return "(unknown)"
}

// newServer checks everything that the flags name before anything is served.
func newServer(c *config, log *slog.Logger) (*server.Server, error) {
	accounts, err := passwd.Open(c.passwd, c.maildrop, log)
	if err != nil {
		return nil, configError("--passwd: %w", err)
	}
	if err := makeOwn(c.state); err != nil {
		return nil, configError("--state: %w", err)
	}
	if c.journal != "" {
		if err := makeOwn(c.journal); err != nil {
			return nil, configError("--journal: %w", err)
		}
	}
	s := c.server()
	s.Accounts, s.Log = accounts, log
	if err := errors.Join(c.tlsFlags.open(&s, log), c.loginFlags.open(&s, accounts, log)); err != nil {
		return nil, err
	}
	if c.groups != "" {
		if s.Groups, err = bboards.Open(c.groups, s.Maildrop, log); err != nil {
			return nil, configError("--groups: %w", err)
		}
	}
	if s.Submission, err = c.submitFlags.open(); err != nil {
		return nil, err
	}
	if c.rpop != "" {
		if s.Trusted, err = readTrust(c.rpop); err != nil {
			return nil, configError("--rpop: %w", err)
		}
	}
	return server.New(s), nil
}

// makeOwn makes a directory of popper's own, or looks whether it is fit: whoever
// could write it could lock every user out of his mail. Root keeps out of another
// user's: what it leaves there, that user could not open later.
func makeOwn(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: make it for the user that popper runs as (install -d -m 700 -o USER %s), or name another", err, dir)
	}
	fi, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if fi.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s can be written by others: chmod go-w it, or name a directory that is popper's alone", dir)
	}
	if owner := fi.Sys().(*syscall.Stat_t).Uid; os.Geteuid() == 0 && owner != 0 {
		return fmt.Errorf("%s belongs to uid %d, and popper runs as root: run it as that user (setpriv --reuid %[2]d), "+
			"whom the files that root makes there would lock out, or name another directory", dir, owner)
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("%s: %w: make it writable for the user that popper runs as (chown USER %s)", dir, err, dir)
	}
	return nil
}

// endpoint is a listener, and what serves those who connect to it.
type endpoint struct {
	net.Listener
	tls   bool // from the first octet on
	serve func(net.Listener) error
}

// listen serves on all addresses until a signal. All of them are opened before
// the first client is served.
func listen(srv *server.Server, c *config, trace *os.File, log *slog.Logger) error {
	var all []endpoint
	for _, group := range []struct {
		flag  string
		addrs []string
		tls   bool
		serve func(net.Listener) error
	}{{"--listen", c.listen, false, srv.Serve}, {"--listen-tls", c.listenTLS, true, srv.ServeTLS}} {
		for _, addr := range group.addrs {
			l, err := open(group.flag, addr, all)
			if err != nil {
				return err
			}
			defer l.Close()
			all = append(all, endpoint{l, group.tls, group.serve})
		}
	}
	return run(srv, all, trace, log)
}

// open listens on addr. ours are the listeners that there are already.
func open(flag, addr string, ours []endpoint) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, configError("%s: %w%s", flag, err, mendListen(err, ours))
	}
	return l, nil
}

func mendListen(err error, ours []endpoint) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && overlaps(err, ours):
		return ": another --listen of this command line has that address already"
	case errors.Is(err, syscall.EADDRINUSE):
		return ": another program has that port"
	case errors.Is(err, syscall.EACCES):
		return ": ports below 1024 need root or the capability CAP_NET_BIND_SERVICE"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return ": no interface of this machine has that address"
	}
	return ""
}

// overlaps tells whether the address that err is about is that of a listener, or
// one of them stands for all addresses.
func overlaps(err error, ours []endpoint) bool {
	var op *net.OpError
	if !errors.As(err, &op) {
		return false
	}
	a, ok := op.Addr.(*net.TCPAddr)
	return ok && slices.ContainsFunc(ours, func(l endpoint) bool {
		b := l.Addr().(*net.TCPAddr)
		return a.Port == b.Port && (a.IP.Equal(b.IP) || len(a.IP) == 0 || a.IP.IsUnspecified() || b.IP.IsUnspecified())
	})
}

// run serves until a signal has stopped the server, or a listener fails.
func run(srv *server.Server, listeners []endpoint, trace *os.File, log *slog.Logger) error {
	stopped := handleSignals(srv, trace, log)
	errs := make([]error, len(listeners))
	var all sync.WaitGroup
	for i, l := range listeners {
		log.Info("listening", "addr", l.Addr().String(), "tls", l.tls)
		all.Go(func() {
			if errs[i] = l.serve(l.Listener); errs[i] != nil {
				srv.Shutdown()
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	<-stopped
	log.Info("stopped")
	return nil
}
