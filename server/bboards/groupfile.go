package bboards

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// keys are those of a .group file, and what sets them.
var keys = map[string]func(g *definition, value string) error{
	"maildrop":  func(g *definition, v string) (err error) { g.Maildrop, err = cleanPath(v); return err },
	"archive":   func(g *definition, v string) (err error) { g.Archive, err = cleanPath(v); return err },
	"aliases":   func(g *definition, v string) error { g.Aliases = strings.Fields(v); return nil },
	"address":   func(g *definition, v string) error { g.Address = v; return nil },
	"request":   func(g *definition, v string) error { g.Request = v; return nil },
	"leaders":   func(g *definition, v string) error { g.Leaders = strings.Fields(v); return nil },
	"feed-in":   func(g *definition, v string) error { g.FeedIn = v; return nil },
	"feeds-out": func(g *definition, v string) error { g.FeedsOut = strings.Fields(v); return nil },
	"flags":     func(g *definition, v string) (err error) { g.Flags, err = octal(v); return err },
}

func octal(v string) (uint64, error) {
	n, err := strconv.ParseUint(v, 8, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is no octal number of 32 bits", v)
	}
	return n, nil
}

// parseGroup reads a .group file.
func parseGroup(path string, data []byte) (*definition, error) {
	g := &definition{where: path}
	g.Name = strings.TrimSuffix(filepath.Base(path), groupEnding)
	seen, n := map[string]bool{}, 0
	for line := range strings.Lines(string(data)) {
		n++
		if err := g.line(strings.TrimRight(line, "\r\n"), seen); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	if err := g.check(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, max(n, 1), err)
	}
	return g, nil
}

func (g *definition) line(line string, seen map[string]bool) error {
	text := strings.TrimSpace(line)
	if text == "" || text[0] == '#' {
		return nil
	}
	if hasControl(line) {
		return errControl
	}
	key, value, ok := strings.Cut(text, ":")
	if !ok {
		return errors.New("not a line of the form key: value")
	}
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	set, ok := keys[key]
	switch {
	case !ok:
		return fmt.Errorf("no key is called %q; there are %s", key, strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
	case seen[key]:
		return fmt.Errorf("%s is said above already: remove one of the lines", key)
	case value == "":
		return fmt.Errorf("%s has no value: give one, or remove the line", key)
	}
	seen[key] = true
	if err := set(g, value); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}
