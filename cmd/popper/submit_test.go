package main_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// transmit sends a message by XTND XMIT and gives the second reply.
func (c *client) transmit(message string) string {
	c.t.Helper()
	c.ask("XTND XMIT", "+OK")
	if _, err := fmt.Fprint(c, message, ".\r\n"); err != nil {
		c.t.Fatal(err)
	}
	return c.line()
}

const outgoing = "To: bob@example.net\r\nSubject: hello\r\n\r\n..\r\n"

// BERK-XMIT-1, BERK-XMIT-3: over a socket, through a program that the test wrote.
func TestTransmit(t *testing.T) {
	s := newSite(t)
	program := filepath.Join(s.dir, "sendmail")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ncat >'"+s.dir+"/out'\ngrep -q '^Subject: no' '"+s.dir+"/out' && { echo no such user; exit 67; }\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, addr := s.listen("--sendmail", program, "--mail-domain", "example.org", "--max-message", "1K")
	c := dial(t, addr)
	c.login()
	if got := c.transmit(outgoing); got != "+OK message accepted" {
		t.Fatal(got)
	}
	out := s.read(s.dir + "/out")
	if !strings.HasSuffix(out, "\n\n.\n") || !strings.Contains(out, "\nFrom: ann@example.org\n") {
		t.Errorf("sent %q", out)
	}
	if got := c.transmit("To: bob@example.net\r\nSubject: no\r\n\r\n"); got != "-ERR message not sent: a recipient is unknown: no such user" {
		t.Error(got)
	}
	if got := c.transmit(outgoing + strings.Repeat("x", 1000) + "\r\n"); !strings.HasPrefix(got, "-ERR [SYS/PERM]") {
		t.Error(got)
	}
	if err := os.Remove(s.dir + "/out"); err != nil {
		t.Fatal(err)
	}
	c.ask("XTND XMIT", "+OK")
	fmt.Fprint(c, "To: bob@example.net\r\n\r\nhalf a mess")
	c.Close()
	c = dial(t, addr)
	c.login() // the other session is over
	c.ask("QUIT", "+OK")
	if _, err := os.Stat(s.dir + "/out"); err == nil {
		t.Error("half a message was sent")
	}
}

// BERK-XMIT-1, BERK-XMIT-2 with a real mail system: postfix, in directories of the
// test's own, delivers to a maildrop here, and popper serves it back.
func TestTransmitPostfix(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIP: postfix can be started by root only")
	}
	p := startPostfix(t)
	s := p.site
	_, addr := s.listen("--sendmail", p.sendmail, "--mail-domain", "popper.test")
	c := dial(t, addr)
	c.login()
	if got := c.transmit("To: ann@popper.test\r\nBcc: nobody@popper.test\r\nSubject: by postfix\r\n\r\n..\r\nFrom here\r\n"); got != "+OK message accepted" {
		t.Fatalf("%s\n%s", got, p.log())
	}
	c.ask("QUIT", "+OK")
	c.Close()
	text := p.await("Subject: by postfix", addr)
	header, body, _ := strings.Cut(text, "\r\n\r\n")
	for _, field := range []string{"From: ann@popper.test", "Date: ", "Message-ID: <", "To: ann@popper.test", "Received: ", "Return-Path: <ann@popper.test>"} {
		if !strings.Contains("\r\n"+header, "\r\n"+field) && !strings.Contains("\r\n"+header, "\r\n"+strings.Replace(field, "ID", "Id", 1)) {
			t.Errorf("no %q in %q", field, header)
		}
	}
	if strings.Contains(header, "Bcc:") || !strings.HasPrefix(body, ".\r\n") || !strings.Contains(body, "From here\r\n") {
		t.Errorf("%q", text)
	}
}

// postfix is one of the test's own: its configuration and queue are in a directory,
// it listens nowhere, and delivers by popper deliver.
type postfix struct {
	site                *site
	dir, conf, sendmail string
}

func startPostfix(t *testing.T) *postfix {
	t.Helper()
	program := need(t, "postfix")
	if _, err := user.Lookup("postfix"); err != nil {
		t.Skip("SKIP: postfix has no user")
	}
	s := newSite(t)
	s.write(s.mailbox, "")
	for dir := s.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p := &postfix{site: s, dir: s.dir + "/postfix", conf: s.dir + "/postfix/conf", sendmail: s.dir + "/sendmail"}
	for _, dir := range []string{p.dir, p.conf, p.dir + "/queue", p.dir + "/data"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("chown", "postfix", p.dir+"/data").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	s.write(p.conf+"/main.cf", "compatibility_level = 3.6\nqueue_directory = "+p.dir+"/queue\ndata_directory = "+p.dir+"/data\n"+
		"myhostname = popper.test\nmydestination = popper.test\nmyorigin = popper.test\ninet_interfaces = loopback-only\n"+
		"inet_protocols = ipv4\ndefault_transport = error:no network in a test\nalias_maps = texthash:"+p.conf+"/aliases\nlocal_recipient_maps =\n"+
		"allow_mail_to_files = alias\nmailbox_delivery_lock = fcntl, dotlock\ntransport_maps = texthash:"+p.conf+"/transport\n"+
		"maillog_file = "+p.dir+"/log\nmaillog_file_prefixes = "+p.dir+"\nlocal_transport = popper\npopper_destination_recipient_limit = 1\n")
	s.write(p.conf+"/master.cf", "pickup unix n - n 1 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n"+
		"rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\n"+
		"error unix - - n - - error\nretry unix - - n - - error\npostlog unix-dgram n - n - 1 postlogd\n"+
		"local unix - n n - - local\n"+
		"popper unix - n n - - pipe flags=R user=nobody argv="+binary+" deliver --file "+s.mailbox+" -f ${sender}\n")
	if out, err := exec.Command("chown", "nobody", s.mailbox).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if err := os.Chmod(s.dir, 0o777); err != nil { // for the dotlock
		t.Fatal(err)
	}
	s.write(p.conf+"/dynamicmaps.cf", "")
	s.write(p.conf+"/aliases", "spool "+s.mailbox+"\n")
	s.write(p.conf+"/transport", "spool@popper.test local:\n")
	text := "#!/bin/sh\nexec " + filepath.Join(filepath.Dir(program), "sendmail") + " -C " + p.conf + " \"$@\"\n"
	if err := os.WriteFile(p.sendmail, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{p.conf + "/main.cf", p.conf + "/master.cf", p.conf + "/dynamicmaps.cf", p.conf + "/aliases", p.conf + "/transport"} {
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	control := func(what string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, program, "-c", p.conf, what)
		cmd.WaitDelay = time.Second
		return cmd.CombinedOutput()
	}
	if out, err := control("start"); err != nil {
		t.Skipf("SKIP: postfix cannot be started: %v %s %s", err, out, p.log())
	}
	t.Cleanup(func() {
		if out, err := control("stop"); err != nil {
			t.Errorf("postfix cannot be stopped: %v %s", err, out)
		}
	})
	return p
}

func (p *postfix) log() string {
	b, _ := os.ReadFile(p.dir + "/log")
	return string(b)
}

// await is the first message that holds words, when it has come.
func (p *postfix) await(words, addr string) string {
	p.site.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		c := dial(p.site.t, addr)
		c.login()
		if c.count() > 0 {
			c.ask("RETR 1", "+OK")
			if text := c.lines(); strings.Contains(text, words) {
				c.ask("QUIT", "+OK")
				return text
			}
		}
		c.ask("QUIT", "+OK")
		c.end()
		c.Close()
	}
	p.site.t.Fatalf("nothing came:\n%s", p.log())
	return ""
}
