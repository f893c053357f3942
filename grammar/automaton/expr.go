package automaton

// An Expr is a regular expression over octets.
type Expr interface {
	build(b *builder, from int) (to int)
}

type (
	octet struct{ set Set }
	cat   []Expr
	alt   []Expr
	rep   struct {
		what     Expr
		min, max int
	}
	tag struct{ t Tag }
)

// Unbounded as the max of Repeat means "any number of times".
const Unbounded = -1

// One matches one octet of s.
func One(s Set) Expr { return octet{s} }

// Text matches the octets of s, letters in either case if caseless.
func Text(s string, caseless bool) Expr {
	var seq cat
	for i := 0; i < len(s); i++ {
		set := Of(s[i])
		if lower := s[i] | 0x20; caseless && 'a' <= lower && lower <= 'z' {
			set = Of(lower, lower&^0x20)
		}
		seq = append(seq, One(set))
	}
	return seq
}

// Cat matches one expression after the other.
func Cat(e ...Expr) Expr { return cat(e) }

// Alt matches any one of the expressions.
func Alt(e ...Expr) Expr { return alt(e) }

// Repeat matches e from min to max times.
func Repeat(e Expr, min, max int) Expr { return rep{e, min, max} }

// Mark matches nothing and leaves t on the octet that follows.
func Mark(t Tag) Expr { return tag{t} }

// builder makes a Thompson automaton: states joined by empty edges, which may
// carry a tag, and by octet edges.
type builder struct {
	empty  [][]emptyEdge
	octets [][]octetEdge
}

type emptyEdge struct {
	to  int
	tag *Tag
}

type octetEdge struct {
	set Set
	to  int
}

func (b *builder) state() int {
	b.empty = append(b.empty, nil)
	b.octets = append(b.octets, nil)
	return len(b.empty) - 1
}

func (b *builder) link(from, to int) { b.empty[from] = append(b.empty[from], emptyEdge{to: to}) }

func (e octet) build(b *builder, from int) int {
	to := b.state()
	b.octets[from] = append(b.octets[from], octetEdge{e.set, to})
	return to
}

func (e cat) build(b *builder, from int) int {
	for _, x := range e {
		from = x.build(b, from)
	}
	return from
}

func (e alt) build(b *builder, from int) int {
	to := b.state()
	for _, x := range e {
		in := b.state()
		b.link(from, in)
		b.link(x.build(b, in), to)
	}
	return to
}

func (e rep) build(b *builder, from int) int {
	for i := 0; i < e.min; i++ {
		from = e.what.build(b, from)
	}
	if e.max == Unbounded {
		loop, out := b.state(), b.state()
		b.link(from, loop)
		b.link(loop, out)
		b.link(e.what.build(b, loop), loop)
		return out
	}
	out := b.state()
	for i := e.min; i < e.max; i++ {
		b.link(from, out)
		from = e.what.build(b, from)
	}
	b.link(from, out)
	return out
}

func (e tag) build(b *builder, from int) int {
	to := b.state()
	t := e.t
	b.empty[from] = append(b.empty[from], emptyEdge{to, &t})
	return to
}
