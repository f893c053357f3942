package passwd

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go-crypt/crypt/algorithm"
)

// table is one reading of the file. It does not change after it was made.
type table struct {
	users  map[string]user
	hashes []algorithm.Digest // of the accounts that are not locked, in file order
	key    [sha256.Size]byte  // of the decoys
	scram  []shape            // of the users who have SCRAM
}

type user struct {
	digest   algorithm.Digest // nil: locked
	maildrop string           // path, the pattern filled in
}

// parse reads the whole file or fails with the first wrong line. pattern is
// the maildrop of a user without one of his own.
func parse(path string, data []byte, pattern string) (*table, error) {
	t := &table{users: map[string]user{}, key: sha256.Sum256(data)}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		if err := t.add(line, pattern); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	t.scram = t.scramShapes()
	return t, nil
}

func (t *table) add(line, pattern string) error {
	f := strings.SplitN(line, ":", 3)
	if len(f) < 2 {
		return fmt.Errorf("not a line of the form user:hash[:maildrop]: use `popper passwd` to add a user")
	}
	if err := CheckName(f[0]); err != nil {
		return err
	}
	if _, ok := t.users[f[0]]; ok {
		return fmt.Errorf("user %q has a line above already: remove one of them", f[0])
	}
	d, err := decode(f[1])
	if err != nil {
		return fmt.Errorf("user %q: %w", f[0], err)
	}
	if len(f) == 3 && f[2] != "" {
		pattern = f[2]
	}
	drop, err := expand(pattern, f[0])
	if err != nil {
		return fmt.Errorf("user %q: %w", f[0], err)
	}
	t.users[f[0]] = user{d, drop}
	if d != nil {
		t.hashes = append(t.hashes, d)
	}
	return nil
}

// decoy picks what the password of an unknown or locked user is compared
// with. The pick is keyed with the file, which the client does not know, and
// is the same for the same name in every process that reads the same file:
// otherwise a name whose cost changes from try to try would show that it is
// none. It is nil if there is no hash at all, hence nobody to find out about.
func (t *table) decoy(name string) algorithm.Digest {
	if len(t.hashes) == 0 {
		return nil
	}
	h := hmac.New(sha256.New, t.key[:])
	h.Write([]byte(name))
	return t.hashes[binary.BigEndian.Uint64(h.Sum(nil))%uint64(len(t.hashes))]
}

// CheckName refuses names that could not be sent in a USER command, or that
// would leave the directory of the maildrop pattern or hide in it.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("no user name before the first colon")
	case len(name) > maxName:
		return fmt.Errorf("the user name has more than %d octets", maxName)
	case name[0] == '.':
		return fmt.Errorf("user name %q begins with a dot, which is not allowed in a maildrop path", name)
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || c == '/' || c == ':' {
			return fmt.Errorf("user name %q holds %q: only printable ASCII without space, slash and colon is allowed", name, c)
		}
	}
	return nil
}

// CheckPattern tells what is wrong with a maildrop pattern for all users: it
// must be an absolute path with %u in it, for without that every user would
// read the same mail.
func CheckPattern(pattern string) error {
	a, err := expand(pattern, "a")
	if err != nil {
		return err
	}
	if b, _ := expand(pattern, "b"); a == b {
		return fmt.Errorf("maildrop %q has no %%u in it: all users would read the same mail", pattern)
	}
	return nil
}

// Maildrop is the maildrop of a user whose name CheckName passes, by a pattern for all
// users.
func Maildrop(pattern, name string) (string, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	if err := CheckPattern(pattern); err != nil {
		return "", err
	}
	return expand(pattern, name)
}

// expand fills the user's name, which CheckName has passed, into a pattern.
func expand(pattern, name string) (string, error) {
	if !filepath.IsAbs(pattern) {
		return "", fmt.Errorf("maildrop %q is not an absolute path", pattern)
	}
	if i := strings.IndexFunc(pattern, func(r rune) bool { return r < ' ' || r == 0x7F }); i >= 0 {
		return "", fmt.Errorf("maildrop %q holds a control character", pattern)
	}
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			b.WriteByte(pattern[i])
			continue
		}
		i++
		switch {
		case i < len(pattern) && pattern[i] == 'u':
			b.WriteString(name)
		case i < len(pattern) && pattern[i] == '%':
			b.WriteByte('%')
		default:
			return "", fmt.Errorf("maildrop %q: a %% must be followed by u (the user) or %%", pattern)
		}
	}
	return filepath.Clean(b.String()), nil
}
