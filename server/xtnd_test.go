package server

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"popper/mbox"
	"popper/parser"
)

// exactLines checks the whole of a multi-line reply.
func (p *client) exactLines(line, reply string, lines ...string) {
	p.tb.Helper()
	p.exact(line, reply)
	want := ""
	for _, l := range lines {
		want += l + "\r\n"
	}
	if got := p.body(); got != want {
		p.tb.Fatalf("%s: %q, want %q", line, got, want)
	}
}

// R1082-X-1, R1082-BB-1, R1082-BB-2, R1082-AR-1: RFC 1082's examples.
func TestXtndExamples(t *testing.T) {
	inGroups(t, func(t *testing.T, s *site, p *client) {
		p.exactLines("XTND BBOARDS", "+OK XTND", "system 10", "mh-users 100")
		p.exactLines("XTND BBOARDS system", "+OK XTND", "system 10")
		p.exactLines("XTND ARCHIVE system", "+OK XTND", "system 3")
		p.exact("XTND BBOARDS mh", "-ERR no such bboard")
		p.quit()
	})
}

// R1082-XB-1: fourteen lines, and the current maildrop stays open.
func TestXBboards(t *testing.T) {
	inGroups(t, func(t *testing.T, s *site, p *client) {
		p.exact("XTND X-BBOARDS SYS", "+OK XTND")
		got := strings.Split(strings.TrimSuffix(p.body(), "\r\n"), "\r\n")
		if len(got) != 14 {
			t.Fatalf("%d lines: %q", len(got), got)
		}
		got[2], got[3] = filepath.Base(got[2]), filepath.Base(got[3])
		want := []string{"system", "sys news", "system", "system.old", "", "", "*", "mother father",
			"system@host.example", "system-request@host.example", "", "", "012 10", "Tue, 01 Nov 1988 12:00:00 -0800"}
		if !slices.Equal(got, want) {
			t.Errorf("%q\nwant %q", got, want)
		}
		p.exact("STAT", "+OK 2 320")
		p.exact("XTND X-BBOARDS secret", "-ERR no such bboard") // R1082-PRIV-1
		p.exact("XTND X-BBOARDS nobody", "-ERR no such bboard")
	})
}

// R1082-BB-3: what the commands do in a group.
func TestInGroup(t *testing.T) {
	inGroups(t, func(t *testing.T, s *site, p *client) {
		p.exactLines("xtnd bboards News", "+OK XTND", "system 10") // R1082-NAME-1
		p.exactLines("LIST", "+OK 2 messages (52 octets)", "1 31 9", "2 21 10")
		p.exact("LIST 2", "+OK 2 21 10")
		p.err("LIST 3")
		p.exact("LAST", "+OK 0")
		p.exactLines("RETR 2", "+OK 21 octets", "Subject: ten", "", "ten")
		p.exact("LAST", "+OK 2")
		p.ok("DELE 1")
		p.exact("STAT", "+OK 2 52") // DELE did nothing
		p.ok("DELE 1")
		p.ok("TOP 1 0")
		p.body()
		p.ok("RSET")
		p.exact("LAST", "+OK 0")
		p.ok("NOOP")
		p.err("USER mrose")
		if ids := p.lines("UIDL"); len(ids) != 2 {
			t.Errorf("%q", ids)
		}
		p.exactLines("XTND XLST subject", "+OK XTND subject fields follow", "1 Subject: nine", "2 Subject: ten")
		p.exactLines("XTND BBOARDS", "+OK XTND", "system 10", "mh-users 100")
		p.exact("STAT", "+OK 2 52") // still there
		p.exactLines("XTND BBOARDS mh-users", "+OK XTND", "mh-users 100")
		p.exact("STAT", "+OK 0 0")
		p.exactLines("LIST", "+OK 0 messages (0 octets)")
		p.quit()
		if s.read(t) != two {
			t.Error("the default maildrop has changed")
		}
	})
}

// R1082-BB-2: opening a group carries out the deletions, and releases the maildrop.
func TestOpeningGroupUpdates(t *testing.T) {
	inGroups(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 1")
		p.err("XTND BBOARDS nobody")
		p.err("XTND ARCHIVE mh-users") // it has none
		if s.read(t) != two {
			t.Fatal("an error has removed mail")
		}
		p.exact("STAT", "+OK 1 200") // nor has it changed the session
		p.ok("XTND BBOARDS system")
		p.body()
		if got := s.read(t); got != envelope(second) {
			t.Errorf("maildrop holds %q", got)
		}
		s.login(t) // no lock is left
		p.ok("DELE 1")
		p.quit()
		if got := s.read(t); got != envelope(second) {
			t.Errorf("maildrop holds %q", got)
		}
	})
}

// R1082-BB-2, UPD-3: if the update fails, nothing is removed and the session ends.
func TestOpeningGroupCannotUpdate(t *testing.T) {
	inGroups(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 1")
		s.write(t, strings.ToUpper(two))
		p.want("XTND BBOARDS system", "-ERR [SYS/TEMP]")
		p.gone()
		if s.read(t) != strings.ToUpper(two) {
			t.Error("mail was removed")
		}
	})
}

// Replies leave before the update begins, as with QUIT.
func TestOpeningGroupInABatch(t *testing.T) {
	inGroups(t, func(t *testing.T, s *site, p *client) {
		p.send("RETR 1\r\nDELE 1\r\nXTND BBOARDS system\r\nSTAT\r\nQUIT")
		p.expect("+OK 120 octets")
		p.body()
		p.expect("+OK message 1 marked for deletion")
		p.expect("+OK XTND")
		p.body()
		p.expect("+OK 2 52")
		p.expect("+OK popper signing off")
		p.gone()
	})
}

// R1081-QUIT-3 holds for a group's session too, and for the default maildrop before.
func TestGroupSessionDropped(t *testing.T) {
	inGroups(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 2")
		p.drop()
		s.awaitEnd()
		if s.read(t) != two {
			t.Error("mail was removed without QUIT")
		}
	})
}

// A group that is in trouble: the client hears little, the log the reason.
func TestBrokenGroup(t *testing.T) {
	s := newSite(t, two, func(c *Config) {
		c.Groups = clubs{{info: GroupInfo{Name: "system"}, broken: errors.New("numbers are gone")}}
	})
	p := s.login(t)
	for _, line := range []string{"XTND BBOARDS", "XTND BBOARDS system", "XTND ARCHIVE system", "XTND X-BBOARDS system"} {
		p.want(line, "-ERR [SYS/TEMP]")
	}
	p.exact("STAT", "+OK 2 320")
	if log := s.log.String(); strings.Count(log, "numbers are gone") != 4 {
		t.Errorf("log: %s", log)
	}
}

// Without groups there are none.
func TestNoGroups(t *testing.T) {
	p := newSite(t, two, nil).login(t)
	p.exactLines("XTND BBOARDS", "+OK XTND")
	p.exact("XTND BBOARDS ../../etc/passwd", "-ERR no such bboard")
	p.exact("XTND ARCHIVE %s%n", "-ERR no such bboard")
}

// BERK-XLST-1: fields with their continuation lines, of messages not deleted.
func TestXlst(t *testing.T) {
	mail := envelope("Received: a\n\tb\n c\nSubject: one\nreceived: again\n\nReceived: body\n") +
		envelope("From: x\n\n") + strings.ReplaceAll(envelope("Subject: .\nReceived:\n\n.\n"), "\n", "\r\n")
	p := newSite(t, mail, nil).login(t)
	const follow = "+OK XTND Received fields follow"
	p.exactLines("XTND XLST Received", follow, "1 Received: a", "\tb", " c", "1 received: again", "3 Received:")
	p.exactLines("XTND XLST Received: 3", follow, "3 Received:")
	p.exactLines("XTND XLST Received 2", follow)
	p.exactLines("XTND XLST X-None", "+OK XTND X-None fields follow")
	p.exactLines("XTND XLST subject", "+OK XTND subject fields follow", "1 Subject: one", "3 Subject: .")
	p.err("XTND XLST Received 4")
	p.err("XTND XLST :")
	p.err("XTND XLST a:b")
	p.ok("DELE 1")
	p.exactLines("XTND XLST Received", follow, "3 Received:")
	p.err("XTND XLST Received 1")
}

// A field with more lines than fit into one step of an answer.
func TestXlstLong(t *testing.T) {
	p := newSite(t, envelope(strings.Repeat("A:\n", 10_000)+"\nbody\n"), nil).login(t)
	if got := p.lines("XTND XLST A"); len(got) != 10_000 || got[9_999] != "1 A:" {
		t.Errorf("%d lines", len(got))
	}
}

// An administrator switches dialects off: their commands are unknown then.
func TestDialects(t *testing.T) {
	s := newSite(t, two, func(c *Config) { c.Dialects = []parser.Dialect{parser.DialectRfc1939} })
	p := s.login(t)
	for _, line := range []string{"XTND BBOARDS", "XTND XMIT", "XTND XLST From"} {
		p.exact(line, "-ERR unknown command")
	}
	p.lines("UIDL")
	p = newSite(t, two, func(c *Config) { c.Dialects = []parser.Dialect{} }).login(t)
	p.exact("UIDL", "-ERR unknown command")
	p.exact("STAT", "+OK 2 320")
}

// guests lets those log in who come over the tests' pipes, which have no address.
func guests(ok bool) func(*Config) {
	return func(c *Config) { c.Guests = func(netip.Addr) bool { return ok } }
}

// R1082-ANON-1: an empty maildrop and the groups that everybody may read; several at a time.
func TestAnonymous(t *testing.T) {
	groups := withGroups(t)
	s := newSite(t, two, func(c *Config) { groups(c); guests(true)(c) })
	for range 2 {
		p := s.connect(t)
		p.virtual = false
		p.ok("USER Anonymous")
		p.exact("PASS whatever", "+OK maildrop has 0 messages (0 octets)")
		p.exact("STAT", "+OK 0 0")
		p.exact("LAST", "+OK 0")
		p.exactLines("UIDL", "+OK unique ids follow")
		p.want("XTND XMIT", "-ERR")
		p.exactLines("XTND BBOARDS", "+OK XTND", "system 10", "mh-users 100")
		p.ok("XTND BBOARDS system")
		p.body()
		p.quit()
	}
	p := s.connect(t)
	p.ok("USER anonymous")
	p.ok("PASS x")
	p.ok("QUIT")
	if files, err := os.ReadDir(s.config.Maildrop.State); err == nil && slices.ContainsFunc(files, func(e os.DirEntry) bool { return strings.Contains(e.Name(), "anonymous") }) {
		t.Errorf("state of a guest: %v", files)
	}
}

// R1082-ANON-1: not where it is off, nor from elsewhere.
func TestAnonymousRefused(t *testing.T) {
	for _, change := range []func(*Config){nil, guests(false)} {
		p := newSite(t, two, change).connect(t)
		p.ok("USER anonymous")
		p.want("PASS x", "-ERR [AUTH]")
	}
}

// late is a group to which mail is delivered just after it was opened.
type late struct{ *club }

func (g late) Open(archive bool, o mbox.Options) (*mbox.Maildrop, []uint64, error) {
	m, numbers, err := g.club.Open(archive, o)
	g.info.Maxima++
	return m, numbers, err
}

type lateGroups []Group

func (l lateGroups) Readable(string) ([]Group, error) { return l, nil }

// R1082-MAX-1: the listing does not run ahead of what was opened: who remembers its
// number would never fetch the message.
func TestListingIsOfWhatWasOpened(t *testing.T) {
	groups := withGroups(t)
	s := newSite(t, two, func(c *Config) {
		groups(c)
		c.Groups = lateGroups{late{c.Groups.(clubs)[0]}}
	})
	p := s.login(t)
	p.virtual = false
	p.exactLines("XTND BBOARDS system", "+OK XTND", "system 10")
	p.exactLines("LIST", "+OK 2 messages (52 octets)", "1 31 9", "2 21 10")
	p.quit()
}

// R2449-CODE-1: [IN-USE] is for logins (RFC 2449 8.1.2).
func TestBusyGroup(t *testing.T) {
	s := newSite(t, two, func(c *Config) {
		c.Groups = clubs{{info: GroupInfo{Name: "system"}, broken: mbox.ErrLocked}}
	})
	p := s.login(t)
	p.exact("XTND BBOARDS system", "-ERR [SYS/TEMP] maildrop is locked by another program, wait and try again")
}
