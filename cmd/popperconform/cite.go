package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A test cites the requirements that stand in its doc comment and in its body, those in
// the tables that it names (variables of a package, which may name further ones), and if
// it is a fuzz target, those of the body in ./fuzz that it calls. A helper's comments do not
// count: everything goes through some helpers, which would then show everything.
//
// What lies below ./fuzz are the instruments with which popper is tested: their tables
// count where a test of popper names them, and their own tests do not.

// instruments is where the tools of tests lie.
const instruments = "fuzz/"

// name is something declared in a package: the package's directory below the root, with
// "_test" behind it if it is the one of external tests, and the identifier.
type name struct{ pkg, ident string }

// declaration is a function or a variable.
type declaration struct {
	file  string // below the root
	cites []string
	names []name // what is named in it, whether or not it is declared anywhere
	table bool
}

// declarations are those of test files and of instruments, by name.
type declarations map[name]*declaration

// source is a Go file of the tree.
type source struct {
	file    string
	text    []byte
	fset    *token.FileSet
	pkg     string            // as in name
	imports map[string]string // see importsOf
}

// add reads a Go file of the tree.
func (d declarations) add(module, file string, text []byte) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	s := source{file, text, fset, path.Dir(file), importsOf(f, module)}
	if strings.HasSuffix(f.Name.Name, "_test") {
		s.pkg += "_test"
	}
	for _, decl := range f.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				d[name{s.pkg, decl.Name.Name}] = s.declaration(decl, decl.Doc, false)
			}
		case *ast.GenDecl:
			if decl.Tok == token.VAR {
				d.addTables(s, decl)
			}
		}
	}
	return nil
}

func (d declarations) addTables(s source, decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		v := spec.(*ast.ValueSpec)
		doc := v.Doc
		if !decl.Lparen.IsValid() {
			doc = decl.Doc
		}
		for _, id := range v.Names {
			d[name{s.pkg, id.Name}] = s.declaration(v, doc, true)
		}
	}
}

// declaration is that of n, whose text goes from doc to the end of its last line.
func (s source) declaration(n ast.Node, doc *ast.CommentGroup, table bool) *declaration {
	from := n.Pos()
	if doc != nil {
		from = doc.Pos()
	}
	end := s.fset.Position(n.End()).Offset
	behind, _, _ := strings.Cut(string(s.text[end:]), "\n")
	text := string(s.text[s.fset.Position(from).Offset:end]) + behind
	return &declaration{s.file, ids(text), namesIn(n, s.pkg, s.imports), table}
}

// importsOf gives the directories of the module's packages by the names that f has for
// them.
func importsOf(f *ast.File, module string) map[string]string {
	imports := map[string]string{}
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		dir, ours := strings.CutPrefix(p, module+"/")
		if err != nil || !ours {
			continue
		}
		as := path.Base(p)
		if i.Name != nil {
			as = i.Name.Name
		}
		imports[as] = dir
	}
	return imports
}

// namesIn returns what n names: of its own package, and of those that are imported.
func namesIn(n ast.Node, pkg string, imports map[string]string) (found []name) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && imports[x.Name] != "" {
				found = append(found, name{imports[x.Name], n.Sel.Name})
				return false
			}
		case *ast.Ident:
			found = append(found, name{pkg, n.Name})
		}
		return true
	})
	return found
}

var testName = regexp.MustCompile(`^(?:Test|Fuzz|Example)(?:[^a-z].*)?$`)

// tests are the names of popper's tests, in order.
func (d declarations) tests() (found []name) {
	for n, decl := range d {
		ofInstrument := strings.HasPrefix(path.Dir(decl.file), instruments)
		if strings.HasSuffix(decl.file, "_test.go") && testName.MatchString(n.ident) && !ofInstrument {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b name) int {
		return strings.Compare(a.pkg+" "+a.ident, b.pkg+" "+b.ident)
	})
	return found
}

// cited returns the ids that a test cites, in order, each once.
func (d declarations) cited(test name) []string {
	var found []string
	seen := map[name]bool{}
	var visit func(name)
	visit = func(n name) {
		seen[n] = true
		found = append(found, d[n].cites...)
		for _, next := range d[n].names {
			if decl := d[next]; decl != nil && !seen[next] && (decl.table || isFuzzBody(next, decl)) {
				visit(next)
			}
		}
	}
	visit(test)
	slices.Sort(found)
	return slices.Compact(found)
}

func isFuzzBody(n name, decl *declaration) bool {
	return strings.HasPrefix(n.ident, "Fuzz") && !strings.HasSuffix(decl.file, "_test.go")
}
