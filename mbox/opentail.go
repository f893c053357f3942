package mbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Creation says how Append makes a file that is missing.
type Creation struct {
	// Mode is the file's mode, whatever the umask. 0 means 0660, which lets programs
	// with the spool directory's group deliver.
	Mode fs.FileMode
	// Chown says that the file is given to UID and GID; only the superuser can.
	Chown    bool
	UID, GID int
}

// openToAppend opens the file at path, or makes it if that is wanted. It returns nil
// without an error if another program has just made it.
func openToAppend(path string, c *Creation) (*os.File, error) {
	fd, readOnly, err := openSpool(path, false)
	switch {
	case err != nil:
		return nil, err
	case readOnly != nil:
		fd.Close()
		return nil, fmt.Errorf("%w: %w: %s", ErrReadOnly, readOnly, permission(path, "read and write"))
	case fd != nil:
		return fd, nil
	case c == nil:
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	fd, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW|unix.O_NOCTTY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w: %w: %s", ErrNotCreated, err, permission(filepath.Dir(path), "write"))
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNotCreated, err)
	}
	if err := c.dress(fd); err != nil {
		fd.Close() // not removed: another program may have put mail into it
		return nil, fmt.Errorf("%w: %s was made, but its owner or mode cannot be set: %w: remove it or set them", ErrNotCreated, path, err)
	}
	return fd, nil
}

// dress gives a new file its owner and mode.
func (c *Creation) dress(fd *os.File) error {
	if c.Chown {
		if err := fd.Chown(c.UID, c.GID); err != nil {
			return err
		}
	}
	mode := c.Mode
	if mode == 0 {
		mode = 0o660
	}
	return fd.Chmod(mode)
}

// hasMail tells whether f holds a message. A file that is neither empty nor begins
// with a separator line is none that mail may be put into (MBOX-5).
func hasMail(f file, size int64) (bool, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 2*maxOpenLine)
	for {
		line, err := r.ReadSlice('\n')
		switch {
		case err != nil && err != io.EOF && err != bufio.ErrBufferFull:
			return false, err
		case len(line) == 0:
			return false, nil
		case string(line) == "\n" || string(line) == "\r\n":
			continue // line ends may stand before the first message
		case separator(bytes.TrimSuffix(line, []byte{'\n'})):
			return true, nil
		case line[0] == 0:
			return false, errors.New("it begins with zeros, as a crash of the system can leave a file: put another one in its place")
		}
		return false, fmt.Errorf("%w: it does not begin with a separator line: put another file in its place", ErrNotMailbox)
	}
}

// interrupted tells whether there is a journal that an interrupted update of the file at
// path has left.
func (o Options) interrupted(path string) bool {
	m := &Maildrop{path: path, options: o}
	_, names, err := m.journalNames()
	if err != nil {
		return false
	}
	if o.State == "" {
		names = names[:len(names)-1] // that in the state directory is the last
	}
	return slices.ContainsFunc(names, func(name string) bool {
		fi, err := o.disk.Lstat(name)
		return err == nil && fi.Mode().IsRegular() && fi.Size() > 0
	})
}

// endsBefore is what a file of size octets lacks for a separator line to follow. As in
// closing, a CR at its end must not become a line end.
func endsBefore(f file, size int64) (string, error) {
	n, err := missingEnds(f, size)
	if err != nil || n < 2 {
		return strings.Repeat("\n", int(n)), err
	}
	var last [1]byte
	if err := readFull(f, last[:], size-1); err != nil {
		return "", err
	}
	return closing(last[0]), nil
}
