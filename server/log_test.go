package server

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"

	"popper/mbox"
)

// The log names as user only who has proved it; a failed login is a claim.
func TestUserOnlyAfterLogin(t *testing.T) {
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		p.ok("USER mrose")
		p.err("PASS wrong")
		p.quit()
		log := s.log.String()
		if strings.Contains(log, "user=") {
			t.Errorf("a user who was never in:\n%s", log)
		}
		for _, line := range []string{"login failed", "session ends"} {
			_, rest, _ := strings.Cut(log, line)
			if rest, _, _ = strings.Cut(rest, "\n"); !strings.Contains(rest, "claimed=mrose") {
				t.Errorf("%s%s", line, rest)
			}
		}
	})
}

// A session without USER claims nothing.
func TestNobodyClaimed(t *testing.T) {
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		p.quit()
		if log := s.log.String(); strings.Contains(log, "claimed=") || !strings.Contains(log, "why=quit") {
			t.Errorf("log:\n%s", log)
		}
	})
}

// After login the log has the account's name, not what was typed.
func TestAccountNameInLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, func(c *Config) {
			people := c.Accounts
			c.Accounts = accountsFunc(func(ctx context.Context, name string, secret []byte) (Account, error) {
				return people.Authenticate(ctx, strings.ToLower(name), secret)
			})
		})
		p := s.connect(t)
		p.ok("USER MRose")
		p.ok("PASS " + secret)
		p.quit()
		if log := s.log.String(); strings.Contains(log, "user=MRose") || strings.Count(log, "user=mrose") != 2 {
			t.Errorf("log:\n%s", log)
		}
	})
}

// A stranger does not fill the log with long names.
func TestLongNameInLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, nil)
		p := s.connect(t)
		p.ok("USER " + strings.Repeat("m", maxLogged+1))
		p.err("PASS wrong")
		p.quit()
		log := ""
		for line := range strings.Lines(s.log.String()) {
			if !strings.Contains(line, "level=DEBUG") { // which shows whole commands
				log += line
			}
		}
		if long := strings.Repeat("m", maxLogged); !strings.Contains(log, long) || strings.Contains(log, long+"m") {
			t.Errorf("log:\n%s", log)
		}
	})
}

// R3206-CODE-1, R2449-CODE-1: the codes tell whether waiting helps. [IN-USE] belongs to
// logins (RFC 2449 8.1.2).
func TestTroubleCodes(t *testing.T) {
	for err, codes := range map[error][2]string{ // at PASS, at QUIT
		fs.ErrPermission:   {"[SYS/PERM]", "[SYS/TEMP]"},
		mbox.ErrNotMailbox: {"[SYS/PERM]", "[SYS/TEMP]"},
		mbox.ErrReadOnly:   {"[SYS/TEMP]", "[SYS/PERM]"},
		mbox.ErrInUse:      {"[IN-USE]", "[SYS/TEMP]"},
		mbox.ErrLocked:     {"[IN-USE]", "[SYS/TEMP]"},
		mbox.ErrCanceled:   {"[SYS/TEMP]", "[SYS/TEMP]"},
		mbox.ErrChanged:    {"[SYS/TEMP]", "[SYS/TEMP]"},
		mbox.ErrNotBegun:   {"[SYS/TEMP]", "[SYS/TEMP]"},
		mbox.ErrUnfinished: {"[SYS/TEMP]", "[SYS/TEMP]"},
	} {
		err := fmt.Errorf("spool: %w", err)
		for i, got := range []string{openTrouble(err).client, removeTrouble(err)} {
			if !strings.HasPrefix(got, codes[i]+" ") {
				t.Errorf("%v: %q, want %s", err, got, codes[i])
			}
		}
	}
}
