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
	if err := checkName(user); err != nil {
		return false, err
	}
	if _, err := decode(hash); err != nil {
		return false, err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // replace the file, not the link to it
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return false, err
	}
	defer dir.Close()
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return false, fmt.Errorf("lock %s: %w", dir.Name(), err)
	}
	old, st, err := readFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	data, added := replace(old, user, hash)
	if err := overwrite(path, data, st); err != nil {
		return false, err
	}
	return added, dir.Sync()
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
func overwrite(path string, data []byte, st *syscall.Stat_t) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
		}
	}()
	if _, err := tmp.Write(data); err != nil {
		return err
	}
	if st != nil {
		if err := tmp.Chown(int(st.Uid), int(st.Gid)); err != nil {
			return fmt.Errorf("%w: only root or its owner can replace %s", err, path)
		}
		if err := tmp.Chmod(os.FileMode(st.Mode).Perm()); err != nil {
			return err
		}
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
