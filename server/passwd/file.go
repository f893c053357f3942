package passwd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/go-crypt/crypt/algorithm"

	"popper/server"
	"popper/server/adminfile"
)

// File is a passwd file in use. It is read anew when it has changed; each
// login looks. Its methods may be called from many sessions at once.
//
// A new state of the file that cannot be read or does not parse is reported in
// the log, once, and the last good one serves on: a slip in one line must not
// lock everybody out, and a file that is half written is often just that.
// The price is that a file which was removed takes nobody's access away.
type File struct {
	path, pattern string
	log           *slog.Logger
	slots         chan struct{}                                // one for each hash being computed
	match         func(algorithm.Digest, []byte) (bool, error) // replaced by tests that count

	mu    sync.Mutex
	table *table
	seen  identity  // of the last state looked at, good or bad
	read  time.Time // when that was
	told  complaint // the last one in the log
}

// complaint is about one state of the file. A young state is read at each login,
// and must not fill the log.
type complaint struct {
	identity
	text string
}

// identity is what tells one state of a file from another.
type identity struct {
	dev, ino     uint64
	size         int64
	mtime, ctime syscall.Timespec
}

var errQueue = errors.New("too many logins at the same time; if these are honest users, cheaper hashes or more processors mend it")

// Open reads the file. pattern is where the mail of a user is whose line names
// no maildrop; see CheckPattern. Warnings and later errors go to log.
func Open(path, pattern string, log *slog.Logger) (*File, error) {
	if err := CheckPattern(pattern); err != nil {
		return nil, err
	}
	f := &File{
		path: path, pattern: pattern, log: log,
		slots: make(chan struct{}, hashers()),
		match: func(d algorithm.Digest, secret []byte) (bool, error) { return d.MatchBytesAdvanced(secret) },
	}
	if err := f.load(); err != nil {
		return nil, err
	}
	return f, nil
}

// Authenticate implements server.Accounts. Unknown user, locked account and
// wrong password are one error, server.ErrDenied, and take one computation of
// a hash each (R1081-USER-2): for lack of a hash of his own, an unknown or
// locked user is compared with another's and denied whatever comes out.
//
// Residual risk: where a file mixes algorithms or costs, each name still has
// one cost, known or not; but a change of the file moves the decoys, and who
// measures before and after sees some unknown names change theirs.
func (f *File) Authenticate(ctx context.Context, name string, secret []byte) (server.Account, error) {
	t := f.current()
	digest := t.decoy(name)
	u, known := t.users[name]
	own := known && u.digest != nil
	if own {
		digest = u.digest
	}
	if digest == nil {
		return server.Account{}, server.ErrDenied
	}
	ok, err := f.compare(ctx, digest, secret)
	if err != nil {
		return server.Account{}, err
	}
	if !ok || !own {
		return server.Account{}, server.ErrDenied
	}
	return server.Account{Name: name, Maildrop: u.maildrop}, nil
}

// Lookup implements server.Directory.
func (f *File) Lookup(_ context.Context, name string) (server.Account, error) {
	u, known := f.current().users[name]
	if !known || u.digest == nil {
		return server.Account{}, server.ErrDenied
	}
	return server.Account{Name: name, Maildrop: u.maildrop}, nil
}

// compare waits for its turn, then computes. It stops waiting when ctx ends.
func (f *File) compare(ctx context.Context, d algorithm.Digest, secret []byte) (bool, error) {
	wait := time.NewTimer(queueWait)
	defer wait.Stop()
	select {
	case f.slots <- struct{}{}:
	case <-wait.C:
		return false, errQueue
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-f.slots }()
	return f.match(d, secret)
}

// current is the table to use for a login that comes now.
func (f *File) current() *table {
	f.mu.Lock()
	defer f.mu.Unlock()
	var st syscall.Stat_t
	err := syscall.Stat(f.path, &st)
	now := identityOf(&st) // of nothing, if err: that is a state, too
	if now == f.seen && (err != nil || f.settledLocked()) {
		return f.table
	}
	if err := f.load(); err != nil {
		f.seen, f.read = now, time.Now()
		if c := (complaint{now, err.Error()}); c != f.told {
			f.told = c
			f.log.Error("the passwd file cannot be used; its last good state serves on", "error", err)
		}
	}
	return f.table
}

// settledLocked tells whether the file was old enough when it was read for its
// times to betray any later change.
func (f *File) settledLocked() bool {
	return f.read.Sub(time.Unix(f.seen.ctime.Unix())) > settled
}

// load reads and parses the file and, if all is well, takes it into use.
func (f *File) load() error {
	read := time.Now()
	data, st, err := readFile(f.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: `popper passwd %s USER` makes it", err, f.path)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: let the user that popper runs as read it (chgrp GROUP %[2]s; chmod g+r %[2]s)", err, f.path)
	case err != nil:
		return err
	}
	t, err := parse(f.path, data, f.pattern)
	if err != nil {
		return err
	}
	id := identityOf(st)
	if st.Mode&0o004 != 0 && id != f.seen {
		f.log.Warn("every user of this machine can read the password hashes", "file", f.path, "mend", "chmod o-r "+f.path)
	}
	f.table, f.seen, f.read = t, id, read
	return nil
}

// readFile reads a regular file of bounded size that not everybody can write.
func readFile(path string) ([]byte, *syscall.Stat_t, error) {
	data, fi, err := adminfile.Read(path, adminfile.Rule{
		Max: maxFile, Closed: 0o002, Why: "everybody may write it, and so let himself in: chmod o-w"})
	if err != nil {
		return nil, nil, err
	}
	return data, fi.Sys().(*syscall.Stat_t), nil
}

func identityOf(st *syscall.Stat_t) identity {
	return identity{st.Dev, st.Ino, st.Size, st.Mtim, st.Ctim}
}
