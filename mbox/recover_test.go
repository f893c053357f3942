package mbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// threeWithout is three without its second message.
const threeWithout = sepA + "\none\n\n" + sepA + "\nthree\n"

// interrupted makes a spool file, and stops the removal of its second message when half
// of the file has been moved.
func interrupted(t *testing.T) (path string) {
	t.Helper()
	path = spool(t, three)
	interrupt(t, path, options(path))
	return path
}

// interrupt does that to a file that holds three.
func interrupt(t *testing.T, path string, o Options) {
	t.Helper()
	o.block, o.window = 16, 16
	m := open(t, path, o)
	defer m.Close()
	m.f = &breaking{m.f, 3} // the first one probes
	if err := m.Remove(set(1)); !errors.Is(err, ErrUnfinished) {
		t.Fatalf("not interrupted: %v", err)
	}
}

// breaking fails when so many writes have been done.
type breaking struct {
	file
	writes int
}

func (f *breaking) WriteAt(b []byte, at int64) (int, error) {
	if f.writes--; f.writes < 0 {
		return 0, unix.EIO
	}
	return f.file.WriteAt(b, at)
}

// warned collects what Options.Warn is told.
func warned(o *Options) *[]string {
	list := new([]string)
	o.Warn = func(msg string, args ...any) { *list = append(*list, fmt.Sprint(msg, args)) }
	return list
}

func beside(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".pop")
}

// UPD-4 through Open: the next session finds the update finished, and says so in the log.
func TestRecover(t *testing.T) {
	path := interrupted(t)
	if got := contents(t, path); got == threeWithout {
		t.Fatalf("nothing to recover: %q", got)
	}
	o := options(path)
	log := warned(&o)
	m := open(t, path, o)
	if got := contents(t, path); got != threeWithout {
		t.Errorf("became %q", got)
	}
	agree(t, m, []byte(threeWithout))
	if _, err := os.Lstat(beside(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("journal: %v", err)
	}
	if len(*log) != 1 || !strings.Contains((*log)[0], path) {
		t.Errorf("log: %q", *log)
	}
}

// What another program may have done to the file since (UPD-3): nothing is touched, the
// journal is kept, and what is there is shown, if it is a mailbox.
func TestRecoverChanged(t *testing.T) {
	other := sepB + "\nother\n\n"
	for _, c := range []struct {
		name   string
		change func(t *testing.T, path string)
	}{
		{"rewritten", func(t *testing.T, path string) { write(t, path, other) }},
		{"rewritten longer", func(t *testing.T, path string) { write(t, path, strings.Repeat(other, 20)) }},
		{"emptied", func(t *testing.T, path string) { write(t, path, "") }},
		{"replaced", func(t *testing.T, path string) {
			replace(t, path, strings.Replace(contents(t, path), "three", "seven", 1))
		}},
		{"one octet at the end", func(t *testing.T, path string) {
			b := []byte(contents(t, path))
			b[len(b)-3] ^= 1
			write(t, path, string(b))
		}},
		{"cut short", func(t *testing.T, path string) {
			if err := os.Truncate(path, int64(len(three)-1)); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := interrupted(t)
			journal := contents(t, beside(path))
			c.change(t, path)
			is := contents(t, path)
			o := options(path)
			log := warned(&o)
			open(t, path, o)
			if got := contents(t, path); got != is {
				t.Errorf("became %q, was %q", got, is)
			}
			kept, _ := filepath.Glob(beside(path) + ".unfinished-*")
			if len(kept) != 1 || contents(t, kept[0]) != journal {
				t.Errorf("journal kept: %q", kept)
			}
			if len(*log) != 1 || len(kept) == 1 && !strings.Contains((*log)[0], kept[0]) {
				t.Errorf("log: %q", *log)
			}
		})
	}
}

// replace puts another file in the place of a file.
func replace(t *testing.T, path, data string) {
	t.Helper()
	write(t, path+"x", data)
	if err := os.Rename(path+"x", path); err != nil {
		t.Fatal(err)
	}
}

// UPD-4: a file with the same octets is as good, as when a spool was moved to another
// disk after a crash, or came back from a backup, of the time before or after.
func TestRecoverCopy(t *testing.T) {
	for _, data := range []func(path string) string{
		func(path string) string { return contents(t, path) },
		func(string) string { return three },
		func(string) string { return threeWithout },
	} {
		path := interrupted(t)
		replace(t, path, data(path))
		o := options(path)
		log := warned(&o)
		open(t, path, o)
		if got := contents(t, path); got != threeWithout {
			t.Errorf("became %q", got)
		}
		if names, _ := filepath.Glob(beside(path) + "*"); len(names) > 0 || len(*log) != 1 {
			t.Errorf("journals %v, log %q", names, *log)
		}
	}
}

// What else may stand under the journal's name. Nothing of it may be obeyed or make
// Open wait; only what may be a journal of ours stops an update.
func TestPlantedJournal(t *testing.T) {
	path := interrupted(t)
	real := []byte(contents(t, beside(path)))
	other := spool(t, strings.Replace(three, "three", "seven", 1))
	interrupt(t, other, options(other))
	others := []byte(contents(t, beside(other)))
	elsewhere := spool(t, string(real))
	flip := func(at int) []byte {
		b := bytes.Clone(real)
		b[at] ^= 1
		return b
	}
	for _, c := range []struct {
		name  string
		plant func(name string) error
		root  bool
		gone  bool // it is taken away
		keeps bool // it may be a journal of ours: nothing may be removed meanwhile
	}{
		{"symlink", func(name string) error { return os.Symlink(elsewhere, name) }, false, false, false},
		{"dangling symlink", func(name string) error { return os.Symlink("/nowhere", name) }, false, false, false},
		{"fifo", func(name string) error { return unix.Mkfifo(name, 0o600) }, false, false, false},
		{"directory", func(name string) error { return os.Mkdir(name, 0o700) }, false, false, false},
		{"hard link", func(name string) error { return os.Link(elsewhere, name) }, false, false, true},
		{"other owner", func(name string) error {
			return errors.Join(os.WriteFile(name, real, 0o600), os.Chown(name, 12345, 12345))
		}, true, false, false},
		{"all may write", func(name string) error {
			return errors.Join(os.WriteFile(name, real, 0o600), os.Chmod(name, 0o666))
		}, false, false, true},
		{"empty", func(name string) error { return os.WriteFile(name, nil, 0o600) }, false, true, false},
		{"garbage", func(name string) error { return os.WriteFile(name, []byte("garbage\n"), 0o600) }, false, true, false},
		{"other file's", func(name string) error { return os.WriteFile(name, others, 0o600) }, false, true, false},
		{"head cut", func(name string) error { return os.WriteFile(name, real[:100], 0o600) }, false, true, false},
		{"plan cut", func(name string) error { return os.WriteFile(name, real[:planAt+8], 0o600) }, false, true, false},
		{"window cut", func(name string) error { return os.WriteFile(name, others[:len(others)-1], 0o600) }, false, true, false},
		{"head damaged", func(name string) error { return os.WriteFile(name, flip(titleSize+1), 0o600) }, false, true, false},
		{"plan damaged", func(name string) error { return os.WriteFile(name, flip(planAt+1), 0o600) }, false, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.root && os.Geteuid() != 0 {
				t.Skip("SKIP: only the superuser can give a file away")
			}
			path := spool(t, three)
			if err := c.plant(beside(path)); err != nil {
				t.Fatal(err)
			}
			o := options(path)
			log := warned(&o)
			m := open(t, path, o)
			agree(t, m, []byte(three))
			want := threeWithout
			if c.keeps {
				want = three
			}
			if err := m.Remove(set(1)); errors.Is(err, ErrReadOnly) != c.keeps || err != nil && !c.keeps {
				t.Errorf("Remove: %v", err)
			}
			if got := contents(t, path); got != want {
				t.Errorf("became %q", got)
			}
			if _, err := os.Lstat(beside(path)); (err != nil) != c.gone {
				t.Errorf("what was planted: %v", err)
			}
			if c.name != "empty" && (len(*log) != 1 || !strings.Contains((*log)[0], beside(path))) {
				t.Errorf("log: %q", *log)
			}
			if got := contents(t, elsewhere); got != string(real) {
				t.Error("a link was followed")
			}
		})
	}
}

// The journal's directory: given and missing, a file system of its own, not writable,
// not a directory at all.
func TestJournalDirectory(t *testing.T) {
	for _, c := range []struct {
		name    string
		dir     func(path string) string
		refused bool
	}{
		{"missing", func(path string) string { return path + ".journals/deep" }, false},
		{"state", func(path string) string { return path + ".state" }, false},
		{"other file system", func(path string) string {
			dir, err := os.MkdirTemp("/dev/shm", "popper")
			if err != nil {
				return ""
			}
			return dir
		}, false},
		{"a file", func(path string) string { return path }, true},
		{"cannot be made", func(string) string { return "/proc/popper" }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := spool(t, three)
			o := options(path)
			if o.Journal = c.dir(path); o.Journal == "" {
				t.Skip("SKIP: there is no /dev/shm")
			}
			if strings.HasPrefix(o.Journal, "/dev/shm/") {
				t.Cleanup(func() { os.RemoveAll(o.Journal) })
			}
			if c.refused {
				err := open(t, path, o).Remove(set(1))
				if !errors.Is(err, ErrNotBegun) || contents(t, path) != three {
					t.Errorf("%v, file %q", err, contents(t, path))
				}
				return
			}
			interrupt(t, path, o)
			if names, _ := filepath.Glob(filepath.Join(o.Journal, "*.pop")); len(names) != 1 {
				t.Fatalf("journals %v", names)
			}
			open(t, path, o)
			if got := contents(t, path); got != threeWithout {
				t.Errorf("became %q", got)
			}
		})
	}
}

// A spool directory that cannot be written: the journal lies in the state directory.
func TestJournalFallsBack(t *testing.T) {
	path := spool(t, three)
	o := options(path)
	o.disk = noBeside{dir: filepath.Dir(path)}
	m := open(t, path, o)
	if err := m.Remove(set(1)); err != nil {
		t.Error(err)
	}
	if got := contents(t, path); got != threeWithout {
		t.Errorf("became %q", got)
	}
	if names, _ := filepath.Glob(o.State + "/*.pop*"); len(names) > 0 {
		t.Errorf("files stay: %v", names)
	}
}

// noBeside is a file system with a directory in which nothing can be made.
type noBeside struct {
	osDisk
	dir string
}

func (d noBeside) Create(name string) (file, error) {
	if filepath.Dir(name) == d.dir {
		return nil, &os.PathError{Op: "open", Path: name, Err: unix.EACCES}
	}
	return d.osDisk.Create(name)
}

// A journal can be decoded only as it was encoded.
func TestJournalHead(t *testing.T) {
	path := interrupted(t)
	f, err := os.Open(beside(path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h, err := readHead(f)
	if err != nil {
		t.Fatal(err)
	}
	b := h.encode()
	if got := contents(t, beside(path)); got[:diskBlock] != string(b[:diskBlock]) || got[planAt:h.area()] != string(b[planAt:]) {
		t.Error("encoding differs")
	}
	to, from := strings.Index(three, sepB), strings.LastIndex(three, sepA)
	want := []extent{{int64(from), int64(len(three))}}
	if h.to != int64(to) || h.before != int64(len(three)) || !slices.Equal(h.keep, want) || h.window != 0 {
		t.Errorf("head %+v", h)
	}
}

// Numbers that an attacker chose, under a right checksum: refused, or harmless.
func TestHostileJournal(t *testing.T) {
	path := interrupted(t)
	real := contents(t, beside(path))
	v, ok := fields([]byte(real[:diskBlock]), headTitle, 10)
	if !ok {
		t.Fatal("no head")
	}
	for i := range v {
		for _, x := range []uint64{0, 1, v[i] - 1, v[i] + 1, 1 << 20, 1 << 31, 1 << 47, 1<<60 + v[i], 1<<63 - 1, 1 << 63, 1<<64 - 1} {
			w := slices.Clone(v)
			w[i] = x
			b := []byte(real)
			putFields(b[:diskBlock], headTitle, w...)
			write(t, beside(path), string(b))
			f, err := os.Open(beside(path))
			if err != nil {
				t.Fatal(err)
			}
			h, err := readHead(f)
			f.Close()
			if err != nil && !errors.Is(err, errDamaged) && !errors.Is(err, ErrChanged) {
				t.Errorf("number %d = %d: %v", i, x, err)
			}
			if err == nil && (int64(len(h.sums)) != h.chunks() || h.area()+h.room() < int64(len(real))) {
				t.Errorf("number %d = %d: accepted as %+v", i, x, h)
			}
		}
	}
}

// A maildrop that can only be read: one in the middle of an update is not shown; one
// beside which old mail lies is.
func TestRecoverReadOnly(t *testing.T) {
	path := interrupted(t)
	m := &Maildrop{path: path, options: options(path).withDefaults(), readOnly: unix.EACCES, session: noSession()}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m.f = f
	log := warned(&m.options)
	if err := m.recover(func() {}); !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), beside(path)) {
		t.Errorf("interrupted update: %v", err)
	}
	write(t, beside(path), three)
	if err := m.recover(func() {}); err != nil || len(*log) != 1 || contents(t, beside(path)) != three {
		t.Errorf("old mail: %v, log %q", err, *log)
	}
}

// A journal of version 1, whose numbers mean something else: nothing is touched, it is
// kept, and the log says who can finish it.
func TestOlderJournal(t *testing.T) {
	path := interrupted(t)
	b := []byte(contents(t, beside(path)))
	v, ok := fields(b[:diskBlock], headTitle, 10)
	if !ok {
		t.Fatal("no head")
	}
	putFields(b[:diskBlock], strings.Replace(headTitle, "journal 2", "journal 1", 1), v...)
	write(t, beside(path), string(b))
	is := contents(t, path)
	o := options(path)
	log := warned(&o)
	m := open(t, path, o)
	if err := m.Remove(set(0)); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Remove: %v", err)
	}
	if contents(t, beside(path)) != string(b) || contents(t, path) != is {
		t.Errorf("file %q", contents(t, path))
	}
	if len(*log) != 1 || !strings.Contains((*log)[0], "version 1") || !strings.Contains((*log)[0], "older") {
		t.Errorf("log: %q", *log)
	}
}
