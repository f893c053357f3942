package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"
)

// Exit codes, those of sysexits.h.
const (
	exitUsage  = 64 // the command line makes no sense
	exitConfig = 78 // it does, but what it names cannot be used
)

// failure is an error that ends the program before it serves anything.
type failure struct {
	code int
	error
}

func (f failure) Unwrap() error { return f.error }

func usageError(format string, a ...any) error {
	return failure{exitUsage, fmt.Errorf(format, a...)}
}

func configError(format string, a ...any) error {
	return failure{exitConfig, fmt.Errorf(format, a...)}
}

// exit reports err on the standard error output and gives the exit code.
func exit(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		return 0
	}
	fmt.Fprintf(os.Stderr, "popper: %v\n", err)
	code := exitCode(err)
	if code == exitUsage {
		fmt.Fprintln(os.Stderr, "popper: `popper --help` lists the flags")
	}
	return code
}

func exitCode(err error) int {
	var f failure
	if errors.As(err, &f) {
		return f.code
	}
	return 1
}

// exitServer does the same for a server, and tells its log. There may be a client
// already: that one is told that something is wrong, and what it is goes to the
// standard error output only if that is not the client's socket too, as under inetd. c is what is known
// of the command line; log is nil as long as there is none.
func exitServer(c *config, err error, log *slog.Logger) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exit(err)
	}
	client := isSocket(0) && (sameFile(0, 2) || c.inetd || !c.listens())
	if log == nil && client {
		log, _ = syslogLogger(slog.LevelInfo)
	}
	if log != nil && (client || c.inetd || c.syslog || c.trace != "") { // else it is the standard error output
		log.Error("popper cannot serve", "error", err)
	}
	if client {
		// Descriptor 0, since 1 may lead elsewhere, and a broken pipe on 1 kills.
		if !c.inetdTLS { // else there is no TLS yet in which to tell
			fmt.Fprint(os.Stdin, "-ERR [SYS/PERM] service unavailable: this server is not set up, and its log says why\r\n")
		}
		if sameFile(0, 2) {
			return exitCode(err)
		}
	}
	return exit(err)
}

// sameFile tells whether two descriptors are of one file or socket.
func sameFile(a, b int) bool {
	var x, y unix.Stat_t
	return unix.Fstat(a, &x) == nil && unix.Fstat(b, &y) == nil && x.Dev == y.Dev && x.Ino == y.Ino
}
