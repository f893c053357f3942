package grammar

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// Error is a fault in a grammar file, where it stands, and how to mend it.
type Error struct {
	Pos  lexer.Position
	Msg  string
	Hint string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s\n\thint: %s", e.Pos.Filename, e.Pos.Line, e.Pos.Column, e.Msg, e.Hint)
}

// Errors are all faults that were found, in the order of the files.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, x := range e {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}
