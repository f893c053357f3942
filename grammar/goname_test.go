package grammar

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What package parser declares is what the resolver reserves, and what it takes
// for the names of the grammar: so fixedNames misses nothing and has nothing
// that is gone.
func TestGoNamesAreThoseOfThePackage(t *testing.T) {
	m, err := Load("ascii.popper", "pop3.popper", "rfc1939.popper", "xtnd.popper", "extensions.popper", "mbox.popper")
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(fixedNames)
	for _, c := range m.Commands {
		want = append(want, "Verb"+Exported(c.Name()))
	}
	for _, p := range m.Params {
		want = append(want, "Arg"+Exported(p.Name))
	}
	for _, s := range m.States {
		want = append(want, "State"+Exported(s.Name))
	}
	for _, d := range m.Dialects {
		want = append(want, "Dialect"+Exported(d.Name))
	}
	for _, s := range m.Shapes {
		want = append(want, appenders(m, s)...)
	}
	for _, l := range m.Lines {
		want = append(want, "Max"+Exported(l.Name), "Is"+Exported(l.Name), Exported(l.Name)+"MayFollow")
	}
	for _, x := range m.Transducers {
		want = append(want, Agent(x.Name))
	}
	got := declared(t, "../parser/*.go")
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("package parser declares\n%q\nwant\n%q", got, want)
	}
}

// appenders are the encoders of s that some command needs: of one line, of a line of a list.
func appenders(m *Model, s *Shape) (names []string) {
	for _, c := range m.Commands {
		for _, a := range c.Answers {
			if a.Shape == s {
				names = append(names, "Append"+Exported(s.Name)+map[bool]string{true: "Line"}[a.List])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// declared gives the names that Go files declare for their package.
func declared(t *testing.T, pattern string) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			names = append(names, namesOf(d)...)
		}
	}
	return names
}

func namesOf(d ast.Decl) (names []string) {
	if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
		return []string{f.Name.Name}
	}
	g, ok := d.(*ast.GenDecl)
	if !ok {
		return nil
	}
	for _, s := range g.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			names = append(names, s.Name.Name)
		case *ast.ValueSpec:
			for _, n := range s.Names {
				names = append(names, n.Name)
			}
		}
	}
	return names
}
