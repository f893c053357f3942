package grammar

import (
	"cmp"
	"fmt"
	"slices"
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

// Errors are all faults that were found, in the order in which they stand in the
// files, and the files as they were given.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, x := range e {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// sort orders e by file, in the order of files, and by place in the file. Faults
// of one place stay as they were found.
func (e Errors) sort(files []string) {
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(
			cmp.Compare(slices.Index(files, a.Pos.Filename), slices.Index(files, b.Pos.Filename)),
			cmp.Compare(a.Pos.Offset, b.Pos.Offset))
	})
}
