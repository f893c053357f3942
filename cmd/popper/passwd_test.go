package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPasswd(t *testing.T) {
	s := newSite(t)
	file := filepath.Join(s.dir, "users")
	set := func(input string, args ...string) *process {
		return start(t, func(c *exec.Cmd) { c.Stdin = strings.NewReader(input) }, binary, append([]string{"passwd"}, args...)...)
	}
	for _, c := range []struct{ flag, prefix string }{
		{"", "$y$"}, {"yescrypt", "$y$"}, {"sha512", "$6$"}, {"bcrypt", "$2b$"}, {"argon2id", "$argon2id$"},
	} {
		args := []string{file, "ann"}
		if c.flag != "" {
			args = append([]string{"--algorithm", c.flag}, args...)
		}
		p := set(secret+"\nnot part of it\n", args...)
		if p.code() != 0 {
			t.Fatalf("%v: %s", args, p.out.String())
		}
		got := s.read(file)
		if !strings.HasPrefix(got, "ann:"+c.prefix) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s: %q", c.flag, got)
		}
		if strings.Contains(p.out.String(), "Xyzzy") {
			t.Errorf("the password is shown: %q", p.out.String())
		}
		_, addr := s.listen("--passwd", file)
		client := dial(t, addr)
		client.login()
		client.ask("QUIT", "+OK")
	}
	if fi, _ := os.Stat(file); fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", fi.Mode())
	}

	before := s.read(file)
	for _, c := range []struct {
		input, user, want string
		code              int
	}{
		{"", "ann", "no password", 1},
		{"\n", "ann", "empty", 1},
		{strings.Repeat("x", 300) + "\n", "ann", "octets", 1},
		{"x\n", "../ann", "dot", 64},
		{"x\n", "a/b", "'/'", 64},
	} {
		p := set(c.input, file, c.user)
		if p.code() != c.code || !strings.Contains(p.out.String(), c.want) {
			t.Errorf("%+v: %q", c, p.out.String())
		}
	}
	if got := s.read(file); got != before {
		t.Errorf("the file became %q", got)
	}
}

// What cannot be done is said before a password is typed: standard input stays open
// and gives nothing.
func TestPasswdChecksFirst(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--algorithm", "plain", s.passwd, "ann"}, 64, "yescrypt"},
		{[]string{s.passwd, "a:b"}, 64, "user name"},
		{[]string{s.dir, "ann"}, 78, "not a regular file"},
		{[]string{s.dir + "/none/passwd", "ann"}, 78, "make the directory"},
		{[]string{"/proc/passwd", "ann"}, 78, "/proc"},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p := start(t, func(cmd *exec.Cmd) { cmd.Stdin = r }, binary, append([]string{"passwd"}, c.args...)...)
		r.Close()
		if code := p.code(); code != c.code || !strings.Contains(p.out.String(), c.want) {
			t.Errorf("%v: exit code %d, %q", c.args, code, p.out.String())
		}
		w.Close()
	}
	if left, _ := os.ReadDir(s.dir); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}

// Who may not change the file is told who may, not how the server could read it.
func TestPasswdWithoutRights(t *testing.T) {
	if os.Getuid() != 0 {
		skip(t, "root") // the test gives its privileges away
	}
	setpriv := need(t, "setpriv")
	s := newSite(t)
	for _, dir := range []string{filepath.Dir(s.dir), s.dir} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"unreadable": 0o600, "readable": 0o644} {
		if err := os.Chmod(s.passwd, mode); err != nil {
			t.Fatal(err)
		}
		p := start(t, func(c *exec.Cmd) { c.Dir = "/" }, setpriv, "--reuid=65534", "--regid=65534", "--clear-groups",
			"--bounding-set=-all", binary, "passwd", s.passwd, "ann")
		if code := p.code(); code != 78 || !strings.Contains(p.out.String(), "as root") || strings.Contains(p.out.String(), "chgrp") {
			t.Errorf("%s: exit code %d, %q", name, code, p.out.String())
		}
	}
}

// On a terminal the password is asked for twice and never echoed, and the
// echo is back afterwards, also after Ctrl-C.
func TestPasswdOnTerminal(t *testing.T) {
	s := newSite(t)
	file := filepath.Join(s.dir, "users")
	for _, c := range []struct {
		name, first, second string
		code                int
	}{
		{"same", secret, secret, 0},
		{"different", secret, secret + "x", 1},
		{"interrupted", secret, "\x03", 1},
	} {
		os.Remove(file)
		master, slave := terminal(t)
		p := start(t, func(cmd *exec.Cmd) {
			cmd.Stdin = slave
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		}, binary, "passwd", "--algorithm", "bcrypt", file, "ann")
		p.find("Password for ann: ")
		if _, err := master.WriteString(c.first + "\n"); err != nil {
			t.Fatal(err)
		}
		p.find("again: ")
		if c.second != "\x03" {
			c.second += "\n"
		}
		if _, err := master.WriteString(c.second); err != nil {
			t.Fatal(err)
		}
		if code := p.code(); code != c.code {
			t.Errorf("%s: exit code %d, %q", c.name, code, p.out.String())
		}
		if _, err := os.Stat(file); (err == nil) != (c.code == 0) {
			t.Errorf("%s: file: %v", c.name, err)
		}
		mode, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
		if err != nil || mode.Lflag&unix.ECHO == 0 {
			t.Errorf("%s: the echo stays off", c.name)
		}
		if shown := available(t, master); strings.Contains(shown, "Xyzzy") {
			t.Errorf("%s: the terminal shows %q", c.name, shown)
		}
	}
}

// available reads what a terminal has shown so far.
func available(t *testing.T, master *os.File) string {
	t.Helper()
	fd := int(master.Fd())
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, _ := unix.Read(fd, b)
	return string(b[:max(n, 0)])
}

// terminal makes a pseudo terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		skip(t, "pseudo terminals")
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		skip(t, "pseudo terminals")
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}
