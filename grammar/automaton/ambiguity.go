package automaton

import "slices"

// Ambiguity: is there an input with two readings?
//
// Two copies of the automaton walk over the same input side by side. Once they
// take different edges they have diverged, for good: even when they meet again
// in one state, they came there by different tags. If a diverged pair can end,
// both in accepting states, the input that led there has two readings, and a
// breadth-first search finds a shortest one. This is exact: no unambiguous
// automaton is refused, no ambiguous one passes.

// Reading is one way to understand an input.
type Reading struct {
	Expr int               // which of the joined expressions
	Args map[string][]byte // what each argument would hold
}

type pair struct {
	p, q     int
	diverged bool
}

type step struct {
	pair
	before int // index of the step that led here
	octet  byte
	e, f   int // the edges taken
}

// Ambiguous finds a shortest input with two readings; ok is false if there is none.
func (n *NFA) Ambiguous() (input []byte, a, b Reading, ok bool) {
	steps := []step{{pair: pair{0, 0, false}, before: -1}}
	seen := map[pair]bool{steps[0].pair: true}
	for k := 0; k < len(steps); k++ {
		s := steps[k]
		if s.diverged && n.Accept[s.p] >= 0 && n.Accept[s.q] >= 0 {
			input, es, fs := trace(steps, k)
			return input, n.reading(input, es), n.reading(input, fs), true
		}
		for i, e := range n.Edges[s.p] {
			for j, f := range n.Edges[s.q] {
				both := e.Set.And(f.Set)
				if both.Empty() {
					continue
				}
				next := pair{e.To, f.To, s.diverged || s.p != s.q || i != j}
				if !seen[next] {
					seen[next] = true
					steps = append(steps, step{next, k, both.Sample(), i, j})
				}
			}
		}
	}
	return nil, a, b, false
}

func trace(steps []step, k int) (input []byte, es, fs []int) {
	for ; steps[k].before >= 0; k = steps[k].before {
		input = append(input, steps[k].octet)
		es = append(es, steps[k].e)
		fs = append(fs, steps[k].f)
	}
	slices.Reverse(input)
	slices.Reverse(es)
	slices.Reverse(fs)
	return input, es, fs
}

// reading follows the edges and gathers the arguments.
func (n *NFA) reading(input []byte, edges []int) Reading {
	r := Reading{Args: map[string][]byte{}}
	state, open := 0, ""
	for i, e := range edges {
		edge := n.Edges[state][e]
		for _, t := range edge.Tags {
			switch t.Kind {
			case Begin:
				open = t.Slot
			case End:
				open = ""
			}
		}
		if open != "" {
			r.Args[open] = append(r.Args[open], input[i])
		}
		state = edge.To
	}
	r.Expr = n.Accept[state]
	return r
}
