package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"popper/mbox"
	"popper/parser"
)

func TestAccountsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) {
			c.LoginFailures = 1
			people, calls := c.Accounts, 0
			c.Accounts = accountsFunc(func(ctx context.Context, name string, secret []byte) (Account, error) {
				if calls++; calls < 3 {
					return Account{}, errors.New("disk of accounts on fire")
				}
				return people.Authenticate(ctx, name, secret)
			})
		})
		p := s.connect(t)
		for range 2 { // no failed logins: the session goes on
			p.ok("USER mrose")
			if got := p.want("PASS "+secret, "-ERR [SYS/TEMP]"); strings.Contains(got, "fire") {
				t.Fatalf("the client learns %q", got)
			}
		}
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		p.quit()
		if !strings.Contains(s.log.String(), "fire") {
			t.Fatal("the administrator learns nothing")
		}
	})
}

func TestAccountsPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) {
			people := c.Accounts
			c.Accounts = accountsFunc(func(ctx context.Context, name string, secret []byte) (Account, error) {
				if name == "bug" {
					panic("a bug")
				}
				return people.Authenticate(ctx, name, secret)
			})
		})
		s.bug = true
		other := s.login(t)
		p := s.connect(t)
		p.ok("USER bug")
		p.send("PASS x")
		p.gone()
		other.exact("STAT", "+OK 2 320")
		other.quit()
		for _, want := range []string{"a bug", "trouble_test.go", "why=panic"} {
			if !strings.Contains(s.log.String(), want) {
				t.Fatalf("no %q in the log", want)
			}
		}
	})
}

func TestNotMailbox(t *testing.T) { // MBOX-5, R1081-PASS-3
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "Dear diary\n", func(c *Config) { c.LoginFailures = 1 })
		p := s.connect(t)
		p.ok("USER mrose")
		if got := p.want("PASS "+secret, "-ERR [SYS/PERM]"); strings.Contains(got, s.spool) {
			t.Fatalf("the client learns a path: %q", got)
		}
		if log := s.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, s.spool) {
			t.Fatalf("the administrator learns too little: %s", log)
		}
		if s.read(t) != "Dear diary\n" {
			t.Fatal("the file was touched")
		}
		p.err("STAT") // still in AUTHORIZATION
		s.write(t, two)
		p.ok("USER mrose") // and no lock stays behind
		p.ok("PASS " + secret)
		p.quit()
	})
}

func TestMissingMaildrop(t *testing.T) { // MBOX-5
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "", nil)
		if err := os.Remove(s.spool); err != nil {
			t.Fatal(err)
		}
		p := s.login(t)
		p.exact("STAT", "+OK 0 0")
		p.exact("LIST", "+OK 0 messages (0 octets)")
		p.expect(".")
		p.ok("UIDL")
		p.expect(".")
		p.err("RETR 1")
		p.quit()
	})
}

// A message that shrinks under the client has no final dot.
func TestTruncatedDuringRetr(t *testing.T) { // R1081-RETR-2
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, envelope(big), nil)
		p := s.login(t)
		p.ok("RETR 1")
		if err := os.Truncate(s.spool, 1000); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(p.r)
		if err != nil || strings.Contains(string(got), "\r\n.\r\n") {
			t.Fatalf("%v, or a final dot after %d octets", err, len(got))
		}
		if !strings.HasPrefix(strings.ReplaceAll(crlf(big), "\r\n.", "\r\n.."), string(got)) {
			t.Fatal("octets that are not of the message")
		}
		if !strings.Contains(s.log.String(), "cannot be sent whole") {
			t.Fatal("the administrator learns nothing")
		}
	})
}

// less is what another mail reader leaves of the two messages.
var less = envelope(second)

// A message that has changed before its first octet has left is refused, and
// the session goes on.
func TestChangedBeforeRetr(t *testing.T) { // R1081-RETR-2, UPD-3
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 1")
		s.write(t, less)
		for _, line := range []string{"RETR 2", "TOP 2 99"} {
			p.want(line, "-ERR [SYS/TEMP]")
		}
		p.exact("LAST", "+OK 1")
		p.exact("QUIT", "-ERR [SYS/TEMP] maildrop was changed by another program, no message was removed")
		p.gone()
		if s.read(t) != less {
			t.Fatal("maildrop changed")
		}
	})
}

// What is taken back is this answer only, not those queued before it.
func TestTakenBackInPipeline(t *testing.T) { // R1081-LINE-4
	inSession(t, func(t *testing.T, s *site, p *client) {
		s.write(t, less)
		go p.send("NOOP\r\nRETR 1\r\nSTAT")
		p.expect("+OK")
		if got := p.line(); !strings.HasPrefix(got, "-ERR") {
			t.Fatalf("RETR: %q", got)
		}
		p.expect("+OK 2 320")
	})
}

func TestLockedAtQuit(t *testing.T) { // R1081-QUIT-2, LOCK-2
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 1")
		release := s.hold(t)
		p.want("QUIT", "-ERR [SYS/TEMP] maildrop is locked") // [IN-USE] is for logins (RFC 2449 8.1.2)
		p.gone()
		if s.read(t) != two {
			t.Fatal("maildrop changed")
		}
		release()
		s.login(t).quit()
	})
}

func TestLockedAtLogin(t *testing.T) { // LOCK-2
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) { c.Maildrop.Wait = time.Second })
		release := s.hold(t)
		p := s.connect(t)
		p.ok("USER mrose")
		p.want("PASS "+secret, "-ERR [IN-USE]")
		release()
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		p.quit()
	})
}

func TestAppendedDuringSession(t *testing.T) { // UPD-2
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 2")
		s.write(t, two+envelope("Subject: new\n\n"))
		p.exact("STAT", "+OK 1 120")
		p.quit()
		if got := s.read(t); got != envelope(first)+envelope("Subject: new\n\n") {
			t.Fatalf("maildrop holds %q", got)
		}
	})
}

func TestStateDirectoryMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) {
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			c.Maildrop.State = filepath.Join(file, "state")
		})
		p := s.connect(t)
		p.ok("USER mrose")
		p.want("PASS "+secret, "-ERR [SYS/TEMP]")
		p.quit()
	})
}

// What QUIT says of a failed update is true (R1081-QUIT-2).
func TestRemoveTrouble(t *testing.T) {
	for err, want := range map[error]string{
		mbox.ErrChanged:    "no message was removed",
		mbox.ErrLocked:     "no message was removed",
		mbox.ErrCanceled:   "no message was removed",
		mbox.ErrReadOnly:   "no message was removed",
		mbox.ErrNotBegun:   "no message was removed",             // UPD-5
		mbox.ErrUnfinished: "will be finished at the next login", // UPD-4
		mbox.ErrNotDurable: "were removed, but may come back after a power failure",
		errors.Join(mbox.ErrUnfinished, mbox.ErrChanged): "will be finished at the next login",
		io.ErrShortWrite: "some deleted messages may not have been removed",
		fs.ErrPermission: "some deleted messages may not have been removed",
		os.ErrInvalid:    "some deleted messages may not have been removed",
	} {
		if got := removeTrouble(fmt.Errorf("spool: %w", err)); !strings.HasSuffix(got, want) {
			t.Errorf("%v: %q", err, got)
		}
	}
}

// A stream that ends too early without an error gets no final dot either.
func TestShortMessage(t *testing.T) { // R1081-RETR-2
	s := newSite(t, two, nil)
	drop, err := mbox.Open(s.spool, s.config.Maildrop)
	if err != nil {
		t.Fatal(err)
	}
	defer drop.Close()
	m := &message{stream: drop.Message(0), size: drop.Size(0) + 2} // one octet more is the stuffed dot
	var out []byte
	for err == nil {
		out, err = m.fill(out)
	}
	if err == io.EOF || strings.HasSuffix(string(out), "\r\n.\r\n") {
		t.Fatalf("%v; %q", err, out)
	}
}

// No password outlives its command in memory.
func TestSecretOverwritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept []byte
		s := newSite(t, two, func(c *Config) {
			people := c.Accounts
			c.Accounts = accountsFunc(func(ctx context.Context, name string, secret []byte) (Account, error) {
				kept = secret
				return people.Authenticate(ctx, name, secret)
			})
		})
		p := s.connect(t)
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		if strings.Trim(string(kept), "\x00") != "" {
			t.Fatalf("the secret is still there: %q", kept)
		}
	})
}

// Neither when only a part of it had come at first, behind another command.
func TestSecretMovedAndOverwritten(t *testing.T) {
	a, b := net.Pipe()
	go func() {
		_, _ = io.WriteString(a, "USER mrose\r\nPASS "+secret)
		_, _ = io.WriteString(a, "\r\n")
		_ = a.Close()
	}()
	in := input{conn: b}
	for err := error(nil); err == nil; {
		if in.parse() == parser.More {
			err = in.fill()
		}
		in.discard()
	}
	if strings.Trim(string(in.buf[:]), "\x00") != "" {
		t.Fatalf("the secret is still there: %q", in.buf)
	}
}

// No password comes into the log, however it was sent.
func TestNoSecretInLog(t *testing.T) {
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		p.err("PASS " + secret)
		p.err("PAS " + secret)
		p.err("PASS  " + strings.Repeat(secret, 100))
		p.ok("USER " + strings.Repeat("m", 30))
		p.err("PASS " + secret)
		p.ok("USER mrose")
		p.err("PASS x" + secret)
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		p.quit()
		log := s.log.String()
		if strings.Contains(log, "sesame") || strings.Contains(log, "open ") {
			t.Fatalf("a secret in the log:\n%s", log)
		}
		for _, want := range []string{`line="PASS ****"`, "line=\"USER mrose\"", "why=quit", "retrieved=0"} {
			if !strings.Contains(log, want) {
				t.Fatalf("no %s in the log:\n%s", want, log)
			}
		}
	})
}
