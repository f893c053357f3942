package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// R1081-LAST-1, R1081-RSET-1 over sessions.
func TestLastSurvives(t *testing.T) { synctest.Test(t, lastSurvives) }

func lastSurvives(t *testing.T) {
	s := newSite(t, two+envelope("three\n"), nil)
	p := s.login(t)
	p.ok("RETR 2")
	p.body()
	p.ok("DELE 1")
	p.exact("LAST", "+OK 2")
	p.quit()

	p = s.login(t)
	p.exact("LAST", "+OK 1") // the same message
	p.ok("RETR 2")
	p.body()
	p.exact("LAST", "+OK 2")
	p.ok("RSET")
	p.exact("LAST", "+OK 1")
	p.ok("RETR 2")
	p.body()
	p.drop() // no QUIT: not kept
	s.awaitEnd()

	p = s.login(t)
	p.exact("LAST", "+OK 1")
	p.ok("DELE 2")
	p.ok("RSET")
	p.quit()

	s.write(t, s.read(t)+envelope("four\n"))
	p = s.login(t)
	p.ok("LIST 3")
	p.exact("LAST", "+OK 1") // new mail does not change it
	p.quit()
}

// That LAST cannot be kept is for the log, not for the client.
func TestLastNotKept(t *testing.T) { synctest.Test(t, lastNotKept) }

func lastNotKept(t *testing.T) {
	s := newSite(t, two, nil)
	p := s.login(t)
	names, _ := filepath.Glob(s.config.Maildrop.State + "/*.lock")
	if len(names) != 1 {
		t.Fatalf("lock files: %v", names)
	}
	if err := os.MkdirAll(strings.TrimSuffix(names[0], ".lock")+".last.new/x", 0o700); err != nil {
		t.Fatal(err)
	}
	p.ok("RETR 2")
	p.body()
	p.ok("DELE 1")
	p.quit()
	if log := s.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "state directory") {
		t.Errorf("log:\n%s", log)
	}
	if got := s.read(t); got != envelope(second) {
		t.Errorf("file holds %q", got)
	}
}

// R1081-LAST-1: LAST went down when a removal failed, to the last message that would
// have stayed.
func TestLastAfterFailedRemoval(t *testing.T) {
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 2")
		release := s.hold(t)
		p.want("QUIT", "-ERR [SYS/TEMP] maildrop is locked")
		p.gone()
		release()
		p = s.login(t)
		p.exact("LAST", "+OK 2")
		p.ok("DELE 1")
		p.ok("DELE 2")
		s.write(t, envelope(first)+envelope("other\n"))
		p.want("QUIT", "-ERR [SYS/TEMP] maildrop was changed")
		p.gone()
		p = s.login(t)
		p.exact("LAST", "+OK 2")
		p.quit()
	})
}
