package mbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"popper/mbox/disktest"
)

// What a second review found: recovery believed memory, merged into the middle of an
// update, wanted room that it had just given back; and other users of a spool directory
// could keep the maildrop shut.

// stopped is the spool of an update, of data without its first message, that stopped
// before the cut.
func stopped(t *testing.T, path, data string, o Options) {
	t.Helper()
	write(t, path, data)
	m := open(t, path, o)
	m.f = &refusing{m.f, "truncate"}
	if err := m.Remove(set(0)); !errors.Is(err, ErrUnfinished) {
		t.Fatalf("not interrupted: %v", err)
	}
	m.Close()
}

// UPD-4: an fsync of the spool that fails once leaves octets in memory that no later
// fsync brings to the disk. What recovery calls done must be there.
func TestRecoveryAfterFailedSync(t *testing.T) {
	tried := 0
	for _, c := range fixedCases() {
		for left := 0; ; left++ {
			d := newMemDisk(map[string]string{crashPath: c.data})
			d.left, d.fault = left, unix.EIO
			err := c.update(t, d)
			if d.left > 0 {
				break
			}
			d.left = -1
			if d.failed != "Sync" || !errors.Is(err, ErrUnfinished) {
				continue
			}
			tried++
			d.forgetUnsynced()
			if err := c.recovered(d); err != nil {
				continue
			}
			durable, _, _ := d.pending(len(d.log), c.sector)
			if got, want := durable.text(crashPath), d.text(crashPath); got != want {
				t.Fatalf("%s: call %d: programs see %q, the disk has %q", c, left, want, got)
			}
		}
	}
	if tried == 0 {
		t.Error("no fsync failed")
	}
	t.Logf("%d updates interrupted", tried)
}

// forgetUnsynced takes what was written to the first file since its last fsync out of the
// record: programs go on seeing it.
func (d *memDisk) forgetUnsynced() {
	last := 0
	for i, o := range d.log {
		if o.kind == opSync && o.node == 1 {
			last = i
		}
	}
	var log []op
	for i, o := range d.log {
		if i <= last || o.node != 1 || o.kind != opWrite {
			log = append(log, o)
		}
	}
	d.log = log
}

// BERK-TEMP-1: old mail that could not be merged stays beside the spool while an update,
// whose journal is elsewhere, is interrupted. It is merged when that is finished.
func TestMergeAfterRecovery(t *testing.T) {
	var msg []string
	for i := range 7 {
		msg = append(msg, sepA+fmt.Sprintf("\nSubject: %d\n\n", i)+strings.Repeat(fmt.Sprintf("text %d\n", i), 10+30*i)+"\n")
	}
	interruptions := 0
	for left := 0; left < 1500; left += 7 {
		path := spool(t, strings.Join(msg[:6], ""))
		o := options(path)
		o.block, o.window = 64, 128
		m := open(t, path, o)
		write(t, beside(path), strings.Join(msg[1:], ""))
		m.f = &faulty{file: m.f, left: left, err: unix.EIO}
		err := m.Remove(set(0))
		m.Close()
		if !errors.Is(err, ErrUnfinished) {
			continue
		}
		interruptions++
		open(t, path, o).Close()
		for i := range 7 {
			if n := strings.Count(contents(t, path), msg[i]); n != min(i, 1) {
				t.Fatalf("interrupted at call %d: message %d is there %d times", left, i, n)
			}
		}
	}
	if interruptions == 0 {
		t.Error("no update was interrupted")
	}
}

// UPD-4: on a full disk the second journal fits into the room of the first, also when
// that needed no window.
func TestFullDiskRecoveryWithoutWindow(t *testing.T) {
	for _, size := range []int{100, 100 << 10, 1 << 20} {
		disktest.Each(t, smallDisk, func(t *testing.T, dir string) {
			a, b := letter("a", 2<<20), letter("b", 1<<20)
			path := filepath.Join(dir, "user")
			stopped(t, path, a+b, fullOptions(t))
			late := letter("late", size)
			appendTo(t, path, late)
			disktest.Fill(t, dir, 0)
			o := fullOptions(t)
			m, err := Open(path, o)
			if err != nil {
				t.Fatalf("%d octets delivered: %v", size, err)
			}
			m.Close()
			if contents(t, path) != b+late {
				t.Errorf("%d octets delivered: the file is wrong", size)
			}
		})
	}
}

// Another user's file at the journal's name keeps nobody out, be it a program that runs
// or a file with a lease; nor does one at the name of a new journal.
func TestPlantedBusyFiles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIP: only the superuser can give a file away")
	}
	for name, plant := range map[string]func(t *testing.T, name string){
		"program": func(t *testing.T, name string) {
			b, err := os.ReadFile("/bin/sleep")
			if err == nil {
				err = os.WriteFile(name, b, 0o755)
			}
			c := exec.Command(name, "60")
			if err == nil {
				err = c.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
		},
		"lease": func(t *testing.T, name string) {
			write(t, name, "x")
			f, err := os.Open(name)
			if err == nil {
				t.Cleanup(func() { f.Close() })
				_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
			}
			if err != nil {
				t.Skipf("SKIP: no lease: %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := spool(t, three)
			plant(t, beside(path))
			if err := os.Chown(beside(path), 12345, 12345); err != nil {
				t.Fatal(err)
			}
			m := open(t, path, options(path))
			if err := m.Remove(set(1)); err != nil || contents(t, path) != threeWithout {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("new journal", func(t *testing.T) {
		path := spool(t, "")
		o := options(path)
		stopped(t, path, three, o)
		planted := beside(path) + ".new"
		write(t, planted, "x")
		if err := os.Chown(planted, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		late := letter("late", 100)
		appendTo(t, path, late)
		open(t, path, o)
		if got := contents(t, path); !strings.HasSuffix(got, late) || strings.Contains(got, "one") {
			t.Errorf("became %q", got)
		}
	})
}

// doubtful is a disk whose renames are done, and are said to have failed.
type doubtful struct{ osDisk }

func (d doubtful) Rename(from, to string) error {
	return errors.Join(d.osDisk.Rename(from, to), unix.EIO)
}

// UPD-4: the second journal has taken the place of the first, though nobody knows.
func TestRenameInDoubt(t *testing.T) {
	a, b := letter("a", 300<<10), letter("b", 600<<10)
	path := spool(t, "")
	o := options(path)
	stopped(t, path, a+b, o)
	late := letter("late", 100)
	appendTo(t, path, late)
	in := o
	in.disk = doubtful{}
	if _, err := Open(path, in); err == nil {
		t.Error("the rename did not fail")
	}
	open(t, path, o)
	if got := contents(t, path); got != b+late {
		t.Errorf("%d octets, want %d", len(got), len(b+late))
	}
}

// A journal of popper's that cannot be obeyed, being another account's or linked: the
// maildrop is shown, and nothing can be removed, which would make the journal useless.
func TestJournalNotObeyed(t *testing.T) {
	data := letter("a", 300<<10) + letter("b", 600<<10)
	for name, spoil := range map[string]func(t *testing.T, path string, o Options) error{
		"other account": func(t *testing.T, path string, o Options) error {
			err := filepath.WalkDir(o.State, func(p string, _ fs.DirEntry, err error) error {
				return errors.Join(err, os.Chown(p, 65534, 65534))
			})
			unprivileged(t, path)
			return err
		},
		"two names": func(_ *testing.T, path string, _ Options) error { return os.Link(beside(path), path+".x") },
	} {
		t.Run(name, func(t *testing.T) {
			if name == "other account" && os.Geteuid() != 0 {
				t.Skip("SKIP: only the superuser can give a file away")
			}
			path := spool(t, "")
			o := options(path)
			stopped(t, path, data, o)
			if err := spoil(t, path, o); err != nil {
				t.Fatal(err)
			}
			log := warned(&o)
			m := open(t, path, o)
			if err := m.Remove(set(0)); !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), beside(path)) {
				t.Errorf("Remove: %v", err)
			}
			if len(*log) == 0 || !exists(t, beside(path)) {
				t.Errorf("log %q", *log)
			}
		})
	}
}
