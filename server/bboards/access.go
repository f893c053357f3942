package bboards

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// Who may read a group (R1082-PRIV-1): whoever could open its file on this machine. The
// user of the session is looked up among the system's users, and the access rights of
// the file and of each directory above it are applied to him as the kernel would: those
// of the owner to the owner, those of the group to its members, those for others to
// everybody else. Somebody whom the system does not know, and a guest, is everybody
// else. The superuser reads everything.
//
// A file that is missing is a group without mail: who may search the directories may
// read it.
//
// Residual risk: POSIX access control lists and security modules are not asked. Of
// directories that symbolic links lead to, those of the path as it is written and those
// of where it ends are looked at, and none between.

// identity is somebody for whom access rights are judged.
type identity struct {
	known bool // to the system
	uid   uint32
	gids  []uint32
}

// lookup finds a user of the system.
func lookup(name string) (identity, error) {
	if name == "" {
		return identity{}, nil
	}
	u, err := user.Lookup(name)
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		return identity{}, nil
	}
	if err != nil {
		return identity{}, err
	}
	groups, err := u.GroupIds()
	if err != nil {
		return identity{}, err
	}
	who := identity{known: true}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return identity{}, err
	}
	if uid == 0 { // an account of popper's is not the superuser because of its name
		return identity{}, nil
	}
	who.uid = uint32(uid)
	for _, g := range append(groups, u.Gid) {
		gid, err := strconv.ParseUint(g, 10, 32)
		if err != nil {
			return identity{}, err
		}
		who.gids = append(who.gids, uint32(gid))
	}
	return who, nil
}

// Bits of an access right as they stand for others.
const (
	mayRead   = 4
	maySearch = 1
)

// may tells whether the identity has a right to a file.
func (who identity) may(fi os.FileInfo, right os.FileMode) bool {
	st := fi.Sys().(*syscall.Stat_t)
	mode := fi.Mode().Perm()
	switch {
	case who.known && who.uid == 0:
		return true
	case who.known && who.uid == st.Uid:
		mode >>= 6
	case who.known && slices.Contains(who.gids, st.Gid):
		mode >>= 3
	}
	return mode&right != 0
}

// canRead tells whether the identity may read the maildrop at path. An error means that
// popper itself cannot tell.
func (who identity) canRead(path string) (bool, error) {
	dir := filepath.Dir(path)
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, d := range []string{dir, real} {
		if ok, err := who.canSearch(d); err != nil || !ok {
			return false, err
		}
	}
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return fi.Mode().IsRegular() && who.may(fi, mayRead), nil
}

// canSearch tells whether the identity may search a directory and all above it.
func (who identity) canSearch(dir string) (bool, error) {
	for {
		fi, err := os.Stat(dir)
		if err != nil {
			return false, err
		}
		if !who.may(fi, maySearch) {
			return false, nil
		}
		if dir == filepath.Dir(dir) {
			return true, nil
		}
		dir = filepath.Dir(dir)
	}
}
