package mbox

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"popper/mbox/mboxref"
	"popper/parser"
)

// delivery options: nothing is served, so no state.
func toDeliver() Options {
	return Options{Wait: 30 * time.Millisecond, Stale: time.Hour, Create: &Creation{}}
}

func newLetter(text string) Letter {
	return Letter{Separator: sepB, Text: strings.NewReader(text)}
}

// MBOX-8, MBOX-2, MBOX-4: the octets that are appended.
func TestAppend(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	made := "From a@b Tue Jan  2 03:04:05 2024\n"
	for name, c := range map[string]struct {
		before string
		l      Letter
		q      Quoting
		added  string
	}{
		"empty file":         {"", newLetter("S: x\n\nhello\n"), Mboxrd, sepB + "\nS: x\n\nhello\n\n"},
		"made separator":     {"", Letter{Sender: "a@b", Time: at, Text: strings.NewReader("x\n")}, Mboxrd, made + "x\n\n"},
		"no sender":          {"", Letter{Time: at}, Mboxrd, "From MAILER-DAEMON Tue Jan  2 03:04:05 2024\n\n"},
		"hostile sender":     {"", Letter{Sender: "a b\r\nFrom\x00\tc\x7fé", Time: at}, Mboxrd, "From a-b--From--c-é Tue Jan  2 03:04:05 2024\n\n"},
		"long sender":        {"", Letter{Sender: strings.Repeat("a", 2000), Time: at}, Mboxrd, "From " + strings.Repeat("a", maxSender) + " Tue Jan  2 03:04:05 2024\n\n"},
		"fields":             {"", Letter{Separator: sepB, Fields: []byte("A: b\n"), Text: strings.NewReader("C: d\n\nx\n")}, Mboxrd, sepB + "\nA: b\nC: d\n\nx\n\n"},
		"own separator":      {"", newLetter(sepA + "\nS: x\n\nFrom x\n"), Mboxrd, sepB + "\nS: x\n\n>From x\n\n"},
		"own separator only": {"", newLetter(sepA), Mboxrd, sepB + "\n\n"},
		"separator, CRLF":    {"", newLetter(sepA + "\r\nS: x\r\n"), Mboxrd, sepB + "\nS: x\r\n\n"},
		"fields before it":   {"", Letter{Separator: sepB, Fields: []byte("A: b\n"), Text: strings.NewReader(sepA + "\nC: d\n")}, Mboxrd, sepB + "\nA: b\nC: d\n\n"},
		"From, no separator": {"", newLetter("From x\n"), Mboxrd, sepB + "\n>From x\n\n"},
		"second separator":   {"", newLetter(sepA + "\n" + sepA + "\n"), Mboxrd, sepB + "\n>" + sepA + "\n\n"},
		"mboxrd":             {"", newLetter("x\n\nFrom a\n>From b\n>>From c\n> From d\n"), Mboxrd, sepB + "\nx\n\n>From a\n>>From b\n>>>From c\n> From d\n\n"},
		"mboxo":              {"", newLetter("x\n\nFrom a\n>From b\n"), Mboxo, sepB + "\nx\n\n>From a\n>From b\n\n"},
		"no quoting":         {"", newLetter("x\nFrom a\n>From b\n"), NoQuoting, sepB + "\nx\nFrom a\n>From b\n\n"},
		"held at the end":    {"", newLetter("x\n>From"), Mboxrd, sepB + "\nx\n>From\n\n"},
		"no last line end":   {"", newLetter("x"), Mboxrd, sepB + "\nx\n\n"},
		"CR at the end":      {"", newLetter("x\r"), Mboxrd, sepB + "\nx\r\r\n\n"},
		"NUL and 8-bit":      {"", newLetter("\x00\xff\n"), Mboxrd, sepB + "\n\x00\xff\n\n"},
		"no text":            {"", Letter{Separator: sepB}, Mboxrd, sepB + "\n\n"},
		"after a message":    {sepA + "\nx\n\n", newLetter("y\n"), Mboxrd, sepB + "\ny\n\n"},
		"after a line":       {sepA + "\nx\n", newLetter("y\n"), Mboxrd, "\n" + sepB + "\ny\n\n"},
		"after half a line":  {sepA + "\nx", newLetter("y\n"), Mboxrd, "\n\n" + sepB + "\ny\n\n"},
		"after a CR":         {sepA + "\nx\r", newLetter("y\n"), Mboxrd, "\r\n\n" + sepB + "\ny\n\n"},
		"after CR CRLF":      {sepA + "\nx\n\r\r\n", newLetter("y\n"), Mboxrd, "\n" + sepB + "\ny\n\n"},
		"after CRs":          {sepA + "\nx\r\n\r\r", newLetter("y\n"), Mboxrd, "\r\n\n" + sepB + "\ny\n\n"},
		"CRLF file":          {sepA + "\r\nx\r\n\r\n", newLetter("y\r\n"), Mboxrd, sepB + "\ny\r\n\n"},
		"only line ends":     {"\n\r\n", newLetter("y\n"), Mboxrd, sepB + "\ny\n\n"},
		"one line end":       {"\n", newLetter("y\n"), Mboxrd, sepB + "\ny\n\n"},
		"one CRLF":           {"\r\n", newLetter("y\n"), Mboxrd, sepB + "\ny\n\n"},
	} {
		path := spool(t, c.before)
		if err := Append(path, c.l, c.q, toDeliver()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := contents(t, path); got != c.before+c.added {
			t.Errorf("%s: became %q, want %q", name, got, c.before+c.added)
		}
		agree(t, open(t, path, options(path)), []byte(c.before+c.added))
	}
}

// Whatever is in the file and in the letter: what was there is there, and the letter
// is what a reader finds behind it (MBOX-8, MBOX-2, MBOX-3, MBOX-4).
func TestAppendProperty(t *testing.T) {
	path := spool(t, "")
	texts := rapid.OneOf(genText(), rapid.Custom(func(t *rapid.T) string {
		return genText().Draw(t, "a") + rapid.SampledFrom([]string{"\r", "\n\r", "\r\r\n", "\n\n"}).Draw(t, "end")
	}))
	rapid.Check(t, func(t *rapid.T) {
		before, text := genBox().Draw(t, "box"), texts.Draw(t, "text")
		before += rapid.SampledFrom([]string{"", "", "\r", "\n\r\r\n", "\n"}).Draw(t, "tail")
		write(t, path, before)
		o := toDeliver()
		o.block = rapid.IntRange(1, 40).Draw(t, "block")
		old, oldErr := mboxref.Messages([]byte(before), true)
		err := Append(path, newLetter(text), Mboxrd, o)
		if oldErr != nil {
			if !errors.Is(err, ErrNotMailbox) || contents(t, path) != before {
				t.Fatalf("%q: %v", before, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		got := contents(t, path)
		now, err := mboxref.Messages([]byte(got), true)
		if err != nil || !strings.HasPrefix(got, before) || len(now) != len(old)+1 {
			t.Fatalf("%q: became %q: %d messages, %v", before, got, len(now), err)
		}
		for i, m := range old {
			if a, b := mboxref.Normal(m.Body), mboxref.Normal(now[i].Body); string(a) != string(b) {
				t.Fatalf("message %d was %q, is %q", i, a, b)
			}
		}
		if line, rest, ok := strings.Cut(text, "\n"); parser.IsSeparator([]byte(strings.TrimSuffix(line, "\r"))) {
			text = rest
			if !ok {
				text = ""
			}
		}
		if a, b := string(mboxref.Normal(now[len(old)].Body)), string(mboxref.Normal([]byte(text))); a != b {
			t.Fatalf("delivered %q, read %q", b, a)
		}
	})
}

// MBOX-5 and names that are no file: refused, and untouched.
func TestAppendRefuses(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, data := range map[string]string{"text": "hello\n", "zeros": "\x00\x00\x00", "long": strings.Repeat("x", 5000), "lone-cr": "\r", "linked": three, "target": three} {
		write(t, in(name), data)
	}
	for _, err := range []error{os.Link(in("linked"), in("second")), os.Symlink("target", in("link")), os.Symlink("none", in("dangling")), syscall.Mkfifo(in("fifo"), 0o600), os.Mkdir(in("dir"), 0o700)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"text", "long", "lone-cr", "linked", "link", "dangling", "fifo", "dir"} {
		if err := Append(in(name), newLetter("x"), Mboxrd, toDeliver()); !errors.Is(err, ErrNotMailbox) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Append(in("zeros"), newLetter("x"), Mboxrd, toDeliver()); err == nil || errors.Is(err, ErrNotMailbox) {
		t.Errorf("zeros: %v: what a crash left is for another try", err)
	}
	o := toDeliver()
	o.Create = nil
	if err := Append(in("none"), newLetter("x"), Mboxrd, o); !errors.Is(err, fs.ErrNotExist) || exists(t, in("none")) {
		t.Errorf("missing, not to be made: %v", err)
	}
	if err := Append(in("no/such"), newLetter("x"), Mboxrd, toDeliver()); !errors.Is(err, ErrNotCreated) {
		t.Errorf("missing directory: %v", err)
	}
	bad := newLetter("x")
	bad.Separator = "From nowhere"
	if err := Append(in("target"), bad, Mboxrd, toDeliver()); err == nil {
		t.Error("a separator line that is none was written")
	}
	if err := Append(in("target"), newLetter("x"), 9, toDeliver()); err == nil {
		t.Error("unknown quoting")
	}
	if contents(t, in("text")) != "hello\n" || contents(t, in("linked")) != three || contents(t, in("target")) != three || exists(t, in("dangling.lock")) {
		t.Error("something was changed")
	}
}

// A missing file is made, with its mode whatever the umask, and its owner.
func TestAppendCreates(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	path := filepath.Join(t.TempDir(), "user")
	if err := Append(path, newLetter("x\n"), Mboxrd, toDeliver()); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil || fi.Mode() != 0o660 || contents(t, path) != sepB+"\nx\n\n" {
		t.Errorf("%v, %v, %q", fi.Mode(), err, contents(t, path))
	}
	if os.Geteuid() != 0 {
		t.Skip("SKIP: only the superuser can give files away")
	}
	path += "2"
	o := toDeliver()
	o.Create = &Creation{Mode: 0o640, Chown: true, UID: 12, GID: 34}
	if err := Append(path, newLetter("x\n"), Mboxrd, o); err != nil {
		t.Fatal(err)
	}
	fi, _ = os.Stat(path)
	if st := fi.Sys().(*syscall.Stat_t); st.Uid != 12 || st.Gid != 34 || fi.Mode() != 0o640 {
		t.Errorf("%d:%d %v", st.Uid, st.Gid, fi.Mode())
	}
}

// LOCK-1: delivery waits for those who hold the locks, and leaves none behind.
func TestAppendLocks(t *testing.T) {
	path := spool(t, three)
	release := foreignLock(t, path)
	err := Append(path, newLetter("x\n"), Mboxrd, toDeliver())
	release()
	if !errors.Is(err, ErrLocked) || contents(t, path) != three || exists(t, path+".lock") {
		t.Fatalf("%v, changed: %t", err, contents(t, path) != three)
	}
	m := open(t, path, options(path)) // a session is no hindrance
	if err := Append(path, newLetter("x\n"), Mboxrd, toDeliver()); err != nil || exists(t, path+".lock") {
		t.Fatal(err)
	}
	if err := m.Remove(set(0, 1)); err != nil {
		t.Fatal(err)
	}
	m.Close()
	m = open(t, path, options(path))
	if got, err := drain(m.Message(m.Len() - 1)); err != nil || string(got) != "x\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// MBOX-8: a message that cannot be read is not delivered by half.
func TestAppendOfUnreadable(t *testing.T) {
	broken := errors.New("broken pipe")
	for n := range 60 {
		path := spool(t, three)
		text := io.MultiReader(strings.NewReader(strings.Repeat("From x\n", 10)[:n]), iotest.ErrReader(broken))
		o := toDeliver()
		o.block = 7
		if err := Append(path, Letter{Text: text}, Mboxrd, o); !errors.Is(err, broken) || contents(t, path) != three {
			t.Fatalf("%d octets: %v; file %q", n, err, contents(t, path))
		}
	}
}
