package oracle_test

import (
	"slices"
	"testing"

	"popper/fuzz/oracle"
	"popper/fuzz/table"
)

// The oracle must know the RFC too: it is held against the same hand-written
// tables as the parser.
func TestOracleKnowsTheTables(t *testing.T) {
	for _, c := range table.Lines {
		if got := oracle.Lines([]byte(c.In)); !slices.Equal(got, c.Want) {
			t.Errorf("%s (%s): %.80q: got %q, want %q", c.Name, c.Rule, c.In, got, c.Want)
		}
	}
	for _, s := range table.Separators {
		if got := oracle.Separator([]byte(s.Line)); got != s.OK {
			t.Errorf("%s: %q: got %v", s.Why, s.Line, got)
		}
	}
}
