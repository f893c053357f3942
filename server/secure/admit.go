package secure

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// admit is the command that lets the user of this process read the file, or come one
// step nearer to it: certificates often lie behind directories and links that are closed.
func admit(path string) string {
	for range maxLinks {
		if dir := closedAbove(path); dir != "" {
			return fmt.Sprintf("chgrp GROUP %s; chmod g+x %[1]s", dir)
		}
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return fmt.Sprintf("chgrp GROUP %s; chmod g+r %[1]s", path)
}

// closedAbove is the first directory above path that cannot be passed; "" if there is none.
func closedAbove(path string) string {
	dir := filepath.Dir(path)
	if dir == path {
		return ""
	}
	if above := closedAbove(dir); above != "" {
		return above
	}
	if errors.Is(unix.Faccessat(unix.AT_FDCWD, dir, unix.X_OK, unix.AT_EACCESS), unix.EACCES) {
		return dir
	}
	return ""
}
