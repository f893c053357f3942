package grammar_test

import (
	"fmt"
	"sync"

	"popper/fuzz/table"
	"popper/grammar"
)

// What the transducers are held against: their definitions by hand, on all short
// inputs that matter.

// rewriting is one input of a transducer with what must come of it.
type rewriting struct{ in, out, rest string }

// rewritings has, for each transducer by name, all short inputs that matter.
var rewritings = sync.OnceValue(func() map[string][]rewriting {
	out := map[string][]rewriting{}
	add := func(name, in, want, rest string) { out[name] = append(out[name], rewriting{in, want, rest}) }
	every([]string{".", "\r", "\n", "a"}, 6, func(m string) {
		add("stuff", m, table.Stuffed(m), "")
		add("normalise", m, table.Normal(m), "")
	})
	// a wire that breaks off has no right answer, so all of these end with a line
	every([]string{".", "\r\n", "\r", "\n", "a"}, 5, func(m string) {
		for _, end := range []string{"\r\n", "\r\n..\r\n.\r\nQUIT\r\n"} {
			text, rest := table.Unstuffed(m + end)
			add("unstuff", m+end, text, rest)
		}
	})
	every([]string{"\n", "a"}, 1, func(head string) {
		for k := range 6 {
			every([]string{">", "F", "f", "r", "o", "m", " ", "\n", "\r", "x"}, 1, func(next string) {
				for _, quotes := range []string{"", ">", ">>", ">>>"} {
					for _, tail := range []string{"", " ", ">From w", "\n>From y", "From ", "\n>>From z", "om x"} {
						m := head + quotes + "From "[:k] + next + tail
						add("unquote", m, table.Unquoted(m), "")
						add("quote", m, table.Quoted(m), "")
						add("old_quote", m, table.OldQuoted(m), "")
						add("keep", m, m, "")
					}
				}
			})
		}
	})
	return out
})

// every calls f for each string of at most n words.
func every(words []string, n int, f func(string)) {
	var grow func(string, int)
	grow = func(s string, left int) {
		f(s)
		for _, w := range words {
			if left > 0 {
				grow(s+w, left-1)
			}
		}
	}
	grow("", n)
}

// wrongTransducer says where a transducer of m differs from its definition.
func wrongTransducer(m *grammar.Model) string {
	if len(m.Transducers) != len(rewritings()) {
		return fmt.Sprintf("%d transducers", len(m.Transducers))
	}
	for _, t := range m.Transducers {
		if t.Stops != (t.Name == "unstuff") {
			return t.Name + " stops, or does not"
		}
		for _, c := range rewritings()[t.Name] {
			if out, rest := t.Apply([]byte(c.in)); string(out) != c.out || string(rest) != c.rest {
				return fmt.Sprintf("%s(%q) = %q, %q, want %q, %q", t.Name, c.in, out, rest, c.out, c.rest)
			}
		}
	}
	return ""
}
