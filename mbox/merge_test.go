package mbox

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"popper/mbox/mboxref"
)

// mergeCase is mail left behind by the Berkeley popper, and a maildrop.
type mergeCase struct{ name, here, left string }

// booksA and booksB are the bookkeeping of a program that reads mailboxes (MBOX-6).
const (
	booksA = "From MAILER-DAEMON Tue Jan  2 15:04:05 2024\n" +
		"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1700000000 12\n\nnot a real message\n\n"
	booksB = "From MAILER-DAEMON Wed Jan  3 15:04:05 2024\n" +
		"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1700000001 3\n\nnot a real message\n\n"
)

var mergeCases = []mergeCase{
	{"maildrop empty", "", three},
	{"nothing in common", three, sepA + "\nfour\n\n" + sepB + "\nfive\n\n"},
	{"half in common", three, sepB + "\ntwo\n\n" + sepB + "\nfive\n\n" + sepA + "\none\n"},
	{"all in common", three, three},
	{"twins on one side", sepA + "\none\n\n", sepA + "\none\n\n" + sepA + "\none\n\n" + sepB + "\ntwo"},
	{"Status was edited", sepA + "\nSubject: x\nStatus: RO\n\none\n\n", sepA + "\nSubject: x\n\none\n\n" + sepB + "\ntwo\n"},
	{"no last line end", sepA + "\none", sepB + "\ntwo"},
	{"CRLF", sepA + "\r\none\r\n\r\n", sepB + "\r\ntwo\r\n"},
	{"only line ends", "\n", three},
	{"begins with LF", three, "\n" + sepB + "\nfive\n\n"},
	{"begins with CRLF", three, "\r\n\n" + sepB + "\r\nfive\r\n\r\n"},
	{"begins with many line ends", sepA + "\none\n", strings.Repeat("\n", 300) + three},
	{"line ends and nothing else", three, "\n\r\n\n"},
	{"bookkeeping, maildrop empty", "", booksA + three},
	{"bookkeeping, maildrop of line ends", "\n\n", booksA + three},
	{"bookkeeping, maildrop has mail", three, booksA + sepB + "\nfive\n\n" + sepA + "\none\n\n"},
	{"bookkeeping and nothing new", three, "\n" + booksA + three},
	{"bookkeeping alone", "", booksA},
	{"bookkeeping alone, maildrop has mail", three, booksA},
	{"bookkeeping edited since", strings.Replace(booksA, "1700000000 12", "1700000000 15", 1) + three, booksA + sepB + "\nfive\n\n"},
	{"bookkeeping of two programs", booksB, booksA + three},
	{"bookkeeping of two programs, CRLF", strings.ReplaceAll(booksB+three, "\n", "\r\n"), strings.ReplaceAll(booksA+sepB+"\nfive\n", "\n", "\r\n")},
	{"long", sepA + "\n" + strings.Repeat("x", 300) + "\n\n", sepA + "\n" + strings.Repeat("y\n", 300) + "\n" + sepB + "\n" + strings.Repeat("z", 200) + "\n"},
}

// mail is every message of an mbox, sorted; line ends are made one, and those at the
// end do not count, since an agent may add them to a file that a crash has left.
func mail(t fataler, data string) []string {
	t.Helper()
	ref, err := mboxref.Messages([]byte(data), false)
	if err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	var list []string
	for _, r := range ref {
		sep, _, _ := strings.Cut(data[r.Start:r.End], "\n")
		body := strings.ReplaceAll(string(mboxref.Normal(r.Body)), "Status: RO\r\n", "")
		list = append(list, strings.TrimRight(sep, "\r")+"\n"+strings.TrimRight(body, "\r\n"))
	}
	slices.Sort(list)
	return list
}

// union is the mail of here, and that of left which here has not.
func (c mergeCase) union(t fataler) []string {
	here, all := mail(t, c.here), mail(t, c.here)
	for _, m := range mail(t, c.left) {
		if k := slices.Index(here, m); k >= 0 {
			here = slices.Delete(here, k, k+1)
		} else {
			all = append(all, m)
		}
	}
	slices.Sort(all)
	return all
}

func (c mergeCase) disk() *memDisk {
	return newMemDisk(map[string]string{crashPath: c.here, crashJnl: c.left})
}

// judge compares what became of the maildrop.
func (c mergeCase) judge(t fataler, d *memDisk, delivered string) {
	t.Helper()
	got := d.text(crashPath)
	want := append(c.union(t), mail(t, delivered)...)
	slices.Sort(want)
	if !strings.HasPrefix(got, c.here) || !slices.Equal(mail(t, got), want) { // UPD-1
		t.Fatalf("%s: became %q", c.name, got)
	}
	files, aside := maps.Clone(d.names), ""
	delete(files, crashPath)
	for name := range files {
		if strings.HasPrefix(name, crashJnl+".bookkeeping-") {
			aside += d.text(name)
			delete(files, name)
		}
	}
	c.judgeBooks(t, got, aside)
	if len(files) != 0 {
		t.Fatalf("%s: files stay: %v", c.name, slices.Sorted(maps.Keys(files)))
	}
}

// judgeBooks: the bookkeeping of the old file, line ends aside, is where the maildrop
// has its own, or was put aside, once.
func (c mergeCase) judgeBooks(t fataler, got, aside string) {
	t.Helper()
	title := "FOLDER INTERNAL DATA"
	if !strings.Contains(c.left, title) {
		return
	}
	plain := strings.NewReplacer("\r", "", "1700000000 15", "1700000000 12")
	front := strings.TrimLeft(plain.Replace(got), "\n")
	inFront := strings.HasPrefix(front, booksA)
	if inFront == (aside != "") || !inFront && strings.TrimLeft(plain.Replace(aside), "\n") != booksA ||
		strings.Count(got, title) > 1 {
		t.Fatalf("%s: maildrop %q, aside %q", c.name, got, aside)
	}
}

// BERK-TEMP-1: mail is merged without loss or duplicate, whenever the power is cut,
// and whatever is delivered between then and the next opening.
func TestMergeCrash(t *testing.T) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	states := 0
	for _, c := range mergeCases {
		for _, sector := range []int{16, 512} {
			box := crashCase{block: 64, window: 128}
			d := c.disk()
			if err := box.recovered(d); err != nil {
				t.Fatal(err)
			}
			c.judge(t, d.clone(), "")
			for k := range len(d.log) + 1 {
				d.crashes(k, sector, 4, r, func(state *memDisk) {
					states++
					mailed := []string{"", sepB + "\nafter the crash\n\n"}[r.IntN(2)]
					deliverTo(state, mailed)
					if err := box.recovered(state); err != nil {
						t.Fatalf("%s: %v", c.name, err)
					}
					again := state.oneCrash(sector, r)
					c.judge(t, state, mailed)
					if err := box.recovered(again); err != nil {
						t.Fatalf("%s: %v", c.name, err)
					}
					c.judge(t, again, mailed)
				})
			}
		}
	}
	t.Logf("%d crash states", states)
}

// deliverTo appends mail as an agent does, which ends the message before.
func deliverTo(d *memDisk, mail string) {
	switch text := d.text(crashPath); {
	case mail == "", text == "", strings.HasSuffix(text, "\n\n"), strings.HasSuffix(text, "\n\r\n"):
	case strings.HasSuffix(text, "\n"):
		mail = "\n" + mail
	default:
		mail = "\n\n" + mail
	}
	d.apply(op{kind: opWrite, node: d.names[crashPath], at: int64(len(d.text(crashPath))), data: []byte(mail)})
	d.restart()
}

// BERK-TEMP-1: disk trouble at any call loses nothing, and the next opening merges.
func TestMergeErrors(t *testing.T) {
	for _, c := range mergeCases {
		for _, wrong := range []error{unix.ENOSPC, unix.EDQUOT, unix.EIO, unix.EFBIG} {
			for _, dead := range []bool{false, true} {
				for left := 0; ; left++ {
					box, d := crashCase{block: 64, window: 128}, c.disk()
					d.left, d.fault, d.dead = left, wrong, dead
					err := box.recovered(d)
					if d.left > 0 {
						break
					}
					d.left = -1
					if text := d.text(crashPath); err == nil && text != c.here && !slices.Equal(mail(t, text), c.union(t)) {
						t.Fatalf("%s: %v at call %d: shown is %q", c.name, wrong, left, text)
					}
					if err := box.recovered(d); err != nil {
						t.Fatalf("%s: %v at call %d: then %v", c.name, wrong, left, err)
					}
					c.judge(t, d, "")
				}
			}
		}
	}
}

// BERK-TEMP-1 through Open: what is shown, and what stays.
func TestMergeOpen(t *testing.T) {
	for _, c := range mergeCases {
		t.Run(c.name, func(t *testing.T) {
			path := spool(t, c.here)
			left := filepath.Join(filepath.Dir(path), ".user.pop")
			write(t, left, c.left)
			m := open(t, path, options(path))
			if m.Len() != len(c.union(t)) {
				t.Errorf("%d messages, want %d", m.Len(), len(c.union(t)))
			}
			if _, err := os.Lstat(left); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("old file: %v", err)
			}
			if err := m.Remove(func(i int) bool { return i == 0 }); err != nil {
				t.Error(err)
			}
		})
	}
}

// BERK-TEMP-1: what somebody else puts beside the spool file, where everyone may write,
// once kept the merge from beginning, for ever.
func TestMergeRecordNotBesideTheSpool(t *testing.T) {
	for _, ending := range []string{".merge", ".merge.new"} {
		path := spool(t, three)
		write(t, beside(path), sepB+"\nfive\n\n")
		if err := os.MkdirAll(beside(path)+ending+"/planted", 0o755); err != nil {
			t.Fatal(err)
		}
		o := options(path)
		log := warned(&o)
		if m := open(t, path, o); m.Len() != 4 || len(*log) != 1 {
			t.Errorf("%d messages, log %q", m.Len(), *log)
		}
	}
}

// BERK-TEMP-1: a merge that cannot make its record does not begin; the maildrop is
// served without it, the log says what stands in the way, and a later login merges.
func TestMergeRecordCannotBeMade(t *testing.T) {
	path := spool(t, three)
	left := sepB + "\nfive\n\n"
	write(t, beside(path), left)
	o := options(path)
	log := warned(&o)
	name := recordName(t, path)
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	m := open(t, path, o)
	m.Close()
	if contents(t, path) != three || contents(t, beside(path)) != left || !strings.Contains(fmt.Sprint(*log), name) {
		t.Errorf("touched, or not told: %q", *log)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if m = open(t, path, o); m.Len() != 4 {
		t.Errorf("then %d messages", m.Len())
	}
}

// MBOX-6: bookkeeping in the old file was once taken away with it, and was nowhere any more.
func TestMergeKeepsBookkeeping(t *testing.T) {
	path := spool(t, three)
	write(t, beside(path), booksA+sepB+"\nfive\n\n")
	o := options(path)
	log := warned(&o)
	if m := open(t, path, o); m.Len() != 4 {
		t.Errorf("%d messages", m.Len())
	}
	kept, _ := filepath.Glob(beside(path) + ".bookkeeping-*")
	if len(kept) != 1 || contents(t, kept[0]) != booksA || !strings.Contains(fmt.Sprint(*log), kept[0]) {
		t.Errorf("kept %q, log %q", kept, *log)
	}
}

// MBOX-1: a mailbox may begin with empty lines. An old file that did was once taken for
// a damaged journal, and its mail was not merged.
func TestIsMail(t *testing.T) {
	for data, want := range map[string]bool{
		sepA:                                     true,
		sepA + "\r\n":                            true,
		"\n" + sepA + "\n":                       true,
		"\r\n\n" + sepA + "\n":                   true,
		"\n\n\r\n":                               true, // an empty one
		"\n\r":                                   false,
		"\r" + sepA:                              false,
		" \n" + sepA:                             false,
		headTitle:                                false,
		"\n" + headTitle:                         false,
		strings.Repeat("\n", maxPreamble) + sepA: true,
		strings.Repeat("\n", maxPreamble+maxOpenLine+1): true,
		strings.Repeat("\n", maxPreamble+maxOpenLine+2): false, // how should we know
	} {
		path := spool(t, data)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := isMail(f, int64(len(data)))
		f.Close()
		if got != want || err != nil {
			t.Errorf("%.40q of %d octets: %v, %v", data, len(data), got, err)
		}
		m, err := Open(path, options(path)) // the same judgement
		if err == nil {
			m.Close()
		}
		if len(data) < maxPreamble && (err == nil) != want {
			t.Errorf("%.40q: Open: %v", data, err)
		}
	}
}

// growing is a disk on which the old file grows while it is merged.
type growing struct {
	osDisk
	t    *testing.T
	path string
	grow []string
}

func (d *growing) Reserve(f file, from, n int64) error {
	if len(d.grow) > 0 {
		appendTo(d.t, beside(d.path), d.grow[0])
		d.grow = d.grow[1:]
	}
	return d.osDisk.Reserve(f, from, n)
}

// BERK-TEMP-1: what came into the old file after it was read was once erased with it.
func TestMergeOldFileGrows(t *testing.T) {
	path := spool(t, three)
	write(t, beside(path), sepB+"\nfive\n\n")
	o := options(path)
	o.disk = &growing{t: t, path: path, grow: []string{sepB + "\nsix\n\n", sepB + "\nseven\n\n"}}
	if m := open(t, path, o); m.Len() != 6 || exists(t, beside(path)) {
		t.Errorf("%d messages", m.Len())
	}
}

// The old file grows again and again: it stays, and nothing of it is lost.
func TestMergeOldFileKeepsGrowing(t *testing.T) {
	path := spool(t, three)
	write(t, beside(path), sepB+"\nfive\n\n")
	o := options(path)
	log := warned(&o)
	more := &growing{t: t, path: path}
	for i := range 2 * maxReopen {
		more.grow = append(more.grow, fmt.Sprintf("%s\nmore %d\n\n", sepB, i))
	}
	o.disk = more
	if open(t, path, o); !strings.Contains(contents(t, beside(path)), "more 0") || len(*log) != 1 {
		t.Errorf("old file %q, log %q", contents(t, beside(path)), *log)
	}
}

// BERK-TEMP-1: so it was when a merge was interrupted, and the old file had grown when
// the next login finished it.
func TestMergeOldFileGrownSinceCrash(t *testing.T) {
	c := mergeCase{"grown", three, sepB + "\nfive\n\n"}
	const more = sepA + "\nsix\n\n"
	for left := 0; ; left++ {
		box, d := crashCase{block: 64, window: 128}, c.disk()
		d.left, d.fault, d.dead = left, errKilled, true
		if err := box.recovered(d); err == nil && d.left > 0 {
			break
		}
		d.left = -1
		if d.text(crashJnl) != c.left {
			continue // it has been emptied
		}
		d.apply(op{kind: opWrite, node: d.names[crashJnl], at: int64(len(c.left)), data: []byte(more)})
		if err := box.recovered(d); err != nil {
			t.Fatalf("call %d: %v", left, err)
		}
		mergeCase{c.name, c.here, c.left + more}.judge(t, d, "")
	}
}

// A record that the next login would refuse to read must not be begun with.
func TestMergeTooManyExtents(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, options(path))
	r := &mergeRecord{}
	r.keep = make([]extent, maxMergeRows/16+1)
	if err := m.saveMerge(r); err == nil || exists(t, m.mergeName()) {
		t.Errorf("saved: %v", err)
	}
}
