package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"popper/mbox/disktest"
)

func itoa(n int) string { return strconv.Itoa(n) }

func expand(format, dir string) string { return fmt.Sprintf(format, dir) }

// deliver runs popper deliver and gives what it printed and its exit code.
func (s *site) deliver(message string, args ...string) (out string, code int) {
	s.t.Helper()
	return s.run(exec.Command(binary, append([]string{"deliver"}, args...)...), message)
}

func (s *site) run(cmd *exec.Cmd, message string) (out string, code int) {
	s.t.Helper()
	cmd.Stdin = strings.NewReader(message)
	b, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// What a mail system hears: the codes of sysexits.h, and one line that tells why.
func TestDeliverExitCodes(t *testing.T) {
	s := newSite(t)
	s.write(s.dir+"/garbage", "no mailbox\n")
	if err := os.Symlink(s.mailbox, s.dir+"/link"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no such flag":     {[]string{"--bogus"}, 64, "bogus"},
		"two users":        {[]string{"ann", "bob"}, 64, "bob"},
		"two kinds":        {[]string{"-d", "ann", "bob"}, 64, "ann"},
		"quote":            {[]string{"--quote", "base64"}, 64, "mboxrd or mboxo"},
		"relative":         {[]string{"--file", "ann"}, 64, "absolute"},
		"pattern":          {[]string{"--maildrop", "/var/mail/all", "nobody"}, 64, "%u"},
		"field":            {[]string{"--file", s.mailbox, "--delivered-to", "a\nX: y"}, 64, "one line"},
		"path for a name":  {[]string{"../etc/passwd"}, 67, "begins with a dot"},
		"unknown":          {[]string{"--maildrop", s.dir + "/%u", "no-such-user-here"}, 67, "no-such-user-here"},
		"root":             {[]string{"--maildrop", s.dir + "/%u", "root"}, 77, "alias"},
		"no mailbox":       {[]string{"--file", s.dir + "/garbage"}, 75, "not a mailbox"},
		"link":             {[]string{"--file", s.dir + "/link"}, 75, "symbolic link"},
		"directory":        {[]string{"--file", s.dir}, 75, "regular file"},
		"no directory":     {[]string{"--file", s.dir + "/no/such"}, 75, "no such"},
		"too long":         {[]string{"--file", s.mailbox, "--max-size", "5"}, 65, "--max-size"},
		"size":             {[]string{"--file", s.mailbox, "--max-size", "5T"}, 64, "50M"},
		"help":             {[]string{"--help"}, 0, "--return-path"},
		"delivered, empty": {[]string{"--file", s.dir + "/new"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if (name == "unknown" || name == "root") && os.Geteuid() != 0 {
				t.Skip("SKIP: only root becomes another user")
			}
			out, code := s.deliver("Subject: x\n\nx\n", c.args...)
			if code != c.code || !strings.Contains(out, c.says) || code != 0 && strings.Count(out, "\n") != 1 {
				t.Errorf("%d, want %d: %s", code, c.code, out)
			}
		})
	}
	s.unchanged()
	if got := s.read(s.dir + "/garbage"); got != "no mailbox\n" {
		t.Errorf("garbage became %q", got)
	}
}

// MBOX-8: what stands in the maildrop afterwards: separator line, fields, quoting.
func TestDelivered(t *testing.T) {
	s := newSite(t)
	s.write(s.mailbox, "")
	for _, c := range []struct {
		env, message string
		args         []string
		want         string // "DATE" stands for the separator's
	}{
		{"", "Subject: x\n\nFrom y\n>From z\n", []string{"-f", "a@b"}, "From a@b DATE\nSubject: x\n\n>From y\n>>From z\n\n"},
		{"", "Subject: x\n\nFrom y\n>From z", []string{"-f", "<a@b>", "--quote", "mboxo"}, "From a@b DATE\nSubject: x\n\n>From y\n>From z\n\n"},
		{"SENDER=c@d", "x\n", []string{"--return-path", "--delivered-to", "ann@e"}, "From c@d DATE\nReturn-Path: <c@d>\nDelivered-To: ann@e\nx\n\n"},
		{"SENDER=", "x\n", []string{"--return-path"}, "From MAILER-DAEMON DATE\nReturn-Path: <>\nx\n\n"},
		{"", "Return-Path: <g@h>\nA: b\n\n", nil, "From g@h DATE\nReturn-Path: <g@h>\nA: b\n\n\n"},
		{"", "From old Tue Jan  2 15:04:05 2024\nA: b\r\n\r\n\x00\xff\r\n", []string{"-f", "two words\nX: y"}, "From two-words-X:-y DATE\nA: b\r\n\r\n\x00\xff\r\n\n"},
	} {
		s.write(s.mailbox, "")
		cmd := exec.Command(binary, append(append([]string{"deliver"}, c.args...), "--file", s.mailbox)...)
		cmd.Env = []string{"TZ=UTC"}
		if c.env != "" {
			cmd.Env = append(cmd.Env, c.env)
		}
		if out, code := s.run(cmd, c.message); code != 0 {
			t.Fatalf("%d: %s", code, out)
		}
		got := s.read(s.mailbox)
		head, _, _ := strings.Cut(c.want, "DATE")
		if date := len(head); len(got) > date+24 {
			got = got[:date] + "DATE" + got[date+24:]
		}
		if got != c.want {
			t.Errorf("%q %q: %q, want %q", c.message, c.args, got, c.want)
		}
	}
}

// Under the name popper-deliver it does the same.
func TestDeliverByName(t *testing.T) {
	s := newSite(t)
	name := filepath.Join(s.dir, "popper-deliver")
	if err := os.Symlink(binary, name); err != nil {
		t.Fatal(err)
	}
	if out, code := s.run(exec.Command(name, "--file", s.mailbox), "Subject: four\n\n"); code != 0 || !strings.Contains(s.read(s.mailbox), "Subject: four") {
		t.Errorf("%d: %s", code, out)
	}
}

// Run by root it is the user's process: the maildrop is his, and what he may not do
// it may not either.
func TestDeliverAsUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIP: only root becomes another user")
	}
	s := newSite(t)
	spool := filepath.Join(s.dir, "spool")
	for _, dir := range []string{filepath.Dir(s.dir), s.dir} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(spool, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, code := s.deliver("x\n", "--maildrop", spool+"/%u", "nobody"); code != 75 {
		t.Errorf("nobody could write root's directory: %d %s", code, out)
	}
	if err := os.Chmod(spool, 0o777); err != nil {
		t.Fatal(err)
	}
	if out, code := s.deliver("x\n", "--maildrop", spool+"/%u", "nobody"); code != 0 {
		t.Fatalf("%d %s", code, out)
	}
	fi, err := os.Stat(spool + "/nobody")
	if err != nil || ownerOf(fi) == 0 || fi.Mode().Perm() != 0o660 {
		t.Errorf("%v %v", fi, err)
	}
}

// MBOX-8: a full disk: the mail system tries again, and nothing half-written stays.
func TestDeliverFullDisk(t *testing.T) {
	disktest.Each(t, 4<<20, func(t *testing.T, dir string) {
		s := newSiteIn(t, dir)
		disktest.Fill(t, dir, 0)
		message := strings.Repeat("Subject: a long one\n", 20_000)
		if out, code := s.deliver(message, "--file", s.mailbox); code != 75 {
			t.Errorf("%d: %s", code, out)
		}
		s.unchanged()
		disktest.MakeRoom(t, dir)
		if out, code := s.deliver(message, "--file", s.mailbox); code != 0 {
			t.Errorf("%d: %s", code, out)
		}
	})
}

func ownerOf(fi os.FileInfo) uint32 { return fi.Sys().(*syscall.Stat_t).Uid }

// A mail system that stops tells its children: the letter is written to its end, or not
// at all, and no lock stays.
func TestDeliverSignalled(t *testing.T) {
	s := newSite(t)
	s.write(s.mailbox, "")
	message := "Subject: long\n\n" + strings.Repeat(strings.Repeat("x", 99)+"\n", 300_000)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		s.write(s.mailbox, "")
		cmd := exec.Command(binary, "deliver", "--file", s.mailbox, "-f", "a@b")
		cmd.Stdin = strings.NewReader(message)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for { // until it writes
			fi, err := os.Stat(s.mailbox)
			if err != nil {
				t.Fatal(err)
			}
			if fi.Size() > 0 || cmd.Process.Signal(syscall.Signal(0)) != nil {
				break
			}
		}
		_ = cmd.Process.Signal(sig)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
		if got := s.read(s.mailbox); !strings.HasSuffix(got, message+"\n") {
			t.Errorf("%v: %d octets", sig, len(got))
		}
		if _, err := os.Lstat(s.mailbox + ".lock"); err == nil {
			t.Errorf("%v: a lock stays", sig)
		}
	}
}
