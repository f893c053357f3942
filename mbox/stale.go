package mbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A dotlock outlives a program that crashed. It is stale (LOCK-2) if it names a
// process of this host that no longer exists, or if nobody is known to live and
// it is older than a stated time. One that names a living process is never stale.
//
// Breaking it is a race: between judging a lock stale and removing it, another
// program may have broken it, and what we would remove is the fresh lock of a
// third. Two sessions that want the maildrop for themselves cannot meet here, since the
// session lock is held. Against others the lock is renamed to a unique name, which only one can do, and then
// looked at: if it is not the very file that was judged, it is linked back. Then
// the lock was missing for the time of two system calls; a program that took it
// in that instant shares it with the one whose lock we moved, and the fcntl lock
// is what remains between them.
//
// Residual risk: a lock made in another container on the same host names a process
// that we cannot see, and looks dead if it does not name a host of its own.

// breakStale removes the lock at name if it is stale; if not, its error is errBusy
// and tells the owner.
func breakStale(name string, stale time.Duration) error {
	judged, owner, err := judge(name, stale)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("dotlock: %w", err)
	case owner != "":
		return fmt.Errorf("dotlock %w: %s: %s", errBusy, name, owner)
	}
	return moveAside(name, judged)
}

// moveAside removes the lock at name if it is the file that was judged.
func moveAside(name string, judged identity) error {
	aside := fmt.Sprintf("%s.%d.%016x", name, os.Getpid(), rand.Uint64())
	err := os.Rename(name, aside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return dotlockError(name, err)
	}
	defer os.Remove(aside)
	fi, err := os.Lstat(aside)
	if err != nil {
		return fmt.Errorf("dotlock: %w", err)
	}
	moved := identify(fi)
	moved.ctime = judged.ctime // renaming sets it
	if moved == judged {
		return nil
	}
	_ = os.Link(aside, name)
	return fmt.Errorf("dotlock %w: %s: just taken by another program", errBusy, name)
}

// judge looks at a lock: owner is why it is not stale, or empty.
func judge(name string, stale time.Duration) (id identity, owner string, err error) {
	fi, err := os.Lstat(name)
	if err != nil {
		return id, "", err
	}
	id = identify(fi)
	pid, host := lockOwner(name, fi)
	if me, _ := os.Hostname(); pid > 0 && (host == "" || host == me) {
		// A lock with our own number was left by an earlier process that had it
		// (in a container that is the rule), or is that of another reader of ours
		// (shared.go), which is never old.
		if err := unix.Kill(pid, 0); errors.Is(err, unix.ESRCH) {
			return id, "", nil
		} else if pid != os.Getpid() {
			return id, fmt.Sprintf("held by process %d, which is alive", pid), nil
		}
	}
	if age := time.Since(fi.ModTime()); age < stale {
		return id, fmt.Sprintf("owner unknown (process %d, host %q), %s old: stale after %s", pid, host, age.Round(time.Second), stale), nil
	}
	return id, "", nil
}

// lockOwner reads "pid" or "pid:host"; 0 if it cannot be known.
func lockOwner(name string, fi os.FileInfo) (pid int, host string) {
	if !fi.Mode().IsRegular() {
		return 0, ""
	}
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, maxLockText))
	line, _, _ := strings.Cut(string(b), "\n")
	num, host, _ := strings.Cut(line, ":")
	pid, err = strconv.Atoi(strings.TrimSpace(num))
	if err != nil || pid < 0 {
		return 0, ""
	}
	return pid, strings.TrimSpace(host)
}
