package main_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestDemo(t *testing.T) {
	tmp := t.TempDir()
	p := start(t, func(c *exec.Cmd) { c.Env = append(os.Environ(), "TMPDIR="+tmp) },
		binary, "demo", "--listen", "127.0.0.1:0")
	addr := p.find(`curl -u demo:demo pop3://(\S+)/1\n`)[1]
	p.find("DEMO")
	p.find("telnet 127.0.0.1 ")
	c := dial(t, addr)
	c.ask("USER demo", "+OK")
	c.ask("PASS demo", "+OK")
	c.ask("STAT", "+OK 5 ")
	for _, m := range []struct{ command, want string }{
		{"RETR 1", "Subject: Welcome"},
		{"RETR 2", "\r\n.\r\n"},
		{"RETR 3", "\r\nFrom here it is not"},
		{"RETR 4", "日本語"},
		{"RETR 5", "image/png"},
	} {
		c.ask(m.command, "+OK")
		if got := c.lines(); !strings.Contains(got, m.want) {
			t.Errorf("%s: no %q in %q", m.command, m.want, got)
		}
	}
	c.ask("DELE 1", "+OK")
	c.ask("QUIT", "+OK")
	c.Close()
	p.signal(syscall.SIGINT)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if left, _ := os.ReadDir(tmp); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
