package automaton

import "slices"

// Tag is a mark on a transition: what to do with the octet being read.
type Tag struct {
	Kind Kind
	Slot string // the argument concerned
}

// Kind is what a tag asks for.
type Kind uint8

const (
	Begin Kind = iota // the argument begins with this octet
	Digit             // this octet is the number's next digit
	End               // the argument ended before this octet
	Known             // with this octet the keyword is complete: what is wrong later is an argument
)

// NFA is a nondeterministic automaton without empty edges. State 0 is the start.
type NFA struct {
	Edges  [][]Edge
	Accept []int  // for each state the index of the expression that ends there, or -1
	Known  []bool // for each state whether the way to it has a Known tag
}

// Edge is a transition on any octet of Set.
type Edge struct {
	Set  Set
	Tags []Tag
	To   int
}

func (e Edge) equal(f Edge) bool {
	return e.Set == f.Set && e.To == f.To && slices.Equal(e.Tags, f.Tags)
}

// Join builds one automaton of several expressions; Accept tells them apart.
// A tag at the very end of an expression is lost: no octet follows it.
func Join(exprs ...Expr) *NFA {
	b := &builder{}
	start := b.state()
	ends := map[int]int{}
	for i, e := range exprs {
		in := b.state()
		b.link(start, in)
		ends[e.build(b, in)] = i
	}
	return b.close(start, ends)
}

// place is a state of b, and whether a Known tag is behind it.
type place struct {
	state int
	known bool
}

// close removes the empty edges: a state of the result is a place that an
// octet edge leads to, and its edges are those reachable over empty ones.
func (b *builder) close(start int, ends map[int]int) *NFA {
	n := &NFA{}
	queue := []place{{start, false}}
	number := map[place]int{queue[0]: 0}
	for k := 0; k < len(queue); k++ {
		accept := -1
		var edges []Edge
		b.walk(queue[k].state, arrival{known: queue[k].known}, map[int][]arrival{}, func(s int, a arrival) {
			if i, ok := ends[s]; ok && accept < 0 {
				accept = i
			}
			for _, e := range b.octets[s] {
				to := place{e.to, a.known}
				if _, ok := number[to]; !ok {
					number[to] = len(queue)
					queue = append(queue, to)
				}
				edge := Edge{e.set, a.tags, number[to]}
				if !slices.ContainsFunc(edges, edge.equal) {
					edges = append(edges, edge)
				}
			}
		})
		n.Edges = append(n.Edges, edges)
		n.Accept = append(n.Accept, accept)
		n.Known = append(n.Known, queue[k].known)
	}
	return n
}

// Begins tells whether an input that n accepts begins with prefix.
func (n *NFA) Begins(prefix []byte) bool {
	at := map[int]bool{0: true}
	for _, c := range prefix {
		next := map[int]bool{}
		for s := range at {
			for _, e := range n.Edges[s] {
				if e.Set.Has(c) {
					next[e.To] = true
				}
			}
		}
		at = next
	}
	return len(at) > 0
}

// arrival is how a walk over empty edges came to a state.
type arrival struct {
	tags  []Tag // all but Known
	known bool
}

func (a arrival) equal(b arrival) bool { return a.known == b.known && slices.Equal(a.tags, b.tags) }

// maxArrivals is how many different arrivals at one state are followed: two are
// enough for the ambiguity check to see that there is more than one, and a tag
// in a loop has no end of them.
const maxArrivals = 2

func (b *builder) walk(s int, a arrival, seen map[int][]arrival, visit func(int, arrival)) {
	if len(seen[s]) == maxArrivals || slices.ContainsFunc(seen[s], a.equal) {
		return
	}
	seen[s] = append(seen[s], a)
	visit(s, a)
	for _, e := range b.empty[s] {
		next := a
		switch {
		case e.tag == nil:
		case e.tag.Kind == Known:
			next.known = true
		default:
			next.tags = append(slices.Clone(a.tags), *e.tag)
		}
		b.walk(e.to, next, seen, visit)
	}
}
