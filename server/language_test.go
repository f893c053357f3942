package server

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// R6856-UTF8-1: languages are listed, chosen by a range (RFC 4647), kept in all states,
// and forgotten by nobody else's session.
func TestLang(t *testing.T) {
	withConfig(t, nil, func(t *testing.T, s *site, p *client) {
		if got := strings.Join(p.lines("LANG"), ", "); got != "en English, de Deutsch, fr Français, es Español" {
			t.Errorf("LANG: %q", got)
		}
		p.exact("LANG de", "+OK de Antworten kommen von jetzt an auf Deutsch")
		p.exact("USER mrose", "+OK bitte das Passwort senden")
		p.exact("PASS wrong", "-ERR [AUTH] Name oder Passwort falsch") // R2449-CODE-1: codes are for programs
		p.exact("LANG xx", "-ERR diese Sprache gibt es nicht: LANG allein zählt auf, welche es gibt")
		p.exact("USER mrose", "+OK bitte das Passwort senden") // and the old one holds
		p.exact("PASS "+secret, "+OK Postfach hat 2 Nachrichten (320 Oktette)")
		p.exact("STAT", "+OK 2 320")
		p.exact("RETR 1", "+OK 120 Oktette")
		p.body()
		p.exact("LANG FR-ca", "+OK fr les réponses sont désormais en français")
		p.exact("RETR 9", "-ERR ce message n'existe pas")
		p.exact("LANG *", "+OK en replies are in English from now on")
		p.exact("LANG i-default", "+OK en replies are in English from now on")
		p.exact("RETR 9", "-ERR no such message")
		p.quit()
		q := s.connect(t)
		q.exact("USER mrose", "+OK send your password")
	})
}

// phrases are the texts of replies in the source of this package: what is passed to
// done and refusal, and what functions return for them.
func phrases(t *testing.T) []string {
	found := map[string]bool{}
	note := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			s, _ := strconv.Unquote(l.Value)
			if _, rest, ok := strings.Cut(s, "] "); ok && s[0] == '[' {
				s = rest
			}
			if regexp.MustCompile(`[a-z]{2}`).MatchString(s) {
				found[s] = true
			}
		}
	}
	returning := []string{"unoffered", "clear", "removeTrouble", "badLine"}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				name := ""
				switch f := n.Fun.(type) {
				case *ast.Ident:
					name = f.Name
				case *ast.SelectorExpr:
					name = f.Sel.Name
				}
				if slices.Contains([]string{"done", "refusal", "refuse"}, name) && len(n.Args) > 0 {
					note(n.Args[0])
				}
			case *ast.FuncDecl:
				if slices.Contains(returning, n.Name.Name) {
					ast.Inspect(n, func(n ast.Node) bool {
						if r, ok := n.(*ast.ReturnStmt); ok {
							note(r.Results[0])
						}
						return true
					})
				}
			case *ast.CompositeLit: // of openTroubles, with its fields in order
				if _, other := n.Type.(*ast.ArrayType); !other && len(n.Elts) == 4 && f.Name() == "login.go" {
					note(n.Elts[2])
				}
				if i, ok := n.Type.(*ast.Ident); ok && i.Name == "phrase" && len(n.Elts) == 2 {
					note(n.Elts[0])
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(found))
}

// R6856-UTF8-1: every text is in every language, with the same verbs in the same order,
// in UTF-8, and short enough for a reply (R2449-LINE-8).
func TestLanguagesAreComplete(t *testing.T) {
	all := phrases(t)
	if len(all) < 40 {
		t.Fatalf("%d texts found: %q", len(all), all)
	}
	verbs := regexp.MustCompile(`%[a-z]`)
	for _, l := range languages[1:] {
		for _, p := range all {
			text, ok := l.texts[p]
			switch {
			case !ok:
				t.Errorf("%s: nothing for %q", l.tag, p)
			case !slices.Equal(verbs.FindAllString(p, -1), verbs.FindAllString(text, -1)):
				t.Errorf("%s: %q has other verbs than %q", l.tag, text, p)
			case !utf8.ValidString(text) || len(text) > 200 || strings.ContainsAny(text, "\r\n"):
				t.Errorf("%s: %q", l.tag, text)
			}
		}
		for p := range l.texts {
			if !slices.Contains(all, p) {
				t.Errorf("%s: no reply says %q", l.tag, p)
			}
		}
	}
}
