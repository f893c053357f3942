package passwd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"syscall"
	"time"

	"github.com/go-crypt/crypt/algorithm"

	"popper/server"
	"popper/server/adminfile"
)

// File is a passwd file in use. It is read anew when it has changed; each
// login looks, and adminfile.Live tells what happens when it cannot be used any more.
// Its methods may be called from many sessions at once.
type File struct {
	live  *adminfile.Live[*table]
	slots chan struct{}                                // one for each hash being computed
	match func(algorithm.Digest, []byte) (bool, error) // replaced by tests that count
}

var errQueue = errors.New("too many logins at the same time; if these are honest users, cheaper hashes or more processors mend it")

// Open reads the file. pattern is where the mail of a user is whose line names
// no maildrop; see CheckPattern. Warnings and later errors go to log.
func Open(path, pattern string, log *slog.Logger) (*File, error) {
	if err := CheckPattern(pattern); err != nil {
		return nil, err
	}
	live, err := adminfile.Open(adminfile.Source[*table]{
		What: "passwd file", Path: path, Rule: rule, Log: log,
		Made:  fmt.Sprintf("`popper passwd %s USER` makes it", path),
		Parse: func(data []byte) (*table, error) { return parse(path, data, pattern) },
		Taken: func(fi fs.FileInfo) {
			if fi.Mode()&0o004 != 0 {
				log.Warn("every user of this machine can read the password hashes", "file", path, "mend", "chmod o-r "+path)
			}
		}})
	if err != nil {
		return nil, err
	}
	return &File{
		live:  live,
		slots: make(chan struct{}, hashers()),
		match: func(d algorithm.Digest, secret []byte) (bool, error) { return d.MatchBytesAdvanced(secret) },
	}, nil
}

// Authenticate implements server.Accounts. Unknown user, locked account and
// wrong password are one error, server.ErrDenied, and take one computation of
// a hash each (R1081-USER-2): for lack of a hash of his own, an unknown or
// locked user is compared with another's and denied whatever comes out. A password
// that is longer than any can be is hashed for nobody: some algorithms hash all of it in
// each round, and AUTH carries fifty times as much as PASS.
//
// Residual risk: where a file mixes algorithms or costs, each name still has
// one cost, known or not; but a change of the file moves the decoys, and who
// measures before and after sees some unknown names change theirs.
func (f *File) Authenticate(ctx context.Context, name string, secret []byte) (server.Account, error) {
	if len(secret) > maxSecret {
		return server.Account{}, server.ErrDenied
	}
	t := f.live.Current()
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
	u, known := f.live.Current().users[name]
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

// rule is what a passwd file must be like. That others can read it is only warned of.
var rule = adminfile.Rule{Max: maxFile, Closed: 0o002, Why: "everybody may write it, and so let himself in: chmod o-w"}

// readFile reads the file as Set does, which wants to know its owner, too.
func readFile(path string) ([]byte, *syscall.Stat_t, error) {
	data, fi, err := adminfile.Read(path, rule)
	if err != nil {
		return nil, nil, err
	}
	return data, fi.Sys().(*syscall.Stat_t), nil
}
