package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"popper/server/passwd"
)

//go:embed demo.mbox
var demoMail []byte

// demo is `popper demo`: a server over a made-up spool in a temporary
// directory, which is removed when a signal ends it.
func demo(args []string) int {
	addr, c := "", new(config)
	f := flag.NewFlagSet("popper demo", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&addr, "listen", "127.0.0.1:1110", "")
	f.BoolVar(&c.debug, "d", false, "")
	if err := f.Parse(args); err == flag.ErrHelp {
		return exit(err)
	} else if err != nil || f.NArg() > 0 {
		return exit(usageError("it is: popper demo [--listen ADDR] [-d]"))
	}
	dir, err := os.MkdirTemp("", "popper-demo-")
	if err != nil {
		return exit(err)
	}
	defer os.RemoveAll(dir)
	return exit(serveDemo(c, dir, addr))
}

func serveDemo(c *config, dir, addr string) error {
	c.maildrop = filepath.Join(dir, "%u.mbox")
	c.state = filepath.Join(dir, "state")
	c.passwd = filepath.Join(dir, "passwd")
	if err := os.WriteFile(filepath.Join(dir, "demo.mbox"), demoMail, 0o600); err != nil {
		return err
	}
	hash, err := passwd.Hash(passwd.DefaultAlgorithm, []byte("demo"))
	if err != nil {
		return err
	}
	if _, err := passwd.Set(c.passwd, "demo", hash); err != nil {
		return err
	}
	log, _, err := openLog(c)
	if err != nil {
		return err
	}
	srv, err := newServer(c, log)
	if err != nil {
		return err
	}
	l, err := open("--listen", addr, nil)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; choose another with `popper demo --listen ADDR`, for instance 127.0.0.1:0", err)
	}
	if err != nil {
		return err
	}
	printDemo(os.Stdout, l.Addr().(*net.TCPAddr))
	return run(srv, []endpoint{{l, false, srv.Serve}}, nil, log)
}

func printDemo(w io.Writer, a *net.TCPAddr) {
	fmt.Fprintf(w, `This is popper with a made-up mailbox. It is a DEMO: everybody who can reach
%[1]s can log in. Ctrl-C ends it and removes the mailbox.

The list of messages, the first of them, and its deletion:

    curl -u demo:demo pop3://%[1]s/
    curl -u demo:demo pop3://%[1]s/1
    curl -u demo:demo -X 'DELE 1' -I pop3://%[1]s/

By hand (type USER demo, PASS demo, LIST, RETR 2, QUIT):

    telnet %[2]s %[3]d
    nc %[2]s %[3]d

In a mail program, as an incoming account:

    type POP3   server %[2]s   port %[3]d   user demo   password demo
    connection security: none   authentication: password, transmitted insecurely

`, a, a.IP, a.Port)
}
