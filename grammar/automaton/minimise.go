package automaton

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// minimise joins states that no input can tell apart (Moore's refinement).
// States start out alike if they accept alike; a class is split while two of
// its states lead, on some octet, to different classes or by different tags.
func (d *DFA) minimise() *DFA {
	class := make([]int, len(d.States))
	classes := d.classify(class, func(s State) string { return fmt.Sprint(s.Accept, s.Known) })
	for {
		n := d.classify(class, func(s State) string { return s.signature(class) })
		if n == classes {
			break
		}
		classes = n
	}
	return d.quotient(class, classes)
}

// classify renumbers class by the old class and key, in order of appearance,
// so that the result depends on nothing but the automaton.
func (d *DFA) classify(class []int, key func(State) string) int {
	type old struct {
		class int
		key   string
	}
	number := map[old]int{}
	next := make([]int, len(class))
	for i, s := range d.States {
		k := old{class[i], key(s)}
		if _, ok := number[k]; !ok {
			number[k] = len(number)
		}
		next[i] = number[k]
	}
	copy(class, next)
	return len(number)
}

// signature says where each octet leads; edges to one class with the same
// tags count as one.
func (s State) signature(class []int) string {
	var b []byte
	for _, e := range s.grouped(class) {
		for _, w := range e.Set {
			b = binary.LittleEndian.AppendUint64(b, w)
		}
		b = binary.AppendVarint(b, int64(e.To))
		b = fmt.Append(b, len(e.Tags), e.Tags)
	}
	return string(b)
}

func (s State) grouped(class []int) (out []Edge) {
	for _, e := range s.Edges {
		to := class[e.To]
		i := slices.IndexFunc(out, func(f Edge) bool { return f.To == to && slices.Equal(f.Tags, e.Tags) })
		if i < 0 {
			out = append(out, Edge{e.Set, e.Tags, to})
		} else {
			out[i].Set = out[i].Set.Union(e.Set)
		}
	}
	slices.SortFunc(out, func(a, b Edge) int { return int(a.Set.lowest()) - int(b.Set.lowest()) })
	return out
}

func (d *DFA) quotient(class []int, classes int) *DFA {
	out := &DFA{States: make([]State, classes)}
	done := make([]bool, classes)
	for i, s := range d.States {
		if k := class[i]; !done[k] {
			done[k] = true
			out.States[k] = State{Edges: s.grouped(class), Accept: s.Accept, Known: s.Known}
		}
	}
	return out
}
