package automaton

import (
	"fmt"
	"slices"
	"strings"
)

// DFA is a deterministic automaton. State 0 is the start.
type DFA struct{ States []State }

// State is one state of a DFA. The sets of its edges do not overlap.
type State struct {
	Edges  []Edge
	Accept int  // index of the expression that ends here, or -1
	Known  bool // a keyword is complete on the way here
}

// Next is the edge that c takes from s.
func (s *State) Next(c byte) (Edge, bool) {
	for _, e := range s.Edges {
		if e.Set.Has(c) {
			return e, true
		}
	}
	return Edge{}, false
}

// A Conflict is an octet that two readings want to use in different ways
// before the rest of the line can decide between them.
type Conflict struct {
	Input []byte // up to and with the octet in question
	A, B  []Tag
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("after %q two readings are still open that take its last octet apart differently", c.Input)
}

// MaxStates is how many states Determinise makes. The worst expressions want two
// to the power of their length: any* "x" any{30} has to know which of the last 30
// octets were x.
const MaxStates = 10000

// ErrTooLarge says that an automaton wants more than MaxStates.
var ErrTooLarge = fmt.Errorf("an automaton of more than %d states", MaxStates)

// Determinise makes n deterministic by the subset construction. Different tags
// on one octet would need look-ahead: that is a *Conflict. The other error is
// ErrTooLarge.
func (n *NFA) Determinise() (*DFA, error) {
	d := &DFA{}
	number := map[string]int{}
	var subsets [][]int
	var inputs [][]byte
	add := func(set []int, input []byte) int {
		slices.Sort(set)
		set = slices.Compact(set)
		key := fmt.Sprint(set)
		if i, ok := number[key]; ok {
			return i
		}
		s := State{Accept: -1}
		for _, m := range set {
			if n.Accept[m] >= 0 {
				s.Accept = n.Accept[m]
			}
			s.Known = s.Known || n.Known[m]
		}
		number[key] = len(subsets)
		subsets = append(subsets, set)
		inputs = append(inputs, input)
		d.States = append(d.States, s)
		return number[key]
	}
	add([]int{0}, nil)
	for k := 0; k < len(subsets); k++ {
		if len(subsets) > MaxStates {
			return nil, ErrTooLarge
		}
		var all []Edge
		for _, m := range subsets[k] {
			all = append(all, n.Edges[m]...)
		}
		for _, set := range atoms(all) {
			c := set.lowest()
			input := append(slices.Clone(inputs[k]), set.Sample())
			tags, to, clash := merge(all, c)
			if clash != nil {
				return nil, &Conflict{input, tags, clash.Tags}
			}
			d.States[k].Edges = append(d.States[k].Edges, Edge{set, tags, add(to, input)})
		}
	}
	return d.minimise(), nil
}

// merge gathers where c leads and the tags it carries, which must agree.
func merge(edges []Edge, c byte) (tags []Tag, to []int, clash *Edge) {
	first := true
	for _, e := range edges {
		if !e.Set.Has(c) {
			continue
		}
		to = append(to, e.To)
		if first {
			tags, first = e.Tags, false
		} else if !slices.Equal(tags, e.Tags) {
			return tags, to, &e
		}
	}
	return tags, to, nil
}

// atoms splits the octets that edges speak of into the largest sets that no
// edge divides.
func atoms(edges []Edge) (out []Set) {
	for _, e := range edges {
		rest := e.Set
		for i := 0; i < len(out); i++ {
			both := out[i].And(rest)
			if both.Empty() || both == out[i] {
				rest = rest.Minus(both)
				continue
			}
			out = append(out, out[i].Minus(both))
			out[i] = both
			rest = rest.Minus(both)
		}
		if !rest.Empty() {
			out = append(out, rest)
		}
	}
	return out
}

// String prints the automaton, a state a paragraph, an edge a line.
func (d *DFA) String() string {
	var b strings.Builder
	for i, s := range d.States {
		printState(&b, i, s)
	}
	return b.String()
}

// String prints the automaton in the same form.
func (n *NFA) String() string {
	var b strings.Builder
	for i, edges := range n.Edges {
		printState(&b, i, State{edges, n.Accept[i], n.Known[i]})
	}
	return b.String()
}

func printState(b *strings.Builder, i int, s State) {
	fmt.Fprintf(b, "state %d", i)
	if s.Known {
		b.WriteString(" known")
	}
	if s.Accept >= 0 {
		fmt.Fprintf(b, " accepts %d", s.Accept)
	}
	b.WriteByte('\n')
	for _, e := range s.Edges {
		fmt.Fprintf(b, "  %s -> %d", e.Set, e.To)
		for _, t := range e.Tags {
			fmt.Fprintf(b, " %s(%s)", t.Kind, t.Slot)
		}
		b.WriteByte('\n')
	}
}

func (k Kind) String() string { return [...]string{"begin", "digit", "end", "known"}[k] }

// String prints s as its spans: 'A'-'Z' 0x00.
func (s Set) String() string {
	var parts []string
	for _, r := range s.Spans() {
		if r.Low == r.High {
			parts = append(parts, Quote(r.Low))
		} else {
			parts = append(parts, Quote(r.Low)+"-"+Quote(r.High))
		}
	}
	return strings.Join(parts, " ")
}

// Quote writes an octet as a Go literal that reads well.
func Quote(c byte) string {
	switch {
	case c == '\r':
		return `'\r'`
	case c == '\n':
		return `'\n'`
	case c == '\t':
		return `'\t'`
	case c == '\'':
		return `'\''`
	case c == '\\':
		return `'\\'`
	case c >= ' ' && c <= '~':
		return "'" + string(rune(c)) + "'"
	}
	return fmt.Sprintf("0x%02x", c)
}
