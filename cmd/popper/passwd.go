package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"popper/server/passwd"
)

// setPassword is `popper passwd`.
func setPassword(args []string) int {
	var algorithm string
	f := flag.NewFlagSet("popper passwd", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&algorithm, "algorithm", passwd.DefaultAlgorithm, "")
	if err := f.Parse(args); err == flag.ErrHelp {
		return exit(err, nil)
	} else if err != nil {
		return exit(usageError("%w", err), nil)
	}
	if f.NArg() != 2 {
		return exit(usageError("it is: popper passwd [--algorithm %s] FILE USER", strings.Join(passwd.Algorithms(), "|")), nil)
	}
	file, user := f.Arg(0), f.Arg(1)
	secret, err := readSecret(os.Stdin, os.Stderr, user)
	if err != nil {
		return exit(err, nil)
	}
	hash, err := passwd.Hash(algorithm, secret)
	if err != nil {
		return exit(err, nil)
	}
	added, err := passwd.Set(file, user, hash)
	if err != nil {
		return exit(err, nil)
	}
	if added {
		fmt.Printf("%s: user %s added\n", file, user)
	} else {
		fmt.Printf("%s: user %s has a new password\n", file, user)
	}
	return 0
}
