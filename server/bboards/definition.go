package bboards

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"popper/server"
)

// definition is what the administrator says of a group. It does not change after it
// was read.
type definition struct {
	server.GroupInfo        // without maxima and last date
	where            string // file and line, for errors
}

// named: R1082-NAME-1.
func (g *definition) named(name string) bool {
	for _, n := range append([]string{g.Name}, g.Aliases...) {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// key is the name in one form, fit for a file name.
func (g *definition) key() string { return strings.ToLower(g.Name) }

// path is that of one of the group's files, "" if it has none.
func (g *definition) path(b box) string {
	if b == archive {
		return g.Archive
	}
	return g.Maildrop
}

// check looks at what all definitions have in common.
func (g *definition) check() error {
	for _, name := range append([]string{g.Name}, g.Aliases...) {
		if err := checkName(name); err != nil {
			return err
		}
	}
	if g.Maildrop == "" {
		return errors.New("no maildrop: say in which file the group's mail is")
	}
	if g.Maildrop == g.Archive {
		return fmt.Errorf("archive and maildrop are both %q: give the archive a file of its own", g.Archive)
	}
	return nil
}

// checkName: R1082-NAME-1.
func checkName(name string) error {
	const rule = "a name is a letter, then letters, digits and hyphens"
	if name == "" || len(name) > maxName {
		return fmt.Errorf("%q: a name has 1 to %d octets", name[:min(len(name), maxName)], maxName)
	}
	for i := range len(name) {
		c := name[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return fmt.Errorf("%q: %s", name, rule)
		}
	}
	return nil
}

// cleanPath is an absolute path in one form.
func cleanPath(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("%q is not an absolute path: begin it with /", path)
	}
	return filepath.Clean(path), nil
}

// hasControl tells whether a line holds a control character other than a tab.
func hasControl(line string) bool {
	return strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F })
}

var errControl = errors.New("the line holds a control character: write it anew")

// collect puts all definitions together: no name and no file may be two groups'.
func collect(all []*definition) error {
	names, files := map[string]string{}, map[string]string{}
	for _, g := range all {
		for _, name := range append([]string{g.Name}, g.Aliases...) {
			name = strings.ToLower(name)
			if before, ok := names[name]; ok {
				return fmt.Errorf("%s: the name %q is taken already, at %s: choose another", g.where, name, before)
			}
			names[name] = g.where
		}
		for _, b := range boxes {
			path := g.path(b)
			if before, ok := files[path]; ok && path != "" {
				return fmt.Errorf("%s: the file %q is another group's already, at %s: give each group its own", g.where, path, before)
			}
			files[path] = g.where
		}
	}
	return nil
}
