package main

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"popper/server"
)

// repeatTime is how long after the first signal others are taken for its repeats:
// timeout(1) and terminals send one to the process and one to its group.
const repeatTime = time.Second

// notify asks for signals, except those that whoever started popper has had
// ignored: nohup, and shells for what runs in the background.
func notify(signals ...os.Signal) chan os.Signal {
	c := make(chan os.Signal, 4)
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	return c
}

// handleSignals makes SIGTERM and SIGINT stop the server gracefully, which closes
// the channel when it is done. Another one, later, ends the grace: sessions are cut,
// and nothing is removed from a maildrop whose user has not said QUIT
// (R1081-QUIT-3); but an update that has begun is waited for.
//
// SIGHUP opens the trace again, for those who rotate logs. Without a trace it is
// what a terminal sends that goes away, and stops the server too.
func handleSignals(srv *server.Server, trace *os.File, log *slog.Logger) <-chan struct{} {
	// A log that nobody reads any more (popper 2>&1 | head) must not kill the
	// program, least of all in the middle of an update.
	signal.Ignore(syscall.SIGPIPE)
	stopped := make(chan struct{})
	signals := notify(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() {
		var since time.Time // when the server began to stop
		for s := range signals {
			switch {
			case s == syscall.SIGHUP && trace != nil:
				reopenTrace(trace, log)
			case since.IsZero():
				since = time.Now()
				log.Info("stopping", "signal", s.String())
				go func() {
					srv.Shutdown()
					close(stopped)
				}()
			case time.Since(since) > repeatTime:
				log.Warn("the grace is over: sessions are cut, updates that have begun are finished", "signal", s.String())
				srv.Cut()
			}
		}
	}()
	return stopped
}
