package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"popper/server"
	"popper/server/passwd"
)

// serve is popper without a sub-command.
func serve(args []string) int {
	c, err := parse(args)
	if err != nil {
		return exit(err, nil)
	}
	if c.version {
		fmt.Println("popper", version())
		return 0
	}
	log, trace, err := openLog(c)
	if err != nil {
		return exit(err, nil)
	}
	srv, err := newServer(c, log)
	if err != nil {
		return exit(err, log)
	}
	if c.inetd {
		stopOnSignal(srv, log)
		err = serveClient(srv, trace, log)
	} else {
		err = listen(srv, c.listen, log)
	}
	return exit(err, log)
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
	if err := makeState(c.state); err != nil {
		return nil, configError("--state: %w", err)
	}
	s := c.server()
	s.Accounts, s.Log = accounts, log
	return server.New(s), nil
}

// makeState makes popper's own directory, or looks whether it is fit: whoever
// could write it could lock every user out of his mail.
func makeState(dir string) error {
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
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("%s: %w: make it writable for the user that popper runs as (chown USER %s)", dir, err, dir)
	}
	return nil
}

// listen serves on all addresses until a signal. All of them are opened before
// the first client is served.
func listen(srv *server.Server, addrs []string, log *slog.Logger) error {
	var listeners []net.Listener
	for _, addr := range addrs {
		l, err := open(addr)
		if err != nil {
			return err
		}
		defer l.Close()
		listeners = append(listeners, l)
	}
	return run(srv, listeners, log)
}

func open(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, configError("--listen: %w%s", err, mendListen(err))
	}
	return l, nil
}

// run serves until a signal has stopped the server, or a listener fails.
func run(srv *server.Server, listeners []net.Listener, log *slog.Logger) error {
	stopped := stopOnSignal(srv, log)
	errs := make([]error, len(listeners))
	var all sync.WaitGroup
	for i, l := range listeners {
		log.Info("listening", "addr", l.Addr().String())
		all.Go(func() {
			if errs[i] = srv.Serve(l); errs[i] != nil {
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

func mendListen(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return ": another program has that port"
	case errors.Is(err, syscall.EACCES):
		return ": ports below 1024 need root or the capability CAP_NET_BIND_SERVICE"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return ": no interface of this machine has that address"
	}
	return ""
}

// stopOnSignal makes the first SIGTERM, SIGINT or SIGHUP stop the server
// gracefully, which closes the channel when it is done, and the second at once.
// Either way nothing is removed from a maildrop whose user has not said QUIT
// (R1081-QUIT-3).
func stopOnSignal(srv *server.Server, log *slog.Logger) <-chan struct{} {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	// A log that nobody reads any more (popper 2>&1 | head) must not kill the
	// program, least of all in the middle of an update.
	signal.Ignore(syscall.SIGPIPE)
	stopped := make(chan struct{})
	go func() {
		log.Info("stopping", "signal", (<-signals).String())
		go func() {
			srv.Shutdown()
			close(stopped)
		}()
		log.Warn("stopping at once", "signal", (<-signals).String())
		os.Exit(1)
	}()
	return stopped
}
