package gen_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"popper/fuzz/gen"
	"popper/fuzz/table"
)

// Lines are drawn that stand around both limits, and not only short ones: a property that
// only holds for short lines would else be taken for one of all.
func TestLongLinesAreDrawn(t *testing.T) {
	longest := table.Limits["AUTH"]
	for what, c := range map[string]struct {
		lines    *rapid.Generator[[]byte]
		from, to int // octets
	}{
		"a name to its end":         {gen.Lines["USER"], 252, 255},
		"no argument":               {gen.Lines["STLS"], 200, 255},
		"AUTH like any other":       {gen.Lines["AUTH"], 252, 255},
		"AUTH a little longer":      {gen.Lines["AUTH"], 256, 260},
		"AUTH between":              {gen.Lines["AUTH"], 1000, 16000},
		"AUTH to its end":           {gen.Lines["AUTH"], longest - 3, longest},
		"changed and longer":        {gen.NearLine(), 256, 1000},
		"changed and very long":     {gen.NearLine(), longest - 300, longest},
		"changed and much too long": {gen.NearLine(), longest + 1, longest + 300},
	} {
		n := 0
		for seed := range 1000 {
			if k := len(c.lines.Example(seed)); c.from <= k && k <= c.to {
				n++
			}
		}
		if n < 5 {
			t.Errorf("%s: %d of 1000 lines have %d to %d octets", what, n, c.from, c.to)
		}
	}
}

// A draw can be repeated.
func TestDrawsRepeat(t *testing.T) {
	for i := range 20 {
		if !bytes.Equal(gen.NearLine().Example(i), gen.NearLine().Example(i)) {
			t.Errorf("seed %d gives two lines", i)
		}
	}
}
