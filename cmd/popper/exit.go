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

func usageError(format string, a ...any) error {
	return failure{exitUsage, fmt.Errorf(format, a...)}
}

func configError(format string, a ...any) error {
	return failure{exitConfig, fmt.Errorf(format, a...)}
}

// exit reports err where somebody reads it and gives the exit code. log is nil
// as long as there is none.
//
// Under inetd the standard error output is the client's socket, as are the
// other two: there the reason goes to the log, and the client is told no more
// than that there is one.
func exit(err error, log *slog.Logger) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		return 0
	}
	code := 1
	var f failure
	if errors.As(err, &f) {
		code = f.code
	}
	if !clientReadsErrors() {
		fmt.Fprintf(os.Stderr, "popper: %v\n", err)
		if code == exitUsage {
			fmt.Fprintln(os.Stderr, "popper: `popper --help` lists the flags")
		}
		return code
	}
	if log == nil {
		log, _ = syslogLogger(slog.LevelInfo)
	}
	log.Error("popper did not start", "error", err)
	fmt.Print("-ERR [SYS/PERM] this server is not set up; its log says why\r\n")
	return code
}

// clientReadsErrors tells whether what is written to standard error ends up in
// the socket on standard input.
func clientReadsErrors() bool {
	var in, errs unix.Stat_t
	return isSocket(0) && unix.Fstat(0, &in) == nil && unix.Fstat(2, &errs) == nil &&
		in.Dev == errs.Dev && in.Ino == errs.Ino
}
