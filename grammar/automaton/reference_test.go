package automaton_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"popper/grammar/automaton"
)

// A tree is a small expression, kept so that tests can read it in other ways
// than package automaton does: as a regular expression of Go, and by trying out
// every way to match.
type tree struct {
	op       byte // 'o' one octet of set, 't' text, '.' one after another, '|' choice, '*' repetition
	set      string
	kids     []tree
	min, max int
}

const letters = "abc"

func (e tree) expr() automaton.Expr {
	var kids []automaton.Expr
	for _, k := range e.kids {
		kids = append(kids, k.expr())
	}
	switch e.op {
	case 'o':
		return automaton.One(automaton.Of([]byte(e.set)...))
	case 't':
		return automaton.Text(e.set, false)
	case '.':
		return automaton.Cat(kids...)
	case '|':
		return automaton.Alt(kids...)
	}
	return automaton.Repeat(kids[0], e.min, e.max)
}

func (e tree) regexp() string {
	var kids []string
	for _, k := range e.kids {
		kids = append(kids, k.regexp())
	}
	switch e.op {
	case 'o':
		return "[" + e.set + "]"
	case 't':
		return "(?:" + e.set + ")"
	case '.':
		return "(?:" + strings.Join(kids, "") + ")"
	case '|':
		return "(?:" + strings.Join(kids, "|") + ")"
	}
	if e.max == automaton.Unbounded {
		return fmt.Sprintf("(?:%s{%d,})", kids[0], e.min)
	}
	return fmt.Sprintf("(?:%s{%d,%d})", kids[0], e.min, e.max)
}

// reading is one way to match: where it ends, and which leaf of the expression
// took each octet. Leaves are named by the way to them; each bounded repetition
// has leaves of its own, an unbounded one has the same leaves for all.
type reading struct {
	end    int
	leaves string
}

func (e tree) readings(s string, from int, name string) map[reading]bool {
	out := map[reading]bool{}
	switch e.op {
	case 'o':
		if from < len(s) && strings.IndexByte(e.set, s[from]) >= 0 {
			out[reading{from + 1, name + ";"}] = true
		}
	case 't':
		if strings.HasPrefix(s[from:], e.set) {
			r := reading{from, ""}
			for i := range e.set {
				r = reading{r.end + 1, fmt.Sprintf("%s%s.%d;", r.leaves, name, i)}
			}
			out[r] = true
		}
	case '|':
		for i, k := range e.kids {
			for r := range k.readings(s, from, fmt.Sprint(name, "|", i)) {
				out[r] = true
			}
		}
	case '.':
		out[reading{from, ""}] = true
		for i, k := range e.kids {
			out = follow(out, k, s, fmt.Sprint(name, ".", i))
		}
	case '*':
		return e.repeated(s, from, name)
	}
	return out
}

func (e tree) repeated(s string, from int, name string) map[reading]bool {
	now := map[reading]bool{{from, ""}: true}
	for i := range e.min {
		now = follow(now, e.kids[0], s, fmt.Sprint(name, "#", i))
	}
	out := map[reading]bool{}
	for i := 0; len(now) > 0; i++ {
		fresh := map[reading]bool{}
		for r := range now {
			if !out[r] {
				out[r], fresh[r] = true, true
			}
		}
		copyName := "more"
		if e.max != automaton.Unbounded {
			if i == e.max-e.min {
				break
			}
			copyName = fmt.Sprint(e.min + i)
			fresh = now
		}
		now = follow(fresh, e.kids[0], s, name+"#"+copyName)
	}
	return out
}

func follow(before map[reading]bool, e tree, s, name string) map[reading]bool {
	out := map[reading]bool{}
	for r := range before {
		for next := range e.readings(s, r.end, name) {
			out[reading{next.end, r.leaves + next.leaves}] = true
		}
	}
	return out
}

// count is how many ways there are to match the whole of s.
func (e tree) count(s string) (n int) {
	for r := range e.readings(s, 0, "") {
		if r.end == len(s) {
			n++
		}
	}
	return n
}

// trees draws expressions of at most the given depth.
func trees(depth int) *rapid.Generator[tree] {
	return rapid.Custom(func(t *rapid.T) tree {
		op := rapid.SampledFrom([]byte("ot.|*")).Draw(t, "op")
		if depth == 0 {
			op = rapid.SampledFrom([]byte("ot")).Draw(t, "leaf")
		}
		e := tree{op: op}
		switch op {
		case 'o':
			e.set = rapid.SampledFrom([]string{"a", "b", "c", "ab", "bc", "ac", "abc"}).Draw(t, "set")
		case 't':
			e.set = rapid.StringOfN(rapid.RuneFrom([]rune(letters)), 1, 3, -1).Draw(t, "text")
		case '*':
			e.kids = []tree{trees(depth-1).Draw(t, "repeated")}
			e.min = rapid.IntRange(0, 2).Draw(t, "min")
			e.max = rapid.SampledFrom([]int{automaton.Unbounded, max(e.min, 1), e.min + 1, e.min + 2}).Draw(t, "max")
		default:
			e.kids = rapid.SliceOfN(trees(depth-1), 1, 3).Draw(t, "parts")
		}
		return e
	})
}

// every calls f for each string over letters of at most n octets.
func every(n int, f func(string)) {
	queue := []string{""}
	for k := 0; k < len(queue); k++ {
		f(queue[k])
		if len(queue[k]) < n {
			for _, c := range letters {
				queue = append(queue, queue[k]+string(c))
			}
		}
	}
}
