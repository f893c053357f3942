package mbox

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"popper/mbox/disktest"
)

// bigBox is a mailbox of which nearly all must move when its first message goes.
func bigBox() (data, without string) {
	first := sepA + "\nfirst\n\n"
	without = strings.Repeat(sepB+"\n"+strings.Repeat(strings.Repeat("text ", 14)+"\n", 100)+"\n", 100)
	return first + without, without
}

// smallDisk is the size, in octets, of a disk that is to be filled.
const smallDisk = 8 << 20

// fullOptions are for a maildrop on a full disk: the state is on another one.
func fullOptions(t *testing.T) Options {
	return Options{State: t.TempDir(), Locks: []LockKind{Fcntl}, Wait: 30 * time.Millisecond}
}

// UPD-5 on a real full disk, with more and more room: until there is enough nothing
// is removed and nothing changes, and the session after works.
func TestFullDisk(t *testing.T) {
	data, without := bigBox()
	disktest.Each(t, smallDisk, func(t *testing.T, dir string) {
		path := filepath.Join(dir, "user")
		o := fullOptions(t)
		o.Journal = filepath.Join(dir, "journals")
		refused := 0
		for spare := int64(0); ; spare += 64 << 10 {
			write(t, path, data)
			disktest.Fill(t, dir, spare)
			m := open(t, path, o)
			err := m.Remove(set(0))
			m.Close()
			if err == nil {
				break
			}
			refused++
			if !errors.Is(err, ErrNotBegun) || !errors.Is(err, unix.ENOSPC) {
				t.Fatalf("%d octets free: %v", spare, err)
			}
			m = open(t, path, o)
			agree(t, m, []byte(data))
			m.Close()
			disktest.MakeRoom(t, dir)
		}
		if contents(t, path) != without || refused == 0 {
			t.Errorf("refused %d times; then the file is wrong: %t", refused, contents(t, path) != without)
		}
		t.Logf("refused %d times", refused)
	})
}

// UPD-4 on a disk that became full between crash and recovery, by mail that was
// delivered then and is to move: the login was refused until there was room.
func TestFullDiskRecovery(t *testing.T) {
	data, without := bigBox()
	for _, size := range []int{100, 100 << 10, 1 << 20} {
		disktest.Each(t, smallDisk, func(t *testing.T, dir string) {
			path := filepath.Join(dir, "user")
			o := fullOptions(t)
			stopped(t, path, data, o)
			late := letter("late", size)
			appendTo(t, path, late)
			disktest.Fill(t, dir, 0)
			m, err := Open(path, o)
			if err != nil {
				t.Fatalf("%d octets delivered: %v", size, err)
			}
			m.Close()
			if contents(t, path) != without+late {
				t.Errorf("%d octets delivered: the file is wrong", size)
			}
		})
	}
}

// Removing a suffix, or all, needs no room at all.
func TestFullDiskSuffix(t *testing.T) {
	first := three[:strings.Index(three, sepB)]
	disktest.Each(t, smallDisk, func(t *testing.T, dir string) {
		path := filepath.Join(dir, "user")
		write(t, path, three)
		disktest.Fill(t, dir, 0)
		for _, c := range []struct {
			marks []int
			want  string
		}{{[]int{1, 2}, first}, {[]int{0}, ""}} {
			m := open(t, path, fullOptions(t))
			if err := m.Remove(set(c.marks...)); err != nil || contents(t, path) != c.want {
				t.Errorf("%v: %v, file %q", c.marks, err, contents(t, path))
			}
			m.Close()
		}
	})
}

// Beside a file on a full disk there is no room for a journal, but in the state
// directory, on another one, there is.
func TestFullDiskStateElsewhere(t *testing.T) {
	data, without := bigBox()
	disktest.Each(t, smallDisk, func(t *testing.T, dir string) {
		path := filepath.Join(dir, "user")
		write(t, path, data)
		disktest.Fill(t, dir, 0)
		m := open(t, path, fullOptions(t))
		if err := m.Remove(set(0)); err != nil || contents(t, path) != without {
			t.Errorf("%v; the file is right: %t", err, contents(t, path) == without)
		}
	})
}

// BERK-TEMP-1 on a real full disk: the mail stays where it is, and is merged when
// there is room.
func TestFullDiskMerge(t *testing.T) {
	data, _ := bigBox()
	disktest.Each(t, smallDisk, func(t *testing.T, dir string) {
		path := filepath.Join(dir, "user")
		write(t, path, three)
		write(t, beside(path), data)
		o := fullOptions(t)
		log := warned(&o)
		disktest.Fill(t, dir, 100<<10)
		m := open(t, path, o)
		agree(t, m, []byte(three))
		m.Close()
		if contents(t, path) != three || contents(t, beside(path)) != data || len(*log) != 1 {
			t.Errorf("full: changed, or not told: %q", *log)
		}
		disktest.MakeRoom(t, dir)
		m = open(t, path, o)
		agree(t, m, []byte(three+"\n"+data))
		if _, err := os.Lstat(beside(path)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("old file: %v", err)
		}
	})
}

const limitEnv = "POPPER_TEST_FILE_LIMIT"

// UPD-5 under a limit on the size of files: the process is made anew with one that is
// lower than the end of the update, so that it must be found before the beginning.
func TestFileLimit(t *testing.T) {
	data, without := bigBox()
	if path := os.Getenv(limitEnv); path != "" {
		limited(t, path, data)
		return
	}
	path := spool(t, data)
	cmd := exec.Command(os.Args[0], "-test.run=^TestFileLimit$", "-test.count=1")
	cmd.Env = append(os.Environ(), limitEnv+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if contents(t, path) != data {
		t.Error("the file was changed")
	}
	m := open(t, path, options(path))
	if err := m.Remove(set(0)); err != nil || contents(t, path) != without {
		t.Errorf("without limit: %v", err)
	}
}

// limited runs in the child.
func limited(t *testing.T, path, data string) {
	limit := uint64(len(data) / 2)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Skipf("SKIP: no limit on files: %v", err)
	}
	m := open(t, path, options(path))
	if err := m.Remove(set(0)); !errors.Is(err, ErrNotBegun) || !errors.Is(err, unix.EFBIG) {
		t.Errorf("%v, want ErrNotBegun and EFBIG", err)
	}
}
