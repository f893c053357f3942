package mbox

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// Version is one state of a maildrop's file, for those who keep what they have found
// out about it. That of a file which does not exist is the zero value.
type Version struct {
	Dev, Ino     uint64
	Size         int64
	Mtime, Ctime int64 // ns since 1970
}

// VersionOf is the present version of the file at path.
func VersionOf(path string) (Version, error) {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, err
	}
	return identify(fi).version(), nil
}

// Version is the one that was scanned. settled tells whether it was old enough, when the
// maildrop was opened, for any later change to show (change.go): only then does the same
// version mean the same messages, as far as the index could tell (sidecar.go).
func (m *Maildrop) Version() (v Version, settled bool) {
	if m.f == nil {
		return Version{}, true
	}
	return m.id.version(), !m.id.youngAt(m.opened)
}

func (id identity) version() Version {
	return Version{id.dev, id.ino, id.size, id.mtime, id.ctime}
}

// Separator returns the separator line of message i, 0 ≤ i < Len, without its line end.
func (m *Maildrop) Separator(i int) (string, error) {
	b := make([]byte, m.msgs[i].sep())
	if err := readFull(m.f, b, m.msgs[i].start); err != nil {
		return "", err
	}
	if _, err := m.look(); err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
}
