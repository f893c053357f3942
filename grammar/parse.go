// Package grammar reads the .popper files: a small declarative language in
// which a line protocol and the format of its mail are described once.
//
// The stages are: participle builds the syntax tree (ast.go), the resolver
// checks it and makes the model (resolve.go, model.go), package automaton
// makes the model's expressions deterministic, package emit writes Go. Each
// stage can be printed: see the flag -print of cmd/poppergen.
package grammar

import (
	"os"
	"path/filepath"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The lexer has two states, so that inside quotes a "//" or a space is text.
var tokens = lexer.MustStateful(lexer.Rules{
	"Root": {
		{Name: "Doc", Pattern: `///[^\n]*`},
		{Name: "comment", Pattern: `//[^\n]*`},
		{Name: "space", Pattern: `\s+`},
		{Name: "Quote", Pattern: `"`, Action: lexer.Push("Quoted")},
		{Name: "Hex", Pattern: `0x[0-9A-Fa-f]+`},
		{Name: "Int", Pattern: `[0-9]+`},
		{Name: "Upper", Pattern: `[A-Z][A-Z0-9]*(-[A-Z0-9]+)*`},
		{Name: "Ident", Pattern: `[a-z][a-z0-9_]*`},
		{Name: "Punct", Pattern: `\.\.|->|[-=|{}()\[\],:?*+]`},
	},
	"Quoted": {
		{Name: "Escape", Pattern: `\\.`},
		{Name: "Chars", Pattern: `[^"\\\n]+`},
		{Name: "QuoteEnd", Pattern: `"`, Action: lexer.Pop()},
	},
})

var fileParser = participle.MustBuild[File](
	participle.Lexer(tokens),
	participle.Elide("comment", "space"),
	participle.UseLookahead(3),
)

// Parse reads one grammar file; name is what positions in errors say.
func Parse(name string, text []byte) (*File, error) {
	f, err := fileParser.ParseBytes(name, text)
	if err == nil {
		return f, nil
	}
	return nil, Errors{syntaxError(err, text)}
}

// Load reads and resolves the files as one grammar.
func Load(paths ...string) (*Model, error) {
	var files []*File
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		f, err := Parse(filepath.Base(p), text)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return Resolve(files...)
}
