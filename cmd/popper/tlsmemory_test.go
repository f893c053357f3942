package main_test

import (
	"crypto/tls"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// resident is the memory of a process that lies in RAM, in KiB.
func (p *process) resident() float64 {
	p.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	n, err := strconv.Atoi(regexp.MustCompile(`VmRSS:\s*(\d+) kB`).FindStringSubmatch(string(b))[1])
	if err != nil {
		p.t.Fatal(err)
	}
	return float64(n)
}

// What sessions cost that have logged in and say nothing more: 500 of them, in the clear
// and over TLS. Nothing is asserted about it, since it depends on the garbage collector;
// all of them must still answer.
func TestIdleMemory(t *testing.T) {
	const sessions = 500
	for _, way := range []string{"plain", "TLS"} {
		s := newSite(t)
		var users strings.Builder
		for i := range sessions {
			fmt.Fprintf(&users, "u%d:%s\n", i, hash)
		}
		s.write(s.passwd, users.String())
		x := s.secure()
		c, _ := dialTLS(t, x.private, x.cert.Client()) // what is needed once
		c.ask("QUIT", "+OK")
		before := x.p.resident()
		all := make([]*client, sessions)
		for i := range all {
			if way == "plain" {
				all[i] = dial(t, x.plain)
			} else {
				all[i], _ = dialTLS(t, x.private, x.client(tls.VersionTLS13))
			}
			all[i].ask(fmt.Sprint("USER u", i), "+OK")
			all[i].ask("PASS "+secret, "+OK")
		}
		t.Logf("%s: %.1f KiB for each of %d idle sessions, %.1f MiB before them",
			way, (x.p.resident()-before)/sessions, sessions, before/1024)
		for _, c := range all {
			c.ask("QUIT", "+OK")
			c.Close()
		}
	}
}
