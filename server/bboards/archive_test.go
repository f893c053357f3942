package bboards

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"popper/mbox"
)

var errCut = errors.New("the power was cut")

// A crash at any point leaves each message in one of the files at least, and after the
// next run in exactly one, with the number that it had.
func TestArchiveCrash(t *testing.T) {
	build := func(t *testing.T) *fixture {
		x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
		x.append(t, x.mail+"/system", letterText("none", 0)+letterText("forged", 1)+letterText("stamped", 7))
		x.deliver(t, "Subject: popper\n\nFrom here on\n")
		x.append(t, x.mail+"/system", letterText("stays", 0))
		return x
	}
	const all = "001 forged, 007 stamped, 008 none, 009 popper"
	// the points are counted, so that each is met
	points := 0
	x := build(t)
	x.numbers(t, false)
	x.fail = func(string) error { points++; return nil }
	if n, err := x.Archive("system", Rule{Keep: 1}, x.options); n != 4 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	x.fail = nil
	if before, now := all, show(x.numbers(t, true)); now != before {
		t.Errorf("%s", now)
	}
	for cut := range points {
		x := build(t)
		before := show(x.numbers(t, false))
		left := cut
		x.fail = func(string) error {
			if left--; left < 0 {
				return errCut
			}
			return nil
		}
		if _, err := x.Archive("system", Rule{Keep: 1}, x.options); !errors.Is(err, errCut) {
			t.Fatalf("point %d: %v", cut, err)
		}
		x.open(t)
		there, here := x.numbers(t, true), x.numbers(t, false)
		for s, n := range there {
			if m, ok := here[s]; ok && m != n {
				t.Errorf("point %d: %s is %d here and %d in the archive", cut, s, m, n)
			}
			here[s] = n
		}
		if got := show(here); got != before {
			t.Errorf("point %d: %s, before %s", cut, got, before)
		}
		if cut%2 == 0 { // and the cache with it
			os.Remove(x.options.State + "/groups/system.list")
		}
		if _, err := x.Archive("system", Rule{Keep: 1}, x.options); err != nil {
			t.Errorf("point %d: again: %v", cut, err)
		}
		if got := show(x.numbers(t, true)); got != all {
			t.Errorf("point %d: archive: %s", cut, got)
		}
		if got := show(x.numbers(t, false)); got != "010 stays" {
			t.Errorf("point %d: group: %s", cut, got)
		}
	}
	t.Logf("%d points", points)
}

// What a crash has torn is not taken for the message: that is archived, and its number
// is its own.
func TestArchiveTorn(t *testing.T) {
	for _, cut := range []int{1, 5, 12, 14, 20, 30, 35} {
		x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
		x.append(t, x.mail+"/system", letterText("a", 0)+letterText("b", 0))
		x.fail = func(point string) error {
			if point == "appended" {
				return errCut
			}
			return nil
		}
		if _, err := x.Archive("system", Rule{Keep: 1}, x.options); !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		x.fail = nil
		whole := x.read(t, x.mail+"/old")
		if err := os.Truncate(x.mail+"/old", int64(len(whole)-cut)); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Archive("system", Rule{Keep: 1}, x.options); err != nil {
			t.Fatal(err)
		}
		got := x.texts(t, true)
		if !strings.Contains(got, "001 a text of a") || strings.Count(got, "001") != 1 {
			t.Errorf("%d octets torn off: %s", cut, got)
		}
		if got := x.texts(t, false); got != "002 b text of b" {
			t.Errorf("%d octets torn off: group: %s", cut, got)
		}
	}
}

// texts is number, subject and text of each message.
func (x *fixture) texts(t fataler, archived bool) string {
	t.Helper()
	m, numbers, err := x.group(t, "system").Open(archived, x.options)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer m.Close()
	var all []string
	for i, n := range numbers {
		var b bytes.Buffer
		if _, err := b.ReadFrom(&content{s: m.Message(i)}); err != nil {
			t.Fatalf("%v", err)
		}
		_, text, _ := strings.Cut(b.String(), "\n\n")
		all = append(all, fmt.Sprintf("%03d %s %s", n, subject(t, m, i), strings.TrimSpace(text)))
	}
	return strings.Join(all, ", ")
}

// Messages of any shape come into the archive octet for octet, but for the stamp.
func TestArchiveExact(t *testing.T) {
	const sep = "From a@b Tue Jan  2 15:04:05 2024\n"
	for _, text := range []string{
		"Subject: x\n\nbody\n", "\nno header\n", "", "\n", "no header at all", sep + "a second separator\n", "From no separator\n\n",
		" continued from nowhere\n\nbody\n", "Subject: x\r\n\r\ncrlf\r\n", ">From quoted\n\n>>From\n", "BBoard-ID: 9999999999\n more of it\nA: b\n\n",
		"BBoard-ID: 1\nA: b\n\n", strings.Repeat("x", 300<<10) + "\n\n" + strings.Repeat("y\n", 300<<10), "F",
	} {
		x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
		x.write(t, x.mail+"/system", sep+strings.TrimSuffix(text, "\n")+"\n\n"+sep+"last\n")
		m, err := mbox.Open(x.mail+"/system", x.options)
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if _, err := want.ReadFrom(&content{s: m.Message(0)}); err != nil {
			t.Fatal(err)
		}
		m.Close()
		for range 2 { // nothing is moved twice
			if _, err := x.Archive("system", Rule{Keep: 1}, x.options); err != nil {
				t.Fatalf("%.40q: %v", text, err)
			}
		}
		m, numbers, err := x.group(t, "system").Open(true, x.options)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if _, err := got.ReadFrom(&content{s: m.Message(0)}); err != nil || m.Len() != 1 || numbers[0] != 1 {
			t.Fatalf("%.40q: %v %v", text, numbers, err)
		}
		m.Close()
		w := strings.TrimSuffix(want.String(), "\n")
		if strings.HasPrefix(text, "BBoard-ID: 9") {
			w = "A: b\n"
		}
		if g := strings.TrimSuffix(strings.TrimPrefix(got.String(), "BBoard-ID: 1\n"), "\n"); g != strings.TrimPrefix(w, "BBoard-ID: 1\n") {
			t.Errorf("%.40q: %.80q, want %.80q", text, g, w)
		}
	}
}

// Which messages go: the old ones, but never the newest so many.
func TestArchiveRule(t *testing.T) {
	dated := func(s, date string) string {
		return strings.Replace(letterText(s, 0), "Tue Jan  2 15:04:05 2024", date, 1)
	}
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Rule{Keep: 2}, "001 a, 002 b"},
		{Rule{Keep: 9}, ""},
		{Rule{Before: time.Date(2024, 1, 1, 0, 0, 0, 0, time.Local)}, "001 a, 003 c"},
		{Rule{Before: time.Date(2024, 1, 1, 0, 0, 0, 0, time.Local), Keep: 2}, "001 a"},
		{Rule{Before: time.Date(1988, 1, 1, 0, 0, 0, 0, time.Local)}, ""},
	} {
		x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
		x.write(t, x.mail+"/system", dated("a", "Tue Nov  1 12:00:00 1988")+dated("b", "Wed Jan  3 15:04 2024")+
			dated("c", "Sun Dec 31 23:59:59 EST 2023")+dated("d", "Tue Jan  2 15:04:05 2024 +0100"))
		if _, err := x.Archive("system", c.rule, x.options); err != nil {
			t.Fatal(err)
		}
		if got := show(x.numbers(t, true)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.rule, got, c.want)
		}
	}
}

// More than one batch.
func TestArchiveMany(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	var b strings.Builder
	for i := range batch + 20 {
		b.WriteString(letterText(fmt.Sprint("s", i), 0))
	}
	x.write(t, x.mail+"/system", b.String())
	n, err := x.Archive("system", Rule{Keep: 3}, x.options)
	if n != batch+17 || err != nil || len(x.numbers(t, true)) != n {
		t.Errorf("%d, %v", n, err)
	}
}

// What keeps archiving from being done, and what mends it.
func TestArchiveRefused(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": "maildrop: MAIL/system\n", "b.group": "maildrop: MAIL/b\narchive: MAIL/none/b\n"}).open(t)
	x.append(t, x.mail+"/b", letterText("a", 0)+letterText("b", 0))
	reader, _, err := x.group(t, "b").Open(false, x.options)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		rule Rule
		want string
	}{
		{"system", Rule{Keep: 1}, "archive: PATH"}, {"none", Rule{Keep: 1}, "there are: b, system"}, {"b", Rule{}, "say which"},
		{"b", Rule{Keep: 1}, mbox.ErrInUse.Error()}, {"b", Rule{Keep: 1}, "make the directory"},
	} {
		if c.want == "make the directory" {
			reader.Close()
		}
		if _, err := x.Archive(c.name, c.rule, x.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if n := len(splitMail(x.read(t, x.mail+"/b"))); n != 2 {
		t.Errorf("%d messages are left", n)
	}
}

func splitMail(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n\n"), "\n\nFrom ") }

// An archive is made for those who may read the group.
func TestArchiveMode(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	x.append(t, x.mail+"/system", letterText("a", 0)+letterText("b", 0))
	if err := os.Chmod(x.mail+"/system", 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Archive("system", Rule{Keep: 1}, x.options); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(x.mail + "/old"); err != nil || fi.Mode().Perm() != 0o640 {
		t.Errorf("%v %v", fi, err)
	}
}
