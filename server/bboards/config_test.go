package bboards

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"popper/mbox"
	"popper/server"
)

// fixture is a groups directory, and the maildrops and the state that go with it.
type fixture struct {
	*Directory
	dir, mail string
	options   mbox.Options
	log       bytes.Buffer
}

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// newFixture makes a directory of files, whose text may name the directory of the
// maildrops as MAIL.
func newFixture(t testing.TB, files map[string]string) *fixture {
	t.Helper()
	dir := t.TempDir()
	x := &fixture{dir: filepath.Join(dir, "groups"), mail: filepath.Join(dir, "mail")}
	x.options = mbox.Options{State: filepath.Join(dir, "state"), Wait: time.Second}
	for _, d := range []string{x.dir, x.mail} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{filepath.Dir(dir), dir} { // so that who may read is decided below
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		x.write(t, filepath.Join(x.dir, name), text)
	}
	return x
}

// open begins to use the directory, as a new process would.
func (x *fixture) open(t fataler) *fixture {
	t.Helper()
	var err error
	x.Directory, err = Open(x.dir, x.options, slog.New(slog.NewTextHandler(&x.log, nil)))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return x
}

func (x *fixture) write(t fataler, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "MAIL", x.mail)), 0o644); err != nil {
		t.Fatalf("write: %v", err)
	}
}

func (x *fixture) read(t fataler, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return string(b)
}

// group is the one of that name, for the superuser.
func (x *fixture) group(t fataler, name string) server.Group {
	t.Helper()
	all, err := x.Readable("root")
	if err != nil {
		t.Fatalf("Readable: %v", err)
	}
	for _, g := range all {
		if g.Named(name) {
			return g
		}
	}
	t.Fatalf("no group %q", name)
	return nil
}

func (x *fixture) info(t fataler, name string) server.GroupInfo {
	t.Helper()
	i, err := x.group(t, name).Info()
	if err != nil {
		t.Fatalf("Info: %v", err)
	}
	return i
}

const system = "# the machine\n\nmaildrop: MAIL/system\narchive: MAIL/system.old\naliases: sys machine-1\n" +
	"address: system@example.org\nrequest: system-request@example.org\nleaders: root  ann\nflags: 0755\n" +
	"feed-in: in@example.org\nfeeds-out: a@example.org b@example.org\n"

func TestGroupFile(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": system, "x.group~": "junk", ".y.group": "junk"}).open(t)
	want := server.GroupInfo{
		Name: "system", Aliases: []string{"sys", "machine-1"}, Maildrop: x.mail + "/system", Archive: x.mail + "/system.old",
		Leaders: []string{"root", "ann"}, Address: "system@example.org", Request: "system-request@example.org",
		FeedIn: "in@example.org", FeedsOut: []string{"a@example.org", "b@example.org"}, Flags: 0o755,
	}
	if got := x.info(t, "system"); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

// R1082-NAME-1: any case, aliases too, and nothing else.
func TestNamed(t *testing.T) {
	g := newFixture(t, map[string]string{"Sys-tem1.group": "maildrop: /x\naliases: Other\n"}).open(t).group(t, "sys-tem1")
	for name, want := range map[string]bool{
		"Sys-tem1": true, "SYS-TEM1": true, "oTHER": true, "sys": false, "": false, "sys-tem1.group": false, "../sys-tem1": false,
		"sys-tem1\x00": false, strings.Repeat("x", 1e6): false, "%s": false,
	} {
		if g.Named(name) != want {
			t.Errorf("%.40q", name)
		}
	}
}

// What the file of MH leaves out is what MH made of it.
func TestMHFile(t *testing.T) {
	x := newFixture(t, map[string]string{
		"a.group": "maildrop: MAIL/a\n",
		"bboards": "# a remark\nmh-users:mh,mhu:MAIL/mh.mbox:secret:ann,bob:@udel.edu:-request:relay@x:d1@x,d2@x:17\n\n" +
			"system::system.mbox:::::::\nfull::MAIL/full:*::full@a.b:boss@c.d:::0\nother::MAIL/other:::o@h:boss:::\n",
	}).open(t)
	all, err := x.Readable("root")
	if err != nil || len(all) != 5 || !all[0].Named("mh-users") || !all[4].Named("a") {
		t.Fatalf("%v %v", all, err)
	}
	want := server.GroupInfo{
		Name: "mh-users", Aliases: []string{"mh", "mhu"}, Maildrop: x.mail + "/mh.mbox", Archive: x.mail + "/archive/mh.mbox",
		Info: x.mail + "/.mh.cnt", Map: x.mail + "/.mh.map", Leaders: []string{"ann", "bob"}, Address: "mh-users@udel.edu",
		Request: "mh-users-request@udel.edu", FeedIn: "relay@x", FeedsOut: []string{"d1@x", "d2@x"}, Flags: 0o17,
	}
	if got := x.info(t, "mh"); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if i := x.info(t, "system"); i.Maildrop != x.dir+"/system.mbox" || i.Address != "system" || i.Request != "system" || i.Flags != 0 {
		t.Errorf("%+v", i)
	}
	if i := x.info(t, "full"); i.Address != "full@a.b" || i.Request != "boss@c.d" {
		t.Errorf("%+v", i)
	}
	if i := x.info(t, "other"); i.Request != "boss@h" {
		t.Errorf("%+v", i)
	}
}

// R1082-MAX-1: a group that comes from MH goes on where MH was.
func TestMHCount(t *testing.T) {
	x := newFixture(t, map[string]string{"bboards": "system::MAIL/system.mbox:::::::\n"}).open(t)
	x.write(t, x.mail+"/.system.cnt", "1500000\nTue, 01 Nov 88 12:00:00 -0500\n")
	i := x.info(t, "system")
	if i.Maxima != 1500000 || i.LastDate.UTC() != time.Date(1988, 11, 1, 17, 0, 0, 0, time.UTC) {
		t.Errorf("%+v", i)
	}
	x.write(t, x.mail+"/.system.cnt", "7\n") // MH is gone; what it says later does not count
	if i := x.info(t, "system"); i.Maxima != 1500000 {
		t.Errorf("%+v", i)
	}
	x = newFixture(t, map[string]string{"bboards": "system::MAIL/system.mbox:::::::\n"}).open(t)
	x.write(t, x.mail+"/.system.cnt", "-3\n")
	if _, err := x.group(t, "system").Info(); err == nil || !strings.Contains(err.Error(), "highest number") {
		t.Errorf("%v", err)
	}
}

// Every fault is named with file and line, and with what mends it.
func TestBadFiles(t *testing.T) {
	const mh = "n::MAIL/n:::::::"
	for _, c := range []struct{ name, text, where, want string }{
		{"a.group", "maildrop: a\n", "a.group:1", "begin it with /"},
		{"a.group", "\n# x\nmaildrop: /x\narchive: x\n", "a.group:4", "begin it with /"},
		{"a.group", "maildrop: /x\nfoo: y\n", "a.group:2", "feeds-out"},
		{"a.group", "maildrop: /x\nmaildrop: /y\n", "a.group:2", "remove one"},
		{"a.group", "maildrop\n", "a.group:1", "key: value"},
		{"a.group", "maildrop:\n", "a.group:1", "no value"},
		{"a.group", "maildrop: /x\x01\n", "a.group:1", "control"},
		{"a.group", "maildrop: /x\nflags: 9\n", "a.group:2", "octal"},
		{"a.group", "maildrop: /x\naliases: b_c\n", "a.group:2", "letter"},
		{"a.group", "maildrop: /x\naliases: ../b\n", "a.group:2", "letter"},
		{"a.group", "maildrop: /x\naliases: A\n", "a.group", "taken already"},
		{"a.group", "maildrop: /x\narchive: /x/\n", "a.group:2", "file of its own"},
		{"a.group", "", "a.group:1", "no maildrop"},
		{"1a.group", "maildrop: /x\n", "1a.group:1", "letter"},
		{".group", "maildrop: /x\n", "", ""},
		{strings.Repeat("a", 65) + ".group", "maildrop: /x\n", ".group:1", "1 to 64"},
		{"bboards", "a:b\n", "bboards:1", "2 fields"},
		{"bboards", mh + "\n" + mh + ":\n", "bboards:2", "11 fields"},
		{"bboards", mh + "\n" + mh + "\n", "bboards:2", "taken already"},
		{"bboards", "m:N:MAIL/m:::::::\n" + mh + "\n", "bboards:2", "taken already"},
		{"bboards", mh + "\nm::MAIL/n:::::::\n", "bboards:2", "another group's"},
		{"bboards", "n:::::::::\n", "bboards:1", "no maildrop"},
		{"bboards", mh + "8\n", "bboards:1", "octal"},
		{"bboards", "n\x7f::MAIL/n:::::::\n", "bboards:1", "control"},
	} {
		x := newFixture(t, map[string]string{c.name: c.text})
		_, err := Open(x.dir, x.options, slog.New(slog.DiscardHandler))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.where) {
			t.Errorf("%s, %q: %v; want %s, %s", c.name, c.text, err, c.where, c.want)
		}
	}
}

// What must not be read is not.
func TestUnfitFiles(t *testing.T) {
	for want, spoil := range map[string]func(x *fixture, path string) error{
		"chmod o-w":           func(x *fixture, path string) error { return os.Chmod(path, 0o646) },
		"may write it":        func(x *fixture, path string) error { return os.Chmod(x.dir, 0o777) },
		"larger than":         func(x *fixture, path string) error { return os.Truncate(path, maxFile+1) },
		"not a regular file":  func(x *fixture, path string) error { os.Remove(path); return unix.Mkfifo(path, 0o600) },
		"a file NAME.group":   func(x *fixture, path string) error { return os.RemoveAll(x.dir) },
		"directory of popper": func(x *fixture, path string) error { return os.MkdirAll(x.options.State+"/groups", 0o755) },
	} {
		x := newFixture(t, map[string]string{"a.group": "maildrop: /x\n"})
		if err := spoil(x, x.dir+"/a.group"); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(x.dir, x.options, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A new state of the directory is seen at once; a bad one is reported once, and the last
// good one serves on.
func TestReload(t *testing.T) {
	x := newFixture(t, map[string]string{"a.group": "maildrop: MAIL/a\n"}).open(t)
	x.write(t, x.dir+"/b.group", "maildrop: MAIL/b\n")
	x.group(t, "b")
	x.write(t, x.dir+"/b.group", "maildrop: MAIL/b\naliases: c\n")
	x.group(t, "c")
	x.write(t, x.dir+"/d.group", "maildrop: d\n")
	for range 3 {
		x.group(t, "c")
	}
	if n := strings.Count(x.log.String(), "level=ERROR"); n != 1 || !strings.Contains(x.log.String(), "d.group:1") {
		t.Errorf("%d complaints: %s", n, &x.log)
	}
	os.Remove(x.dir + "/d.group")
	os.Remove(x.dir + "/a.group")
	all, _ := x.Readable("root")
	if len(all) != 1 {
		t.Errorf("%d groups", len(all))
	}
	os.RemoveAll(x.dir)
	x.group(t, "b")
}
