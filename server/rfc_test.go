package server

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// TestExampleSession is the example session of RFC 1081, section 8.
func TestExampleSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, nil)
		p := s.connect(t)
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		p.exact("STAT", "+OK 2 320")
		p.exact("LIST", "+OK 2 messages (320 octets)")
		if got := p.body(); got != "1 120\r\n2 200\r\n" {
			t.Fatalf("LIST: %q", got)
		}
		p.exact("RETR 1", "+OK 120 octets")
		if got := p.body(); got != crlf(first) {
			t.Fatalf("RETR 1: %q", got)
		}
		p.ok("DELE 1")
		p.exact("RETR 2", "+OK 200 octets")
		if got := p.body(); got != crlf(second) {
			t.Fatalf("RETR 2: %q", got)
		}
		p.ok("DELE 2")
		p.quit()
		if got := s.read(t); got != "" {
			t.Fatalf("maildrop not empty: %q", got)
		}
	})
}

// inSession runs a test in a session in TRANSACTION on the two messages.
func inSession(t *testing.T, test func(t *testing.T, s *site, p *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, nil)
		p := s.login(t)
		test(t, s, p)
	})
}

// inAuthorization runs a test in a session that has just begun.
func inAuthorization(t *testing.T, test func(t *testing.T, s *site, p *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, nil)
		p := s.connect(t)
		test(t, s, p)
	})
}

func TestLINE1(t *testing.T) { // R1081-LINE-1
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.exact("sTaT", "+OK 2 320")
		p.exact("list 2", "+OK 2 200")
	})
}

func TestLINE2(t *testing.T) { // R1081-LINE-2
	inSession(t, func(t *testing.T, s *site, p *client) {
		if _, err := p.conn.Write([]byte("LIST 1\n")); err != nil {
			t.Fatal(err)
		}
		p.expect("+OK 1 120")
		p.err("NOOP\rNOOP") // a bare CR ends no line
		p.exact("LIST 2", "+OK 2 200")
	})
}

// R1081-LINE-3 is checked for every line that the tests read (client.line),
// R1081-LINE-4 in pipeline_test.go.

func TestLINE5(t *testing.T) { // R1081-LINE-5, to the octet
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, envelope("a: b\n\n.\n..\nc.\n.d\n\r\n.\n"), nil)
		got := s.run(t, "USER mrose\nPASS "+secret+"\nTOP 1 99\nQUIT\n")
		_, got, _ = strings.Cut(got, "follows\r\n")
		body, _, _ := strings.Cut(got, "+OK")
		if want := "a: b\r\n\r\n..\r\n...\r\nc.\r\n..d\r\n\r\n..\r\n.\r\n"; body != want {
			t.Fatalf("got %q, want %q", body, want)
		}
	})
}

func TestLINE6(t *testing.T) { // R1081-LINE-6: all else is one line
	inSession(t, func(t *testing.T, s *site, p *client) {
		for _, line := range []string{"STAT", "LIST 1", "UIDL 1", "DELE 1", "NOOP", "LAST", "LIST 1", "RETR 1", "TOP 1 1", "UIDL 1", "BOGUS", "RSET"} {
			go p.send(line + "\r\nLIST 2")
			p.line()
			p.expect("+OK 2 200")
		}
	})
}

func TestLINE7(t *testing.T) { // R1081-LINE-7
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 1")
		for _, line := range []string{"", "BOGUS", "RETR", "RETR x", "STAT 1", "USER mrose", "PASS x", "\x00", "NOOP\x00", strings.Repeat("x", 300)} {
			p.err(line)
		}
		p.exact("STAT", "+OK 1 200")
		p.exact("LAST", "+OK 1")
	})
}

func TestLINE8(t *testing.T) { // R2449-LINE-8: read to its end, answered once
	inSession(t, func(t *testing.T, s *site, p *client) {
		for _, n := range []int{256, 300, 511, 512, 513, 1024, 100_000} {
			p.err("DELE 1 " + strings.Repeat("1", n-9))
			p.exact("STAT", "+OK 2 320")
		}
		// What stands behind 255 octets is not a command of its own.
		p.err(strings.Repeat("x", 255) + "DELE 1")
		p.exact("STAT", "+OK 2 320")
	})
}

func TestGREET1(t *testing.T) { // R1081-GREET-1: no timestamp while there is no APOP
	inAuthorization(t, func(t *testing.T, s *site, p *client) { // the whole greeting has been read
		p.err("APOP mrose c4c9334bac560ecc979e58001b3e22fb")
	})
}

func TestUSER1(t *testing.T) { // R1081-USER-1
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		p.ok("USER nobody")
		p.ok("USER mrose")
		p.err("PASS wrong")
		p.ok("USER mrose")
		p.ok("PASS " + secret)
		p.err("USER mrose")
	})
}

func TestUSER2(t *testing.T) { // R1081-USER-2
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		if a, b := p.ask("USER mrose"), p.ask("USER nobody"); a != b {
			t.Fatalf("%q tells a user from nobody: %q", a, b)
		}
		b := p.err("PASS wrong")
		p.ok("USER mrose")
		if a := p.err("PASS wrong"); a != b {
			t.Fatalf("%q tells a user from nobody: %q", a, b)
		}
	})
}

func TestPASS1(t *testing.T) { // R1081-PASS-1
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		p.err("PASS " + secret)
		p.ok("USER mrose")
		p.err("PASS wrong")
		p.err("PASS " + secret) // not right after a successful USER
		p.ok("USER mrose")
		p.err("PASS " + strings.Join(strings.Fields(secret), " "))
		p.ok("USER mrose")
		p.exact("PASS "+secret, "+OK maildrop has 2 messages (320 octets)")
	})
}

func TestPASS3(t *testing.T) { // R1081-PASS-2, R1081-PASS-3, R2449-CODE-1
	inSession(t, func(t *testing.T, s *site, p *client) {
		q := s.connect(t)
		q.ok("USER mrose")
		q.want("PASS "+secret, "-ERR [IN-USE]")
		p.quit()
		q.ok("USER mrose")
		q.ok("PASS " + secret)
		q.quit()
	})
}

func TestRPOP1(t *testing.T) { // R1081-RPOP-1
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		p.err("RPOP mrose")
		p.ok("USER mrose")
		p.err("RPOP mrose") // it is not offered
		p.ok("PASS " + secret)
	})
}

func TestQUIT1(t *testing.T) { // R1081-QUIT-1
	for _, line := range []string{"NOOP", "USER mrose"} {
		inAuthorization(t, func(t *testing.T, s *site, p *client) {
			p.ask(line)
			p.quit()
			if s.read(t) != two {
				t.Fatal("maildrop changed")
			}
		})
	}
}

func TestNUM1(t *testing.T) { // R1081-NUM-1
	bad := []string{"0", "00", "-1", "+1", "1x", "x", "1.0", "0x1", "3", "18446744073709551616",
		"18446744073709551617", "4294967297", "4294967298", "1000000000000000000000000000001", "2"}
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 2")
		for _, n := range bad {
			for _, line := range []string{"LIST " + n, "RETR " + n, "DELE " + n, "UIDL " + n, "TOP " + n + " 0"} {
				p.err(line)
				p.exact("NOOP", "+OK") // good commands between: these are not too many bad ones
			}
		}
		p.exact("LIST 1", "+OK 1 120")
		p.exact("LAST", "+OK 2")
	})
}

func TestSIZE1(t *testing.T) { // R1081-SIZE-1, R1081-RETR-1, R1081-RETR-2
	contents := []string{"", "\n", "a: b\n", "a: b\n\n", "a: b\n\n.\n..\n.\r\n\n", "a: b\r\n\r\nc\r\n", "a: b\n\n" + strings.Repeat(".", 700_000) + "\n",
		"a: b\n\n" + strings.Repeat(".\n", 300_000), "a: b\n\n\x00\xff\rx\n"}
	synctest.Test(t, func(t *testing.T) {
		spool := ""
		for _, c := range contents {
			spool += envelope(c)
		}
		p := newSite(t, spool, nil).login(t)
		total := 0
		for i, c := range contents {
			want := crlf(c)
			total += len(want)
			p.exact(fmt.Sprintf("LIST %d", i+1), fmt.Sprintf("+OK %d %d", i+1, len(want)))
			p.exact(fmt.Sprintf("RETR %d", i+1), fmt.Sprintf("+OK %d octets", len(want)))
			if got := p.body(); got != want {
				t.Fatalf("message %d: got %d octets %.60q, want %d", i+1, len(got), got, len(want))
			}
		}
		p.exact("STAT", fmt.Sprintf("+OK %d %d", len(contents), total))
		p.quit()
	})
}

func TestLIST1(t *testing.T) { // R1081-LIST-1, R1081-STAT-1, R1081-LINE-6
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.exact("LIST 2", "+OK 2 200")
		p.ok("DELE 1")
		if got := p.lines("LIST"); len(got) != 1 || got[0] != "2 200" {
			t.Fatalf("LIST: %q", got)
		}
		p.exact("STAT", "+OK 1 200")
		p.ok("DELE 2")
		p.exact("LIST", "+OK 0 messages (0 octets)")
		p.expect(".")
		p.exact("STAT", "+OK 0 0")
	})
}

func TestDELE1(t *testing.T) { // R1081-DELE-1
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 1")
		for _, line := range []string{"DELE 1", "RETR 1", "LIST 1", "TOP 1 0", "UIDL 1"} {
			p.err(line)
		}
		if s.read(t) != two {
			t.Fatal("removed before UPDATE")
		}
	})
}

func TestNOOP1(t *testing.T) { // R1081-NOOP-1
	inSession(t, func(t *testing.T, s *site, p *client) { p.exact("NOOP", "+OK") })
}

func TestLAST1(t *testing.T) { // R1081-LAST-1, R1081-RETR-3
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.exact("LAST", "+OK 0")
		p.ok("TOP 2 1")
		p.body()
		p.exact("LAST", "+OK 0")
		p.ok("RETR 1")
		p.body()
		p.exact("LAST", "+OK 1")
		p.ok("DELE 2")
		p.exact("LAST", "+OK 2")
		p.ok("RETR 1")
		p.body()
		p.exact("LAST", "+OK 2")
	})
}

func TestRSET1(t *testing.T) { // R1081-RSET-1
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 1")
		p.ok("DELE 2")
		p.ok("RSET")
		p.exact("STAT", "+OK 2 320")
		p.exact("LAST", "+OK 0")
		p.quit()
		if s.read(t) != two {
			t.Fatal("maildrop changed")
		}
	})
}

func TestTOP1(t *testing.T) { // R1081-TOP-1, R1939-TOP-1
	header := "Subject: two\r\n\r\n"
	for lines, want := range map[string]string{
		"0": header, "1": header + "From here on\r\n", "2": header + "From here on\r\n..\r\n",
		"99": crlf(second), "18446744073709551615": crlf(second),
	} {
		inSession(t, func(t *testing.T, s *site, p *client) {
			p.ok("TOP 2 " + lines)
			if got := p.body(); got != want {
				t.Fatalf("TOP 2 %s: %q", lines, got)
			}
			p.err("TOP 2")
		})
	}
}

func TestUIDL1(t *testing.T) { // R1939-UIDL-1
	inSession(t, func(t *testing.T, s *site, p *client) {
		all := p.lines("UIDL")
		p.exact("UIDL 1", "+OK "+all[0])
		p.exact("UIDL 2", "+OK "+all[1])
		_, id, _ := strings.Cut(all[1], " ")
		p.ok("DELE 1")
		if got := p.lines("UIDL"); len(got) != 1 || got[0] != all[1] {
			t.Fatalf("UIDL after DELE 1: %q", got)
		}
		p.quit()
		p = s.login(t)
		p.exact("UIDL 1", "+OK 1 "+id)
		p.quit()
	})
}

func TestSTATE1(t *testing.T) { // R1081-STATE-1
	inAuthorization(t, func(t *testing.T, s *site, p *client) {
		transaction := []string{"STAT", "LIST", "LIST 1", "RETR 1", "DELE 1", "NOOP", "LAST", "RSET", "TOP 1 1", "UIDL", "UIDL 1"}
		for _, line := range transaction {
			p.err(line)
		}
		p.ok("USER mrose")
		for _, line := range transaction {
			p.err(line)
		}
		p.ok("PASS " + secret) // nothing has changed
		for _, line := range []string{"USER mrose", "PASS " + secret, "RPOP mrose"} {
			p.err(line)
		}
		p.exact("STAT", "+OK 2 320")
	})
}

func TestQUIT2(t *testing.T) { // R1081-QUIT-2: the lock is free when the reply comes
	inSession(t, func(t *testing.T, s *site, p *client) {
		p.ok("DELE 1")
		p.send("QUIT")
		synctest.Wait() // the server waits for us to read its reply
		q := s.login(t)
		q.exact("STAT", "+OK 1 200")
		q.quit()
		p.expect("+OK popper signing off, 1 messages removed")
		p.gone()
		if got := s.read(t); got != envelope(second) {
			t.Fatalf("maildrop holds %q", got)
		}
	})
}

func TestQUIT3(t *testing.T) { // R1081-QUIT-3: half a QUIT is none
	for _, last := range []string{"", "QUI", "QUIT", "QUIT\r", "QUITS\r\n"} {
		inSession(t, func(t *testing.T, s *site, p *client) {
			p.ok("DELE 1")
			if last != "" {
				go func() { _, _ = p.conn.Write([]byte(last)) }()
				synctest.Wait()
			}
			p.drop()
			synctest.Wait()
			if s.read(t) != two {
				t.Fatal("maildrop changed")
			}
			s.login(t).quit() // and no lock stays behind
		})
	}
}
