// Package adminfile reads the files by which an administrator tells popper whom to
// trust: each is a lever on the server, and a path that is set wrongly must not hang it.
package adminfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Rule says what a file must be like.
type Rule struct {
	Max    int64       // octets
	Closed fs.FileMode // permission bits that it must not have
	Why    string      // what they would let others do, and what takes them away
}

// Read reads a regular file that keeps the rule. What the system says of a file that
// cannot be opened is returned as it is: the caller knows what mends it.
func Read(path string, r Rule) ([]byte, fs.FileInfo, error) {
	// O_NONBLOCK: a FIFO must not hold the server up before it is refused.
	h, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer h.Close()
	fi, err := h.Stat()
	if err != nil {
		return nil, nil, err
	}
	switch {
	case !fi.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s: not a regular file", path)
	case fi.Mode().Perm()&r.Closed != 0:
		return nil, nil, fmt.Errorf("%s: %s %s", path, r.Why, path)
	case fi.Size() > r.Max:
		return nil, nil, fmt.Errorf("%s: larger than %d octets; is it the right file?", path, r.Max)
	}
	data, err := io.ReadAll(io.LimitReader(h, r.Max))
	return data, fi, err
}
