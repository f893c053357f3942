package main_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// popper archive is killed at any time, again and again: no message is ever in neither
// file, and in the end each is in one of them, once, with the number that it had.
func TestArchiveKilled(t *testing.T) {
	s := newGroups(t)
	s.share("system.mbox", "")
	messages := 0
	args := []string{"archive", "--groups", s.dir + "/groups", "--state", s.dir + "/state", "--keep", "1", "system"}
	subjects := regexp.MustCompile(`Subject: (m\d+)\n`)
	count := func() map[string]int {
		all := map[string]int{}
		for _, name := range []string{"/system.mbox", "/archive/system.mbox"} {
			b, _ := os.ReadFile(s.dir + name)
			for _, m := range subjects.FindAllStringSubmatch(string(b), -1) {
				all[m[1]]++
			}
		}
		return all
	}
	_, addr := s.grouped()
	numbers := map[string]int{}
	killed := 0
	for range times(t, "POPPER_KILLS", 20) {
		text := s.read(s.dir + "/system.mbox")
		for range 12 {
			text += posting(fmt.Sprintf("m%d", messages), 0)
			messages++
		}
		s.share("system.mbox", text)
		for subject, n := range s.numbered(addr) {
			if old, ok := numbers[subject]; ok && old != n {
				t.Fatalf("%s had number %d, and has %d", subject, old, n)
			}
			numbers[subject] = n
		}
		p := start(t, nil, binary, args...)
		select {
		case <-p.exited:
		case <-time.After(time.Duration(rand.IntN(80)) * time.Millisecond):
			_ = p.Process.Kill()
			<-p.exited
			killed++
		}
		if n := len(count()); n != messages {
			t.Fatalf("%d of %d messages are left", n, messages)
		}
	}
	if p := start(t, nil, binary, args...); p.code() != 0 {
		t.Fatal(p.out.String())
	}
	for subject, n := range count() {
		if n != 1 { // pieces end before their subject, or are told from the message
			t.Errorf("%s is there %d times", subject, n)
		}
	}
	for subject, n := range s.numbered(addr) {
		if numbers[subject] != n {
			t.Errorf("%s had number %d, and has %d", subject, numbers[subject], n)
		}
	}
	t.Logf("killed %d times", killed)
}

// numbered are the numbers of all messages of the group system and its archive.
func (s *site) numbered(addr string) map[string]int {
	s.t.Helper()
	all := map[string]int{}
	c := dial(s.t, addr)
	c.login()
	for _, what := range []string{"BBOARDS", "ARCHIVE"} {
		c.ask("XTND "+what+" system", "+OK XTND")
		c.lines()
		c.ask("LIST", "+OK")
		for line := range strings.Lines(c.lines()) {
			var i, size, n int
			if _, err := fmt.Sscan(line, &i, &size, &n); err != nil {
				s.t.Fatal(err)
			}
			c.ask(fmt.Sprint("TOP ", i, " 0"), "+OK")
			found := regexp.MustCompile(`Subject: (\S+)\r\n`).FindStringSubmatch(c.lines())
			if found == nil {
				continue // a piece that a kill has left in the archive
			}
			subject := found[1]
			if old, ok := all[subject]; ok && old != n {
				s.t.Errorf("%s has numbers %d and %d", subject, old, n)
			}
			all[subject] = n
		}
	}
	c.ask("QUIT", "+OK")
	c.end()
	return all
}
