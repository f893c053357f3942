package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
)

// The maildrop of these tests: pairs of twins, each message longer than the blocks that
// mbox compares (256 KiB), so that a change in one is not found in the one before the last.
const (
	grown  = 10
	length = 300 << 10
)

func grownMaildrop() string {
	var b strings.Builder
	for i := range grown {
		b.WriteString(envelope(fmt.Sprintf("Subject: %d\n\n", i/2) + strings.Repeat(strings.Repeat("x", 63)+"\n", length/64)))
	}
	return b.String()
}

// inSteps makes the unique-ids one message at a time.
func inSteps(c *Config) { c.step = 1 }

// R1939-UIDL-1: the steps in which unique-ids are made are not seen.
func TestUniqueIDsInSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, grownMaildrop(), nil)
		p := s.login(t)
		all := p.lines("UIDL")
		p.drop()
		s.awaitEnd()
		if len(all) != grown || !strings.HasSuffix(all[1], all[0][2:]+"-2") {
			t.Fatalf("%q", all)
		}
		for _, step := range []int64{1, length, 4 * length, 1 << 40} {
			q := s.again(t, func(c *Config) { c.step = step })
			for _, i := range []int{1, 0, 4, grown - 1} {
				q.exact(fmt.Sprintf("UIDL %d", i+1), "+OK "+all[i])
			}
			q.ok("QUIT")
			q = s.again(t, func(c *Config) { c.step = step })
			q.ok("DELE 7")
			want := append(append([]string{}, all[:6]...), all[7:]...)
			for range 2 { // known, the second time
				if got := q.lines("UIDL"); strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("steps of %d: %q", step, got)
				}
			}
			q.drop()
			s.awaitEnd()
		}
	})
}

// again is another login to the same maildrop, in a state directory of its own: no index
// knows the ids.
func (s *site) again(t *testing.T, change func(*Config)) *client {
	t.Helper()
	c := s.config
	c.Maildrop.State = t.TempDir()
	change(&c)
	s.Server = New(c)
	return s.login(t)
}

// What is known leaves before more is made: the client reads it, octet by octet over a
// pipe, while the server has not yet looked at the rest.
func TestFirstUniqueIDsLeaveEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, grownMaildrop(), inSteps)
		p := s.login(t)
		p.exact("UIDL", "+OK unique ids follow")
		if got := p.line(); !strings.HasPrefix(got, "1 ") {
			t.Fatalf("%q", got)
		}
		// Now the server waits for us to read what the second step gave, and no more: so
		// what we do to the maildrop comes before the third.
		synctest.Wait()
		if err := edit(s.spool, "Subject: 4", "Subject: 5"); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(p.r)
		if err != nil || strings.Contains(string(rest), "\r\n.\r\n") || !strings.HasPrefix(string(rest), "2 ") {
			t.Fatalf("%v, or a final dot: %q", err, rest)
		}
		s.awaitEnd()
		if log := s.log.String(); !strings.Contains(log, "cannot be sent whole") {
			t.Errorf("log:\n%s", log)
		}
	})
}

// R1081-LINE-4: if the first step fails there is still a reply that says so, also behind
// others that have not left, and the session goes on.
func TestUniqueIDsCannotBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, grownMaildrop(), inSteps)
		p := s.login(t)
		if err := edit(s.spool, "Subject: 0", "Subject: X"); err != nil {
			t.Fatal(err)
		}
		go p.send("LIST\r\nUIDL\r\nUIDL 1\r\nNOOP")
		p.line()
		p.body()
		for range 2 {
			p.expect("-ERR [SYS/TEMP] maildrop cannot be read or has changed, log in again")
		}
		p.expect("+OK")
		p.quit()
	})
}

// A client that goes away between two steps ends the session, without more being made.
func TestUniqueIDsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, grownMaildrop(), inSteps)
		p := s.login(t)
		p.ok("UIDL")
		p.drop()
		s.awaitEnd()
		s.login(t).quit() // R1081-PASS-3
	})
}

// R1939-UIDL-1: marks between steps, all to the end.
func TestUniqueIDsOfMarkedMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, grownMaildrop(), inSteps)
		p := s.login(t)
		for i := range grown {
			p.ok(fmt.Sprintf("DELE %d", i+1))
		}
		p.ok("UIDL")
		if got := p.body(); got != "" {
			t.Errorf("%q", got)
		}
		p.err("UIDL 1")
	})
}

// writes notes what is written in one piece.
type writes struct {
	net.Conn
	all *[]string
}

func (w writes) Write(b []byte) (int, error) {
	*w.all = append(*w.all, string(b))
	return w.Conn.Write(b)
}

// The ids that one step gives leave together, and what is known leaves in one piece.
func TestUniqueIDsLeaveInPieces(t *testing.T) {
	for _, c := range []struct {
		step int64
		want int
	}{{1, grown}, {3 * length, 4}, {1 << 40, 1}} {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, grownMaildrop(), func(config *Config) { config.step = c.step })
			var all []string
			near, end := net.Pipe()
			go s.ServeConn(writes{end, &all})
			p := &client{tb: t, conn: near, r: bufio.NewReader(near)}
			p.expect("+OK popper ready")
			p.ok("USER mrose")
			p.ok("PASS " + secret)
			before := len(all)
			p.lines("UIDL")
			if got := len(all) - before; got != c.want {
				t.Errorf("steps of %d octets: %d pieces", c.step, got)
			}
			p.quit()
		})
	}
}
