package grammar_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"popper/grammar"
)

// With -update the wanted texts are written anew. Whoever does so reads the
// difference: each text must lead a stranger to the fault.
var update = flag.Bool("update", false, "write testdata/bad/*.want anew")

// badGrammars gives the error that each file of testdata/bad makes.
func badGrammars(t *testing.T) map[string]error {
	t.Helper()
	paths, err := filepath.Glob("testdata/bad/*.popper")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bad grammars: %v", err)
	}
	errs := map[string]error{}
	for _, p := range paths {
		_, errs[p] = grammar.Load(p)
	}
	return errs
}

// Each bad grammar gives the whole text that stands beside it.
func TestBadGrammars(t *testing.T) {
	for path, err := range badGrammars(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".popper"), func(t *testing.T) {
			if err == nil {
				t.Fatal("it was taken for good")
			}
			wantPath := strings.TrimSuffix(path, ".popper") + ".want"
			got := err.Error() + "\n"
			if *update {
				if err := os.WriteFile(wantPath, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wantPath)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// No message is dead: each format that the resolver hands to fail was used for
// some bad grammar.
func TestEveryErrorIsShown(t *testing.T) {
	var shown []string
	for _, err := range badGrammars(t) {
		for _, e := range err.(grammar.Errors) {
			shown = append(shown, e.Msg)
		}
	}
	calls := failCalls(t)
	if len(calls) < 40 {
		t.Errorf("found only %d calls of fail", len(calls))
	}
	for where, format := range calls {
		re := formatRegexp(format)
		if !slices.ContainsFunc(shown, re.MatchString) {
			t.Errorf("%s: no bad grammar shows %q", where, format)
		}
	}
}

// failCalls finds the calls of resolver.fail in the source, with their formats.
func failCalls(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("resolve*.go")
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]string{}
	fset := token.NewFileSet()
	for _, path := range files {
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if s, ok := call.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "fail" {
				where := fset.Position(call.Pos()).String()
				format, err := strconv.Unquote(call.Args[2].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatalf("%s: %v", where, err)
				}
				calls[where] = format
			}
			return true
		})
	}
	return calls
}

var verb = regexp.MustCompile(`%[a-z]`)

// formatRegexp matches what format can print.
func formatRegexp(format string) *regexp.Regexp {
	return regexp.MustCompile("^" + verb.ReplaceAllString(regexp.QuoteMeta(format), "(?s:.*)") + "$")
}

// Every error says where it is and how to mend it.
func TestErrorsHavePlaceAndHint(t *testing.T) {
	for path, err := range badGrammars(t) {
		for _, e := range err.(grammar.Errors) {
			if e.Pos.Filename != filepath.Base(path) || e.Pos.Line == 0 || e.Pos.Column == 0 || e.Hint == "" {
				t.Errorf("%s: %v", path, fmt.Sprintf("%+v", e))
			}
		}
	}
}

// Each .want has its grammar.
func TestNoWantIsLeftOver(t *testing.T) {
	wants, _ := filepath.Glob("testdata/bad/*.want")
	for _, w := range wants {
		if _, err := os.Stat(strings.TrimSuffix(w, ".want") + ".popper"); err != nil {
			t.Error(err)
		}
	}
}
