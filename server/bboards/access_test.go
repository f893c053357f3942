package bboards

import (
	"errors"
	"os"
	"testing"

	"popper/server"
)

// R1082-PRIV-1, R1082-ANON-1: the access rights of the file and of the directories above
// it decide, for owner, group and others as the kernel would.
func TestReadable(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIP root: it gives files away")
	}
	x := newFixture(t, map[string]string{"a.group": "maildrop: MAIL/d/a\narchive: MAIL/a.old\n"}).open(t)
	people := map[string]identity{
		"owner": {true, 1001, []uint32{1}}, "member": {true, 1002, []uint32{2, 2001}}, "other": {true, 1003, []uint32{3}},
		"": {}, "root": {true, 0, nil},
	}
	x.lookup = func(name string) (identity, error) {
		if name == "broken" {
			return identity{}, errors.New("no directory service")
		}
		return people[name], nil
	}
	if err := os.Mkdir(x.mail+"/d", 0o755); err != nil {
		t.Fatal(err)
	}
	x.write(t, x.mail+"/d/a", "")
	for _, c := range []struct {
		dir, file os.FileMode
		readers   string
	}{
		{0o755, 0o644, "owner member other  root"},
		{0o755, 0o640, "owner member root"},
		{0o755, 0o600, "owner root"},
		{0o755, 0o044, "member other  root"}, // the owner's own bits are his only ones
		{0o755, 0o604, "owner other  root"},
		{0o755, 0o222, "root"},
		{0o750, 0o644, "owner member root"},
		{0o700, 0o644, "owner root"},
		{0o744, 0o644, "owner root"}, // to list is not to search
		{0o701, 0o644, "owner other  root"},
	} {
		for path, mode := range map[string]os.FileMode{x.mail + "/d": c.dir, x.mail + "/d/a": c.file} {
			if err := errors.Join(os.Chown(path, 1001, 2001), os.Chmod(path, mode)); err != nil {
				t.Fatal(err)
			}
		}
		for name := range people {
			all, err := x.Readable(name)
			want := false
			for _, r := range splitSpace(c.readers) {
				want = want || r == name
			}
			if err != nil || (len(all) == 1) != want {
				t.Errorf("%o %o: %q: %v %v", c.dir, c.file, name, all, err)
			}
		}
	}
	if _, err := x.Readable("broken"); err == nil {
		t.Error("an unknown identity is not nobody")
	}

	// the archive has rights of its own
	x.write(t, x.mail+"/a.old", "")
	_ = os.Chmod(x.mail+"/d", 0o755)
	_ = os.Chmod(x.mail+"/d/a", 0o644)
	_ = os.Chmod(x.mail+"/a.old", 0o600)
	all, _ := x.Readable("other")
	if _, _, err := all[0].Open(true, x.options); err != server.ErrNoArchive {
		t.Errorf("archive: %v", err)
	}
	// no file is no mail; no directory is no group
	os.Remove(x.mail + "/d/a")
	if all, _ := x.Readable(""); len(all) != 1 {
		t.Errorf("no file: %v", all)
	}
	os.Remove(x.mail + "/d")
	if all, _ := x.Readable(""); len(all) != 0 {
		t.Errorf("no directory: %v", all)
	}
}

// splitSpace splits at single spaces; the guest is the empty word.
func splitSpace(s string) (words []string) {
	at := 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ' ' {
			words = append(words, s[at:i])
			at = i + 1
		}
	}
	return words
}

// A link leads nowhere, neither one in the place of the file nor into a directory that
// may not be searched.
func TestLinks(t *testing.T) {
	x := newFixture(t, map[string]string{"a.group": "maildrop: MAIL/a\n", "b.group": "maildrop: MAIL/l/b\n", "c.group": "maildrop: MAIL/m/c\n"}).open(t)
	if err := errors.Join(os.Mkdir(x.mail+"/secret", 0o700), os.Symlink("secret", x.mail+"/l"), os.Symlink("l/b", x.mail+"/a"),
		os.Mkdir(x.mail+"/secret/open", 0o755), os.Symlink("secret/open", x.mail+"/m")); err != nil {
		t.Fatal(err)
	}
	x.write(t, x.mail+"/secret/b", "")
	x.write(t, x.mail+"/secret/open/c", "")
	if all, _ := x.Readable(""); len(all) != 0 {
		t.Errorf("%v", all)
	}
}

// Users are those of the system; whom it does not know is everybody.
func TestLookup(t *testing.T) {
	who, err := lookup("nobody")
	if err != nil || !who.known || who.uid == 0 {
		t.Errorf("%+v %v", who, err)
	}
	for _, name := range []string{"", "root", "no-such-user", "../../etc/passwd", "a:b", "\x00", "%s\n"} {
		if who, err := lookup(name); err != nil || who.known {
			t.Errorf("%q: %+v %v", name, who, err)
		}
	}
}
