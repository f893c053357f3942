package code

import (
	"testing"

	words "example/fuzz/table"
)

// TestDoc and others. BERK-DOC-1,BERK-BODY-1.
func TestDoc(t *testing.T) {
	help()
}

func TestBody(t *testing.T) {
	t.Run("BERK-BODY-1", func(t *testing.T) {})
}

func TestBehind(t *testing.T) {} // BERK-BEHIND-1

func TestTable(t *testing.T) {
	for range cases {
		help()
	}
}

func TestInstrument(t *testing.T) { t.Log(words.Lines) }

// BERK-DOC-1 is not cited by whoever calls this, nor by what only looks like a test.
func help() {}

// BERK-DOC-1
func Testing(t *testing.T) { t.Log(cases) }

// R1939-TABLE-1
var cases = append(more, "a")

var (
	// R1939-TABLE-2
	more = []string{"b"}
	none = "X-MBOX-1 is another word"
)
