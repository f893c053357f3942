package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// tree is what a module says of its requirements.
type tree struct {
	module       string
	requirements []requirement
	tests        map[string][]test // by the id that they cite
	wrong        []string          // what was found amiss while reading
}

// test is a test as the report shows it.
type test struct {
	testID
	file string // below the root
}

// testID is a test as go test knows it: dir is that of its package below the root.
type testID struct{ dir, ident string }

func (t testID) String() string { return t.dir + "." + t.ident }

var moduleLine = regexp.MustCompile(`(?m)^module (\S+)$`)

func readTree(root string) (*tree, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	m := moduleLine.FindSubmatch(mod)
	if m == nil {
		return nil, fmt.Errorf("go.mod names no module")
	}
	t := &tree{module: string(m[1]), tests: map[string][]test{}}
	if t.requirements, t.wrong, err = readRequirements(root); err != nil {
		return nil, err
	}
	decls := declarations{}
	if err := t.walk(root, decls); err != nil {
		return nil, err
	}
	for _, n := range decls.tests() {
		for _, id := range decls.cited(n) {
			file := decls[n].file
			t.tests[id] = append(t.tests[id], test{testID{path.Dir(file), n.ident}, file})
		}
	}
	return t, nil
}

// walk reads all sources but what is generated for tests or by a build.
func (t *tree) walk(root string, decls declarations) error {
	return fs.WalkDir(os.DirFS(root), ".", func(file string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && file != "." && (e.Name()[0] == '.' || e.Name() == "testdata" || e.Name() == "build"):
			return fs.SkipDir
		case e.IsDir() || !slices.Contains([]string{".go", ".md", ".popper"}, path.Ext(file)):
			return nil
		case file == requirementsPage || file == conformancePage:
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return err
		}
		t.mentions(file, text)
		isTest, isInstrument := strings.HasSuffix(file, "_test.go"), strings.HasPrefix(file, instruments)
		if isTest || isInstrument && path.Ext(file) == ".go" {
			return decls.add(t.module, file, text)
		}
		return nil
	})
}

// mentions looks at the ids in a file, of whatever kind it is.
func (t *tree) mentions(file string, text []byte) {
	n := 0
	for line := range bytes.Lines(text) {
		n++
		named := ids(string(line))
		if len(named) == 0 {
			continue
		}
		for _, id := range named {
			if !slices.ContainsFunc(t.requirements, func(r requirement) bool { return r.id == id }) {
				t.wrong = append(t.wrong, fmt.Sprintf("%s:%d: %s is not in %s", file, n, id, requirementsPage))
			}
		}
		for _, s := range shortened.FindAll(line, -1) {
			t.wrong = append(t.wrong, fmt.Sprintf("%s:%d: %q: write each id in full", file, n, s))
		}
	}
}

// faults returns all that is amiss, one line each.
func (t *tree) faults() []string {
	faults := slices.Clone(t.wrong)
	for _, r := range t.requirements {
		tests := t.tests[r.id]
		switch {
		case r.built && len(tests) == 0:
			faults = append(faults, fmt.Sprintf("%s: no test cites it: write one, or name it in the comment of the test that shows it", r.id))
		case !r.built && len(tests) > 0:
			faults = append(faults, fmt.Sprintf("%s: %s cites it: take \"not built yet\" away in %s", r.id, tests[0], requirementsPage))
		}
	}
	return faults
}
