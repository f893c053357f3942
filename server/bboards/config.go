package bboards

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"popper/server/adminfile"
)

const (
	groupEnding = ".group"
	mhName      = "bboards"
)

// signature tells one state of the groups directory from another: what of its files and
// of itself stat can see, as text.
type signature struct {
	text   string
	newest time.Time // the last change of any of them
}

// sources are the files of the directory that define groups, in the administrator's
// order: MH's first, then the others by name.
func sources(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var mh, others []string
	for _, e := range entries {
		switch name := e.Name(); {
		case name == mhName:
			mh = append(mh, filepath.Join(dir, name))
		case strings.HasSuffix(name, groupEnding) && name[0] != '.':
			others = append(others, filepath.Join(dir, name))
		}
	}
	return append(mh, others...), nil
}

// sign makes the signature of the directory's present state.
func sign(dir string) (s signature, err error) {
	paths, err := sources(dir)
	if err != nil {
		return s, err
	}
	var b strings.Builder
	for _, path := range append([]string{dir}, paths...) {
		var st syscall.Stat_t
		if err := syscall.Stat(path, &st); err != nil {
			fmt.Fprintf(&b, "%q %v\n", path, err)
			continue
		}
		fmt.Fprintf(&b, "%q %d %d %d %v %v\n", path, st.Dev, st.Ino, st.Size, st.Mtim, st.Ctim)
		if t := time.Unix(st.Ctim.Unix()); t.After(s.newest) {
			s.newest = t
		}
	}
	s.text = b.String()
	return s, nil
}

// readAll reads the groups of the directory.
func readAll(dir string) ([]*definition, error) {
	paths, err := sources(dir)
	if err != nil {
		return nil, mend(err, dir)
	}
	if fi, err := os.Stat(dir); err == nil && fi.Mode().Perm()&0o002 != 0 {
		return nil, fmt.Errorf("%s: everybody may write it, and so have any file shown: chmod o-w %s", dir, dir)
	}
	var all []*definition
	for _, path := range paths {
		data, err := readFile(path)
		if err != nil {
			return nil, mend(err, path)
		}
		var some []*definition
		if filepath.Base(path) == mhName {
			some, err = parseMH(path, data, dir)
		} else {
			var g *definition
			g, err = parseGroup(path, data)
			some = []*definition{g}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, collect(all)
}

// mend adds to an error what the administrator can do.
func mend(err error, path string) error {
	switch {
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: let the user that popper runs as read it (chgrp GROUP %[2]s; chmod g+rX %[2]s)", err, path)
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: make it, with a file NAME%s for each group in it", err, groupEnding)
	}
	return err
}

// readFile reads a regular file of bounded size that not everybody can write.
func readFile(path string) ([]byte, error) {
	data, _, err := adminfile.Read(path, adminfile.Rule{
		Max: maxFile, Closed: 0o002, Why: "everybody may write it, and so have any file shown: chmod o-w"})
	return data, err
}
