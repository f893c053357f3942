// Package automaton turns regular expressions over octets into deterministic
// automata. It is the middle stage of the generator: the resolver above it
// builds the expressions, the emitters below it write the automata as Go.
//
// An expression may carry tags: marks without width that say "argument x
// begins here". Construction keeps them on the transitions, so that one pass
// over a line both recognises it and takes it apart.
package automaton

import "math/bits"

// Set is a set of octets.
type Set [4]uint64

// Any holds every octet.
var Any = Set{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}

// Of is the set of the octets of s.
func Of(s ...byte) (t Set) {
	for _, c := range s {
		t[c>>6] |= 1 << (c & 63)
	}
	return t
}

// Range is the set from low to high, both included.
func Range(low, high byte) (t Set) {
	for c := int(low); c <= int(high); c++ {
		t[c>>6] |= 1 << (c & 63)
	}
	return t
}

// Has tells whether c is in s.
func (s Set) Has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

// Union is the set of octets in s or in t.
func (s Set) Union(t Set) Set {
	return Set{s[0] | t[0], s[1] | t[1], s[2] | t[2], s[3] | t[3]}
}

// Minus is the set of octets in s but not in t.
func (s Set) Minus(t Set) Set {
	return Set{s[0] &^ t[0], s[1] &^ t[1], s[2] &^ t[2], s[3] &^ t[3]}
}

// And is the set of octets in both s and t.
func (s Set) And(t Set) Set { return s.Minus(Any.Minus(t)) }

// Empty tells whether no octet is in s.
func (s Set) Empty() bool { return s == Set{} }

// Len is the number of octets in s.
func (s Set) Len() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// Octets lists s in ascending order.
func (s Set) Octets() (out []byte) {
	for c := 0; c < 256; c++ {
		if s.Has(byte(c)) {
			out = append(out, byte(c))
		}
	}
	return out
}

// lowest is the lowest octet of s, which must not be empty.
func (s Set) lowest() byte {
	i := 0
	for s[i] == 0 {
		i++
	}
	return byte(i<<6 + bits.TrailingZeros64(s[i]))
}

// Span is a run of octets, both ends included.
type Span struct{ Low, High byte }

// Spans lists s as its maximal runs in ascending order.
func (s Set) Spans() (out []Span) {
	for _, c := range s.Octets() {
		if n := len(out); n > 0 && int(out[n-1].High)+1 == int(c) {
			out[n-1].High = c
			continue
		}
		out = append(out, Span{c, c})
	}
	return out
}

// Sample is the octet of s that reads best in an example: a letter or digit
// if there is one, then anything printable, then the lowest.
func (s Set) Sample() byte {
	for _, pick := range []Set{Range('a', 'z'), Range('A', 'Z'), Range('0', '9'), Range(' ', '~'), Any} {
		if t := s.And(pick); !t.Empty() {
			return t.lowest()
		}
	}
	panic("automaton: sample of the empty set")
}
