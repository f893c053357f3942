package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"popper/server/passwd"
)

// whoseMail finds out the user, if none was named, and refuses names that cannot be.
func (d *delivery) whoseMail() error {
	if d.user == "" {
		me, err := user.LookupId(strconv.Itoa(os.Getuid()))
		var unknown user.UnknownUserIdError
		if errors.As(err, &unknown) {
			return failure{exitNoUser, fmt.Errorf("%w: name the user", err)}
		}
		if err != nil {
			return failure{exitTempFail, err}
		}
		d.user = me.Username
	}
	if err := passwd.CheckName(d.user); err != nil {
		return failure{exitNoUser, err}
	}
	return nil
}

// become makes this process the user's for good, before it touches a file: a spool
// directory is full of names that its users choose. Where programs of the directory's
// group may make files, as in /var/mail, that group is kept, since dotlocks and new
// maildrops need it.
func become(name, dir string) error {
	u, err := user.Lookup(name)
	if err != nil {
		var unknown user.UnknownUserError
		if errors.As(err, &unknown) {
			return failure{exitNoUser, fmt.Errorf("this system has no user %q: without one, run popper deliver under the account that owns the maildrops", name)}
		}
		return failure{exitTempFail, err}
	}
	uid, gid, groups, err := ids(u)
	if err != nil {
		return failure{exitTempFail, err}
	}
	if uid == 0 {
		return failure{exitNoPerm, fmt.Errorf("the maildrop of root is not delivered to: give root's mail an alias")}
	}
	if spool, ok := spoolGroup(dir); ok {
		gid = spool
	}
	err = syscall.Setgroups(groups)
	if err == nil {
		err = syscall.Setgid(gid)
	}
	if err == nil {
		err = syscall.Setuid(uid)
	}
	if err != nil {
		return failure{exitTempFail, fmt.Errorf("cannot become user %s: %w", name, err)}
	}
	if os.Getuid() != uid || os.Geteuid() != uid || os.Getegid() != gid || syscall.Setuid(0) == nil {
		return failure{exitTempFail, fmt.Errorf("could not become user %s for good", name)}
	}
	return nil
}

// becomeOwner makes root the owner of the directory, who can put anything there under
// the maildrop's name. In one that is root's own he stays root.
func becomeOwner(dir string) error {
	fi, err := os.Stat(dir)
	if err != nil {
		return failure{exitTempFail, err}
	}
	uid := fi.Sys().(*syscall.Stat_t).Uid
	if uid == 0 {
		return nil
	}
	u, err := user.LookupId(strconv.Itoa(int(uid)))
	if err != nil {
		return failure{exitTempFail, err}
	}
	return become(u.Username, dir)
}

// spoolGroup is the group whose programs may make files in a spool directory. It must be
// root's own, and no link may lead to it: a user could choose another.
func spoolGroup(dir string) (gid int, ok bool) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil || real != filepath.Clean(dir) {
		return 0, false
	}
	fi, err := os.Lstat(real)
	if err != nil {
		return 0, false
	}
	st := fi.Sys().(*syscall.Stat_t)
	return int(st.Gid), st.Uid == 0 && fi.IsDir() && fi.Mode().Perm()&0o020 != 0
}

// ids are the numbers of a user.
func ids(u *user.User) (uid, gid int, groups []int, err error) {
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	names, err3 := u.GroupIds()
	err = errors.Join(err1, err2, err3)
	for _, s := range names {
		n, e := strconv.Atoi(s)
		groups, err = append(groups, n), errors.Join(err, e)
	}
	return uid, gid, groups, err
}
