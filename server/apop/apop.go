// Package apop checks the logins of APOP (R1939-APOP-1): a client shows that it knows a
// secret without sending it. The secrets are lines
//
//	user:secret
//
// of a file of their own; a secret is all behind the first colon, spaces included. Empty
// lines and lines that begin with # are skipped. Who has a line here must be a user of
// the account source, too, and not be locked there.
//
// APOP is for old programs that know nothing better. Its secrets must lie here as they are,
// and who listens to a login can try guesses against it at home: MD5 makes that cheap, so a
// secret should be long (RFC 1939 section 13: well over 8 letters) and random, and no password of anything else. Somebody who stands
// between client and server can choose stamps, by which MD5 gives away the first letters
// of a secret (CVE-2007-1558); on a private connection, nobody stands there.
package apop

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"popper/server"
	"popper/server/adminfile"
	"popper/server/passwd"
)

// Every limit of this package, each with what it stops.
const (
	// maxFile is the largest secrets file read, in octets: a setting that points at a log
	// or a device must not fill the memory.
	maxFile = 16 << 20

	// maxSecret is the longest secret, in octets: beyond it is a slip, such as a key file.
	maxSecret = 1 << 10
)

// File is a secrets file in use; adminfile.Live tells when it is read again. It
// implements server.Digests.
type File struct {
	live  *adminfile.Live[map[string][]byte]
	users server.Directory
}

// Open reads the file. It refuses one that others than its owner and group can read.
// Warnings and later errors go to log.
func Open(path string, users server.Directory, log *slog.Logger) (*File, error) {
	live, err := adminfile.Open(adminfile.Source[map[string][]byte]{
		What: "APOP secrets file", Path: path, Log: log,
		Rule:  adminfile.Rule{Max: maxFile, Closed: 0o026, Why: "others can read or write the secrets in it: chmod go-w,o-r"},
		Made:  "lines of the form user:secret belong in it, and nobody else may read it (umask 077)",
		Parse: func(data []byte) (map[string][]byte, error) { return parse(path, data) }})
	if err != nil {
		return nil, err
	}
	return &File{live, users}, nil
}

// HasSecrets tells whether anybody can log in by APOP, as the file is now: the stamp is
// sent for his sake only.
func (f *File) HasSecrets() bool { return len(f.live.Current()) > 0 }

// Check implements server.Digests. The digest is compared as a number, so that capitals
// among its digits do no harm (RFC 1939 asks for small letters).
func (f *File) Check(ctx context.Context, name, stamp string, digest []byte) (server.Account, error) {
	secret, known := f.live.Current()[name]
	if !known {
		secret = []byte("the decoy's secret") // as long as others: it takes their time
	}
	want := md5.Sum(append([]byte(stamp), secret...))
	var got [md5.Size]byte
	proper := len(digest) == hex.EncodedLen(len(got))
	if proper {
		_, err := hex.Decode(got[:], digest)
		proper = err == nil
	}
	if same := subtle.ConstantTimeCompare(want[:], got[:]) == 1; !same || !proper || !known {
		return server.Account{}, server.ErrDenied
	}
	return f.users.Lookup(ctx, name)
}

// parse reads the whole file or fails with the first wrong line. Its errors do not quote
// what may be a secret.
func parse(path string, data []byte) (map[string][]byte, error) {
	secrets := make(map[string][]byte)
	n := 0
	for line := range bytes.Lines(data) {
		n++
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(bytes.TrimSpace(line)) == 0 || line[0] == '#' {
			continue
		}
		if err := add(secrets, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	return secrets, nil
}

func add(secrets map[string][]byte, line []byte) error {
	name, secret, ok := strings.Cut(string(line), ":")
	if !ok {
		return errors.New("not a line of the form user:secret")
	}
	if err := passwd.CheckName(name); err != nil {
		return err
	}
	_, twice := secrets[name]
	switch {
	case twice:
		return fmt.Errorf("user %q has a line above already: remove one of them", name)
	case secret == "":
		return fmt.Errorf("user %q has an empty secret: give him one, or remove the line", name)
	case len(secret) > maxSecret:
		return fmt.Errorf("the secret of user %q has more than %d octets", name, maxSecret)
	case strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == 0x7F }):
		return fmt.Errorf("the secret of user %q holds a control character: is it the right file?", name)
	}
	secrets[name] = []byte(secret)
	return nil
}
