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
		b.walk(queue[k].state, nil, map[int]int{}, func(s int, tags []Tag) {
			if i, ok := ends[s]; ok && accept < 0 {
				accept = i
			}
			for _, e := range b.octets[s] {
				to := place{e.to, queue[k].known || slices.Contains(tags, Tag{Kind: Known})}
				if _, ok := number[to]; !ok {
					number[to] = len(queue)
					queue = append(queue, to)
				}
				edge := Edge{e.set, without(tags, Known), number[to]}
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

func without(tags []Tag, k Kind) []Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t Tag) bool { return t.Kind == k })
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

// maxVisits is how often one walk passes a state: twice is enough to see that
// there are two ways to it, which the ambiguity check must see.
const maxVisits = 2

func (b *builder) walk(s int, tags []Tag, seen map[int]int, visit func(int, []Tag)) {
	if seen[s] >= maxVisits {
		return
	}
	seen[s]++
	visit(s, tags)
	for _, e := range b.empty[s] {
		next := tags
		if e.tag != nil {
			next = append(slices.Clone(tags), *e.tag)
		}
		b.walk(e.to, next, seen, visit)
	}
}
