package mbox

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// R1939-UIDL-1 over the life of a maildrop: mail comes, some of it equal to mail that is
// there or that was, is removed, and is edited by other programs; caches are lost; sessions
// overlap with all of it.
//
// What is demanded after each step. Letters are equal if they have the same separator
// line and the same octets but for other programs' fields; those that are equal to no
// other one that was ever delivered are alone.
//
//	legal    1 to 70 octets 0x21-0x7E, no two messages have the same
//	stable   a letter that is alone has one unique-id as long as it exists
//	ordered  the k-th of equal letters that are there, in the order of the file, has
//	         the k-th unique-id of a list that belongs to them for ever
//	private  no unique-id ever belongs to letters that are not equal, whether
//	         those that had it are still there or not
//
// So when one of equal letters is removed, the last unique-id in use of their list is given up,
// whichever letter it was; when one comes again it is taken up again. A client
// that knows a unique-id has the octets that it stands for, now and whenever it returns. More
// cannot be had without writing into the mail (uid.go); RFC 1939 permits as much: "for
// as long as the entity using the unique-id exists", and even equal ones for equal copies.

// kind is what equal letters have in common.
type kind struct {
	separator string
	fields    []string // with their continuation lines
	body      string   // "" also stands for a message whose header no empty line ends
	uids      []string // the list, as far as it was seen
}

// copyOf is a letter as it lies in the file.
type copyOf struct {
	*kind
	books [][2]string // other programs' fields: one before each of fields, one behind
	open  bool        // no empty line ends its header
	crlf  bool
}

func (c *copyOf) String() string {
	s := c.separator + "\n"
	for i, f := range c.fields {
		s += c.books[i][0] + f + "\n" + c.books[i][1]
	}
	if !c.open {
		s += "\n" + c.body
	}
	if s += "\n"; c.crlf {
		s = strings.ReplaceAll(s, "\n", "\r\n")
	}
	return s
}

// uidPast is a maildrop, and what its file should hold.
type uidPast struct {
	path   string
	o      Options
	kinds  []*kind
	box    []*copyOf
	owner  map[string]*kind // of each unique-id ever seen
	m      *Maildrop        // the session that is open, or nil
	shown  []*copyOf        // what it shows
	edited bool             // the file was edited since it began
	count  *uidCounts
}

// uidCounts show that what should happen does.
type uidCounts struct{ histories, steps, recalled, changed, twins atomic.Int64 }

// TestUniqueIDHistories lets POPPER_UID_HISTORIES say how many histories to try.
func TestUniqueIDHistories(t *testing.T) {
	n := 400
	if s := os.Getenv("POPPER_UID_HISTORIES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("POPPER_UID_HISTORIES: %v", err)
		}
	}
	shards := runtime.GOMAXPROCS(0)
	checks := flag.Lookup("rapid.checks")
	defer flag.Set(checks.Name, checks.Value.String())
	flag.Set(checks.Name, strconv.Itoa((n+shards-1)/shards))
	var count uidCounts
	t.Run("shards", func(t *testing.T) {
		for i := range shards {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				base := memoryDir(t)
				rapid.Check(t, func(t *rapid.T) { uidHistory(t, fmt.Sprintf("%s/%d", base, count.histories.Add(1)), &count) })
			})
		}
	})
	t.Logf("%d histories of unique-ids, %d steps; %d times from an index, %d times ErrChanged, %d twins",
		count.histories.Load(), count.steps.Load(), count.recalled.Load(), count.changed.Load(), count.twins.Load())
	if count.recalled.Load() == 0 || count.changed.Load() == 0 || count.twins.Load() == 0 {
		t.Error("it never came to that")
	}
}

// memoryDir is a directory in memory, where there is such a place: a disk's file system
// writes out at once what replaces a file, a thousand times in these histories.
func memoryDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "popper-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func uidHistory(t *rapid.T, dir string, count *uidCounts) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	p := &uidPast{path: dir + "/user", owner: map[string]*kind{}, count: count}
	p.o = Options{State: dir + "/state", Locks: []LockKind{Fcntl}, disk: restlessDisk{},
		block: rapid.IntRange(30, 300).Draw(t, "block"), Unquote: rapid.Bool().Draw(t, "unquote")}
	write(t, p.path, "")
	defer p.End(t)
	t.Repeat(rapid.StateMachineActions(p))
}

// restlessDisk makes nothing durable, which is of no concern here, and slow.
type restlessDisk struct{ osDisk }

func (restlessDisk) SyncDir(string) error             { return nil }
func (restlessDisk) Reserve(file, int64, int64) error { return nil }

func (d restlessDisk) Create(name string) (file, error) {
	f, err := d.osDisk.Create(name)
	return restless{f}, err
}

type restless struct{ file }

func (restless) Sync() error { return nil }

// begin opens the maildrop.
func (p *uidPast) begin(t *rapid.T, path string, o Options) *Maildrop {
	m, err := Open(path, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if m.f != nil {
		m.f = restless{m.f}
	}
	return m
}

// Check looks with a session of its own, if there is none: with the caches that there are.
// And, beside a session that is open, at a copy of the file in memory, where there are none.
func (p *uidPast) Check(t *rapid.T) {
	p.count.steps.Add(1)
	if p.m == nil {
		m := p.begin(t, p.path, p.o)
		if m.indexed != nil {
			p.count.recalled.Add(1)
		}
		ids, err := m.UniqueIDs()
		m.Close()
		if errors.Is(err, ErrChanged) && m.doubt > 0 { // the index is given up (sidecar.go)
			m = p.begin(t, p.path, p.o)
			ids, err = m.UniqueIDs()
			m.Close()
		}
		p.judge(t, ids, err, p.box)
		return
	}
	ids, err := p.m.UniqueIDs()
	if errors.Is(err, ErrChanged) && (p.edited || p.m.doubt > 0) {
		p.count.changed.Add(1)
	} else {
		p.judge(t, ids, err, p.shown)
	}
	data := contents(t, p.path)
	fi, err := os.Lstat(p.path)
	if err != nil {
		t.Fatal(err)
	}
	m := &Maildrop{path: p.path, f: memory{[]byte(data), fi}, options: p.o.withDefaults()}
	if m.table, err = scanFile(m.f, m.options, func() {}); err != nil {
		t.Fatal(err)
	}
	ids, err = m.UniqueIDs()
	p.judge(t, ids, err, p.box)
}

var legalUID = regexp.MustCompile(`^[!-~]{1,70}$`)

// judge compares what a session answers with the history so far.
func (p *uidPast) judge(t *rapid.T, ids []string, err error, box []*copyOf) {
	if err != nil || len(ids) != len(box) {
		t.Fatalf("%d unique-ids of %d messages, %v", len(ids), len(box), err)
	}
	seen := map[string]bool{}
	rank := map[*kind]int{}
	for i, id := range ids {
		k := box[i].kind
		if !legalUID.MatchString(id) || seen[id] {
			t.Fatalf("%d: %q in %q", i, id, ids)
		}
		seen[id] = true
		if owner := p.owner[id]; owner != nil && owner != k {
			t.Fatalf("%d: %q was that of another letter\nnow %q\nthen %q %q", i, id, box[i], owner.separator, owner.fields)
		}
		p.owner[id] = k
		if n := rank[k]; n == len(k.uids) {
			k.uids = append(k.uids, id)
		} else if k.uids[n] != id {
			t.Fatalf("%d: %q, before it had %q: %q", i, id, k.uids[n], box[i])
		}
		if rank[k]++; rank[k] == 2 {
			p.count.twins.Add(1)
		}
	}
}

// Deliver appends a letter like no other.
func (p *uidPast) Deliver(t *rapid.T) {
	k := &kind{separator: rapid.SampledFrom([]string{sepA, sepB}).Draw(t, "separator"), fields: []string{fmt.Sprintf("Subject: %d", len(p.kinds))}}
	k.fields = append(k.fields, rapid.SliceOfN(rapid.SampledFrom([]string{"From: a", "X-Status2: b", "Statusx: c\n\tStatus: RO", "no field", "Received: by x\n X-UID: 9"}), 0, 3).Draw(t, "fields")...)
	k.body = rapid.SampledFrom([]string{"", "", "text\n", "Status: RO\n\n>From x\n", "\n\n", "X-UID: 1\n\nFrom x\n" + strings.Repeat("more\n", 50)}).Draw(t, "body")
	p.kinds = append(p.kinds, k)
	p.deliver(t, k)
}

// Again appends one that is equal to a letter that is there, or was.
func (p *uidPast) Again(t *rapid.T) {
	if len(p.kinds) == 0 {
		t.SkipNow()
	}
	p.deliver(t, rapid.SampledFrom(p.kinds).Draw(t, "kind"))
}

func (p *uidPast) deliver(t *rapid.T, k *kind) {
	c := &copyOf{kind: k, books: make([][2]string, len(k.fields)), crlf: rapid.IntRange(0, 5).Draw(t, "crlf") == 0}
	c.open = k.body == "" && rapid.Bool().Draw(t, "open")
	if rapid.IntRange(0, 3).Draw(t, "books") == 0 { // a program that delivers can write them too
		c.books[0][0] = "Status: O\n"
	}
	p.box = append(p.box, c)
	appendTo(t, p.path, c.String())
}

// Remove ends a session that removes some.
func (p *uidPast) Remove(t *rapid.T) {
	if p.m == nil {
		p.Begin(t)
	}
	if p.m.options.Shared {
		t.SkipNow()
	}
	marks := rapid.SliceOfN(rapid.IntRange(0, 2), len(p.shown), len(p.shown)).Draw(t, "marks")
	err := p.m.Remove(func(i int) bool { return marks[i] == 0 })
	switch {
	case err == nil:
		var left []*copyOf
		for i, c := range p.box {
			if i >= len(marks) || marks[i] != 0 {
				left = append(left, c)
			}
		}
		p.box = left
	case !errors.Is(err, ErrChanged) || !p.edited && p.m.doubt == 0:
		t.Fatalf("Remove: %v", err)
	}
	p.End(t)
}

// Begin leaves a session open, of which unique-ids are asked at once, later, or never.
func (p *uidPast) Begin(t *rapid.T) {
	if p.m != nil {
		t.SkipNow()
	}
	o := p.o
	o.Shared = rapid.IntRange(0, 3).Draw(t, "shared") == 0
	p.m = p.begin(t, p.path, o)
	p.shown, p.edited = append([]*copyOf(nil), p.box...), false
	if p.m.Len() != len(p.shown) {
		t.Fatalf("%d messages, want %d: %q", p.m.Len(), len(p.shown), contents(t, p.path))
	}
}

func (p *uidPast) End(*rapid.T) {
	if p.m != nil {
		p.m.Close()
		p.m = nil
	}
}

// Edit is what dovecot, mutt and others do: they put their fields into messages, change
// them, and take them out, and write the file again.
func (p *uidPast) Edit(t *rapid.T) {
	for _, c := range p.box {
		for i := range c.books {
			for k := range c.books[i] {
				switch rapid.IntRange(0, 5).Draw(t, "edit") {
				case 0:
					c.books[i][k] = ""
				case 1, 2:
					c.books[i][k] = genBooks().Draw(t, "books")
					c.open = false // who edits a header ends it
				}
			}
		}
	}
	p.rewrite(t)
}

func genBooks() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"Status: O\n", "Status: RO\n", "X-Status: AF\n", "status:\n", "X-UID: 7         \n", "X-UID: 12\nStatus: RO\n",
		"X-Keywords: a b\n\tc\n", "X-Keywords:                \n", "X-IMAPbase: 1700000000 12\n", "X-IMAP: 1 2\n a\n", "Content-Length: 18\nLines: 2\n",
		"X-UIDL: " + strings.Repeat("x", 100) + "\n", "X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n"})
}

// Same writes the file again as it is.
func (p *uidPast) Same(t *rapid.T) { p.rewrite(t) }

func (p *uidPast) rewrite(t *rapid.T) {
	data := ""
	for _, c := range p.box {
		data += c.String()
	}
	p.edited = true
	if rapid.IntRange(0, 2).Draw(t, "replace") > 0 {
		write(t, p.path, data)
		return
	}
	write(t, p.path+".new", data)
	if err := os.Rename(p.path+".new", p.path); err != nil {
		t.Fatal(err)
	}
}

// Forget loses some of what is in the state directory, or all; but not the lock of a session.
func (p *uidPast) Forget(t *rapid.T) {
	names, _ := filepath.Glob(p.o.State + "/*")
	for _, name := range names {
		if (p.m == nil || !strings.HasSuffix(name, ".lock")) && rapid.IntRange(0, 2).Draw(t, "keep") > 0 {
			os.Remove(name)
		}
	}
}
