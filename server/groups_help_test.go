package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"popper/mbox"
)

// club is a group of the tests: two mbox files, numbers by hand.
type club struct {
	info    GroupInfo
	mail    []uint64 // the numbers of its messages
	old     []uint64 // those of its archive
	readers []string // nil: everybody
	broken  error    // what Info fails with
}

func (g *club) Named(name string) bool {
	for _, n := range append([]string{g.info.Name}, g.info.Aliases...) {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func (g *club) Info() (GroupInfo, error) { return g.info, g.broken }

func (g *club) Open(archive bool, o mbox.Options) (*mbox.Maildrop, []uint64, error) {
	path, numbers := g.info.Maildrop, g.mail
	if archive {
		path, numbers = g.info.Archive, g.old
	}
	if path == "" {
		return nil, nil, ErrNoArchive
	}
	o.Shared = true
	m, err := mbox.Open(path, o)
	return m, numbers, err
}

// clubs are the groups of a server of the tests.
type clubs []*club

func (c clubs) Readable(user string) (list []Group, err error) {
	for _, g := range c {
		allowed := g.readers == nil
		for _, r := range g.readers {
			allowed = allowed || r == user
		}
		if allowed {
			list = append(list, g)
		}
	}
	return list, nil
}

// withGroups are the groups of RFC 1082's examples, and one that mrose may not read.
func withGroups(t testing.TB) func(*Config) {
	dir := t.TempDir()
	write := func(name string, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	system := &club{
		info: GroupInfo{Name: "system", Aliases: []string{"sys", "news"}, Leaders: []string{"mother", "father"},
			Maildrop: write("system", envelope("Subject: nine\nX-A: b\n\nnine\n")+envelope("Subject: ten\n\nten\n")),
			Archive:  write("system.old", envelope("Subject: three\n\nthree\n")),
			Address:  "system@host.example", Request: "system-request@host.example",
			Flags: 0o12, Maxima: 10, LastDate: time.Date(1988, 11, 1, 12, 0, 0, 0, time.FixedZone("", -8*3600))},
		mail: []uint64{9, 10}, old: []uint64{3},
	}
	users := &club{info: GroupInfo{Name: "mh-users", Maxima: 100, Maildrop: write("mh-users", "")}}
	secret := &club{info: GroupInfo{Name: "secret", Maxima: 1, Maildrop: write("secret", envelope("no\n"))}, readers: []string{"root"}}
	return func(c *Config) { c.Groups = clubs{system, users, secret} }
}

// inGroups runs a test in a session in TRANSACTION on the two messages.
func inGroups(t *testing.T, test func(t *testing.T, s *site, p *client)) {
	t.Helper()
	s := newSite(t, two, withGroups(t))
	p := s.login(t)
	p.virtual = false
	test(t, s, p)
}
