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
		return exit(err)
	} else if err != nil {
		return exit(usageError("%w", err))
	}
	if f.NArg() != 2 {
		return exit(usageError("it is: popper passwd [--algorithm %s] FILE USER", strings.Join(passwd.Algorithms(), "|")))
	}
	return exit(changePassword(f.Arg(0), f.Arg(1), algorithm))
}

// changePassword looks whether all is well before it asks for the password.
func changePassword(file, user, algorithm string) error {
	if err := passwd.CheckAlgorithm(algorithm); err != nil {
		return usageError("--algorithm: %w", err)
	}
	if err := passwd.CheckName(user); err != nil {
		return usageError("%w", err)
	}
	if err := passwd.CheckFile(file); err != nil {
		return configError("%w", err)
	}
	secret, err := readSecret(os.Stdin, os.Stderr, user)
	if err != nil {
		return err
	}
	hash, err := passwd.Hash(algorithm, secret)
	if err != nil {
		return err
	}
	added, err := passwd.Set(file, user, hash)
	if err != nil {
		return configError("%w", err)
	}
	if added {
		fmt.Printf("%s: user %s added\n", file, user)
	} else {
		fmt.Printf("%s: user %s has a new password\n", file, user)
	}
	return nil
}
