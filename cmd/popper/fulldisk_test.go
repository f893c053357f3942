package main_test

import (
	"os"
	"strings"
	"testing"

	"popper/mbox/disktest"
)

// fullSite is a site in dir. When the first message of its mailbox goes, all the
// others must move.
func fullSite(t *testing.T, dir string) (s *site, first, others string) {
	t.Helper()
	s = newSiteIn(t, dir)
	first = "From a Tue Jan  2 15:04:05 2024\n" + messages[0] + "\n"
	others = strings.Repeat("From b Tue Jan  2 15:04:05 2024\n"+strings.Repeat("text\n", 2000)+"\n", 100)
	s.write(s.mailbox, first+others)
	return s, first, others
}

// deleteFirst is a session that reads all and deletes the first message.
func (s *site) deleteFirst(addr, reply string) {
	s.t.Helper()
	c := dial(s.t, addr)
	c.login()
	c.ask("STAT", "+OK 101 ")
	c.ask("RETR 1", "+OK")
	if got := c.lines(); got != crlf(messages[0]) {
		s.t.Errorf("message 1: %q", got)
	}
	c.ask("RETR 101", "+OK")
	c.lines()
	c.ask("DELE 1", "+OK")
	c.ask("QUIT", reply)
	c.end()
}

// is asserts what the mailbox holds.
func (s *site) is(want string) {
	s.t.Helper()
	if got := s.read(s.mailbox); got != want {
		s.t.Errorf("the mailbox has %d octets, want %d", len(got), len(want))
	}
}

// UPD-5, R1081-QUIT-2: mail, state and passwords lie on one full disk. QUIT says that
// nothing was removed, which is so; the next session works as if nothing had been;
// the log says what mends it; and with room QUIT succeeds.
func TestFullDisk(t *testing.T) {
	disktest.Each(t, 8<<20, func(t *testing.T, dir string) {
		s, first, others := fullSite(t, dir)
		server, addr := s.listen()
		disktest.Fill(t, dir, 0)
		for range 2 {
			s.deleteFirst(addr, "-ERR [SYS/TEMP] maildrop cannot be updated now, no message was removed")
			s.is(first + others)
		}
		server.find("no space left on device: make room or raise the quota")
		disktest.MakeRoom(t, dir)
		s.deleteFirst(addr, "+OK")
		s.is(others)
	})
}

// With a journal directory on a disk that has room, the full one does not matter.
func TestFullDiskJournalElsewhere(t *testing.T) {
	disktest.Each(t, 8<<20, func(t *testing.T, dir string) {
		s, _, others := fullSite(t, dir)
		_, addr := s.listen("--journal", t.TempDir())
		disktest.Fill(t, dir, 0)
		s.deleteFirst(addr, "+OK")
		s.is(others)
	})
}

// A state directory that is full costs what LAST tells and the index, not mail.
func TestFullStateDirectory(t *testing.T) {
	disktest.Each(t, 8<<20, func(t *testing.T, dir string) {
		s, _, others := fullSite(t, t.TempDir())
		state := dir + "/state"
		if err := os.Mkdir(state, 0o700); err != nil {
			t.Fatal(err)
		}
		server, addr := s.listen("--state", state)
		disktest.Fill(t, dir, 0)
		s.deleteFirst(addr, "+OK")
		s.is(others)
		server.find("what LAST tells is not kept for later sessions: make the state directory writable and give it room")
		c := dial(t, addr)
		c.login()
		c.ask("LAST", "+OK 0")
		c.ask("QUIT", "+OK")
	})
}
