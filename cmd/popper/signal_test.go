package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// insist sends a signal again and again until the program ends.
func (p *process) insist(sig syscall.Signal) {
	p.t.Helper()
	for late := time.After(patience); ; {
		_ = p.Process.Signal(sig)
		select {
		case <-p.exited:
			return
		case <-late:
			p.t.Fatalf("does not end: %s", p.out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// The second signal ends the grace. It is no death in the middle of an update:
// what QUIT has begun is carried out, and the exit code says that all is well.
func TestSecondSignalEndsGrace(t *testing.T) {
	s := newSite(t)
	p, addr := s.listen("--grace", "10m")
	c := dial(t, addr)
	c.login()
	c.ask("DELE 1", "+OK")
	p.signal(syscall.SIGTERM)
	p.find("msg=stopping")
	p.insist(syscall.SIGTERM)
	if code := p.code(); code != 0 || !strings.Contains(p.out.String(), "msg=stopped") {
		t.Errorf("exit code %d, %s", code, p.out.String())
	}
	s.unchanged() // R1081-QUIT-3
}

// A QUIT that still waits for the delivery lock when the grace ends removes nothing,
// and does not keep popper from ending.
func TestSecondSignalEndsLockWait(t *testing.T) {
	s := newSite(t)
	p, addr := s.listen("--grace", "10m", "--lock-wait", "10m", "--locks", "dotlock", "-d")
	c := dial(t, addr)
	c.login()
	c.ask("DELE 1", "+OK")
	s.write(s.mailbox+".lock", fmt.Sprint(os.Getpid()))
	if _, err := fmt.Fprint(c, "QUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	p.find("QUIT")
	p.insist(syscall.SIGTERM)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d, %s", code, p.out.String())
	}
	s.unchanged() // R1081-QUIT-3
}

// timeout(1) and terminals send a signal twice, to the process and to its group:
// the repeat is not a second signal.
func TestRepeatedSignalLeavesGrace(t *testing.T) {
	s := newSite(t)
	p, addr := s.listen("--grace", "10m")
	c := dial(t, addr)
	c.login()
	p.signal(syscall.SIGTERM)
	p.signal(syscall.SIGINT)
	p.find("msg=stopping")
	c.ask("DELE 1", "+OK")
	c.ask("QUIT", "+OK")
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if !strings.HasPrefix(s.read(s.mailbox), "From b") {
		t.Error("message 1 was not removed")
	}
}

// nohup and shells start programs with signals ignored: that is respected.
func TestInheritedIgnoredSignals(t *testing.T) {
	s := newSite(t)
	p := start(t, nil, "/bin/sh", append([]string{"-c", `trap '' HUP INT; exec "$0" "$@"`, binary},
		s.flags("--listen", "127.0.0.1:0", "--grace", "0s")...)...)
	addr := p.find(`msg=listening addr=(\S+)`)[1]
	p.signal(syscall.SIGHUP)
	p.signal(syscall.SIGINT)
	s.session(dial(t, addr))
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != 0 || strings.Count(p.out.String(), "msg=stopping") != 1 ||
		!strings.Contains(p.out.String(), "signal=terminated") {
		t.Errorf("exit code %d, %s", code, p.out.String())
	}
}

// SIGHUP after a rotation of the trace: the new file is written, the old is let
// go, and nobody is thrown out.
func TestHangupReopensTrace(t *testing.T) {
	for _, how := range []string{"listen", "inetd"} {
		s := newSite(t)
		var p *process
		var c *client
		if how == "listen" {
			port := freePort(t)
			p = start(t, nil, binary, s.flags("--listen", "127.0.0.1:"+port, "-d", "-t", s.trace)...)
			c = greet(t, retry(t, "127.0.0.1:"+port))
		} else {
			q, conn := s.inherit(s.flags("-d", "-t", s.trace)...)
			p, c = q, greet(t, conn)
		}
		c.ask("USER ann", "+OK")
		if err := os.Rename(s.trace, s.trace+".1"); err != nil {
			t.Fatal(err)
		}
		p.signal(syscall.SIGHUP)
		s.waitTrace("reopened")
		c.login()
		s.waitTrace("USER ann")
		if old := s.read(s.trace + ".1"); strings.Count(old, "USER ann") != 1 {
			t.Errorf("%s: the old trace goes on: %q", how, old)
		}
		for fd, to := range descriptors(t, p) {
			if strings.HasPrefix(to, s.trace+".1") {
				t.Errorf("%s: descriptor %s keeps the old trace", how, fd)
			}
		}
	}
}

// A trace that cannot be opened again is no reason to stop: the old one serves on.
func TestHangupKeepsTrace(t *testing.T) {
	s := newSite(t)
	p, conn := s.inherit(s.flags("-t", s.trace)...)
	c := greet(t, conn)
	if err := os.Rename(s.trace, s.trace+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.trace, 0o700); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	s.trace += ".1"
	s.waitTrace("cannot be opened again")
	s.session(c)
	s.waitTrace("session ends")
}

// One signal ends a session on a terminal, whose input nobody types, and the
// terminal is left as it was.
func TestStopOnTerminal(t *testing.T) {
	for _, login := range []bool{false, true} {
		s := newSite(t)
		master, slave := terminal(t)
		p := start(t, func(c *exec.Cmd) {
			c.Stdin, c.Stdout = slave, slave
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		}, binary, s.flags("--inetd", "--grace", "0s", "-t", s.trace)...)
		s.waitTrace("session begins")
		if login {
			if _, err := master.WriteString("USER ann\nPASS " + secret + "\nDELE 1\n"); err != nil {
				t.Fatal(err)
			}
			s.waitTrace("msg=login")
		}
		p.signal(syscall.SIGTERM)
		if code := p.code(); code != 0 {
			t.Errorf("login %v: exit code %d", login, code)
		}
		s.unchanged()
		if flags, err := unix.FcntlInt(slave.Fd(), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != 0 {
			t.Errorf("login %v: the terminal is left in non-blocking mode (%v)", login, err)
		}
	}
}

// The idle limit holds on a terminal as well (R1939-TIME-1).
func TestIdleTerminal(t *testing.T) {
	s := newSite(t)
	_, slave := terminal(t)
	p := start(t, func(c *exec.Cmd) { c.Stdin, c.Stdout = slave, slave },
		binary, s.flags("--inetd", "--idle-timeout", "100ms", "-t", s.trace)...)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
