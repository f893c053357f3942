// Command popper is a POP3 server for mbox spools.
//
//	popper --listen ADDR --passwd FILE    a server of its own
//	popper --inetd --passwd FILE          one session on standard input and output
//	popper passwd FILE USER               sets a user's password
//	popper deliver USER                   appends a message to a maildrop
//	popper archive GROUP                  moves messages to a group's archive
//	popper demo                           a server with a made-up spool, to try
//
// It needs no privileges beyond its port, the passwd file and the spool; run it
// under an account of its own that belongs to the spool's group.
package main

import (
	"os"
	"path/filepath"
)

func main() {
	args := os.Args[1:]
	if filepath.Base(os.Args[0]) == "popper-deliver" {
		os.Exit(deliver(args))
	}
	if len(args) > 0 {
		switch args[0] {
		case "passwd":
			os.Exit(setPassword(args[1:]))
		case "deliver":
			os.Exit(deliver(args[1:]))
		case "archive":
			os.Exit(archive(args[1:]))
		case "demo":
			os.Exit(demo(args[1:]))
		}
	}
	os.Exit(serve(args))
}
