package mbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"popper/mbox/disktest"
)

// deadPid is the number of a process that existed.
func deadPid(t *testing.T) int {
	t.Helper()
	c := exec.Command("/bin/true")
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	return c.Process.Pid
}

// LOCK-2: stale locks are broken.
func TestStaleDotlock(t *testing.T) {
	host, _ := os.Hostname()
	dead := deadPid(t)
	for _, c := range []struct {
		name, text string
		age        time.Duration
		want       error
	}{
		{"dead", fmt.Sprintf("%d\n", dead), 0, nil},
		{"dead here", fmt.Sprintf("%d:%s\n", dead, host), 0, nil},
		{"dead elsewhere", fmt.Sprintf("%d:elsewhere\n", dead), 0, ErrLocked},
		{"dead elsewhere, old", fmt.Sprintf("%d:elsewhere\n", dead), 2 * time.Hour, nil},
		{"unknown, old", "", 2 * time.Hour, nil},
		{"unknown, young", "", 0, ErrLocked},
		{"live, old", fmt.Sprint(os.Getppid()), 2 * time.Hour, ErrLocked},
		{"our own number, old", fmt.Sprint(os.Getpid()), 2 * time.Hour, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := spool(t, three)
			write(t, path+".lock", c.text)
			then := time.Now().Add(-c.age)
			os.Chtimes(path+".lock", then, then)
			m, err := Open(path, options(path))
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if err == nil {
				m.Close()
			}
			if exists(t, path+".lock") != (c.want != nil) {
				t.Error("wrong lock file behind")
			}
			if entries, _ := filepath.Glob(path + ".lock.*"); len(entries) > 0 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
}

// Of many who find the same stale lock, or none, one at a time holds it.
func TestDotlockExcludes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "user.lock")
	inside := make(chan struct{}, 1)
	errs := make(chan error)
	const n, rounds = 8, 50
	for range n {
		go func() {
			for got := 0; got < rounds; {
				d, err := takeDotlock(name, time.Hour)
				if errors.Is(err, errBusy) {
					time.Sleep(time.Microsecond)
					continue
				}
				if err != nil {
					errs <- err
					return
				}
				select {
				case inside <- struct{}{}:
				default:
					errs <- errors.New("two hold the lock")
					return
				}
				<-inside
				d.release()
				got++
			}
			errs <- nil
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// A lock that others broke and took is not removed by us.
func TestDotlockNotOurs(t *testing.T) {
	name := filepath.Join(t.TempDir(), "user.lock")
	d, err := takeDotlock(name, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	d.aged = d.aged.Add(-time.Hour)
	before := d.id
	d.refresh()
	if d.id == before || !d.ours() {
		t.Error("refreshed lock is not ours")
	}
	os.Rename(name, name+".broken")
	write(t, name, "another")
	d.release()
	if !exists(t, name) {
		t.Error("removed the lock of another")
	}
}

// A fresh lock found in the place of the one judged stale is put back.
func TestBreakPutsBack(t *testing.T) {
	name := filepath.Join(t.TempDir(), "user.lock")
	write(t, name, "fresh")
	var other identity // what was judged was another file
	if err := moveAside(name, other); !errors.Is(err, errBusy) {
		t.Errorf("%v, want errBusy", err)
	}
	if contents(t, name) != "fresh" {
		t.Error("the fresh lock is gone")
	}
	if entries, _ := filepath.Glob(name + ".*"); len(entries) > 0 {
		t.Errorf("left behind: %v", entries)
	}
}

// LOCK-1, UPD-5: on a full disk a dotlock has no word in it, and whoever makes room
// by removing mail is not kept out by that.
func TestDotlockOnFullDisk(t *testing.T) {
	disktest.Each(t, smallDisk, func(t *testing.T, dir string) {
		path := filepath.Join(dir, "user")
		write(t, path, three)
		o := fullOptions(t)
		o.Locks = []LockKind{Dotlock, Fcntl}
		disktest.Fill(t, dir, 0)
		m := open(t, path, o)
		if err := m.Remove(set(0, 1, 2)); err != nil || contents(t, path) != "" {
			t.Errorf("%v, file %q", err, contents(t, path))
		}
		if _, err := os.Lstat(path + ".lock"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the lock stays: %v", err)
		}
	})
}
