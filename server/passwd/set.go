package passwd

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Set gives a user a new hash: his line is replaced, with its maildrop kept,
// or one is added at the end. added tells which. A missing file is made, mode
// 0600. All other lines stay octet for octet, wrong ones too, so that a file
// can be mended line by line.
//
// The new file is written beside the old one, given its owner, group and mode,
// synced, and renamed over it: a reader sees the old or the new, never a part,
// also after a power cut. The directory is locked meanwhile (flock), so that
// two who add users at the same time do not undo each other.
func Set(path, user, hash string) (added bool, err error) {
	if err := CheckName(user); err != nil {
		return false, err
	}
	if _, err := decode(hash); err != nil {
		return false, err
	}
	path = behindLinks(path)
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return false, mendSet(path, err)
	}
	defer dir.Close()
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return false, fmt.Errorf("lock %s: %w", dir.Name(), err)
	}
	old, st, err := readFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, mendSet(path, err)
	}
	data, added := replace(old, user, hash)
	if err := overwrite(path, data, st); err != nil {
		return false, err
	}
	return added, dir.Sync()
}

// CheckFile tells whether Set could change the file, by all that Set does but
// writing to it: it is for those who have yet to ask for a password.
func CheckFile(path string) error {
	path = behindLinks(path)
	_, st, err := readFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return mendSet(path, err)
	}
	tmp, err := stage(path, st)
	if err != nil {
		return err
	}
	tmp.Close()
	return os.Remove(tmp.Name())
}

// behindLinks is the file that a link leads to: that is replaced, not the link.
func behindLinks(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// mendSet adds to an error what the administrator can do.
func mendSet(path string, err error) error {
	switch {
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: do this as root, or as a user who owns %s and may write its directory", err, path)
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: make the directory %s first", err, filepath.Dir(path))
	}
	return err
}

// replace edits the text. Further lines of the same user, which would make the
// file invalid, are dropped.
func replace(old []byte, user, hash string) (data []byte, added bool) {
	added = true
	for line := range bytes.Lines(old) {
		name, rest, ok := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(":"))
		if !ok || string(name) != user {
			data = append(data, line...)
			continue
		}
		if !added {
			continue
		}
		added = false
		data = fmt.Appendf(data, "%s:%s", user, hash)
		if _, drop, ok := bytes.Cut(rest, []byte(":")); ok {
			data = append(append(data, ':'), drop...)
		}
		data = append(data, '\n')
	}
	if added {
		if n := len(data); n > 0 && data[n-1] != '\n' {
			data = append(data, '\n')
		}
		data = fmt.Appendf(data, "%s:%s\n", user, hash)
	}
	return data, added
}

// overwrite puts data in the place of path. st is the old file's, or nil.
func overwrite(path string, data []byte, st *syscall.Stat_t) error {
	tmp, err := stage(path, st)
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

// stage makes the file that is to replace path, empty, with the owner, group and
// mode of the old one; mode 0600 if there is none.
func stage(path string, st *syscall.Stat_t) (*os.File, error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return nil, mendSet(path, err)
	}
	if st != nil {
		err = tmp.Chown(int(st.Uid), int(st.Gid))
		if err == nil {
			err = tmp.Chmod(os.FileMode(st.Mode).Perm())
		}
	}
	if err != nil {
		tmp.Close()
		os.Remove(tmp.Name())
		return nil, mendSet(path, err)
	}
	return tmp, nil
}
