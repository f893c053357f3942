package automaton_test

import (
	"testing"

	"pgregory.net/rapid"

	"popper/grammar/automaton"
)

type bytes map[byte]bool

func (m bytes) set() (s automaton.Set) {
	for c := range m {
		s = s.Union(automaton.Of(c))
	}
	return s
}

func octets() *rapid.Generator[bytes] {
	return rapid.Custom(func(t *rapid.T) bytes {
		m := bytes{}
		for range rapid.IntRange(0, 4).Draw(t, "ranges") {
			low, high := rapid.Byte().Draw(t, "low"), rapid.Byte().Draw(t, "high")
			for c := int(low); c <= int(high); c++ {
				m[byte(c)] = true
			}
		}
		for _, c := range rapid.SliceOf(rapid.Byte()).Draw(t, "octets") {
			m[c] = true
		}
		return m
	})
}

// Sets of octets against maps.
func TestSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, n := octets().Draw(t, "m"), octets().Draw(t, "n")
		a, b := m.set(), n.set()
		for i := range 256 {
			c := byte(i)
			if a.Has(c) != m[c] || a.Union(b).Has(c) != (m[c] || n[c]) || a.And(b).Has(c) != (m[c] && n[c]) ||
				a.Minus(b).Has(c) != (m[c] && !n[c]) {
				t.Fatalf("octet %#x of %v and %v", c, a, b)
			}
		}
		if a.Len() != len(m) || a.Empty() != (len(m) == 0) || a.Minus(a) != (automaton.Set{}) || automaton.Any.Minus(automaton.Any.Minus(a)) != a {
			t.Fatalf("%v", a)
		}
		if len(m) > 0 && !a.Has(a.Sample()) {
			t.Fatalf("sample %#x is not in %v", a.Sample(), a)
		}
	})
}

// Octets and spans list the set, in order; spans do not touch.
func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := octets().Draw(t, "m")
		a := m.set()
		last := -1
		for _, c := range a.Octets() {
			if !m[c] || int(c) <= last {
				t.Fatalf("%v: %v", a, a.Octets())
			}
			last = int(c)
		}
		var again automaton.Set
		end := -2
		for _, s := range a.Spans() {
			if s.Low > s.High || int(s.Low) <= end+1 {
				t.Fatalf("%v: %v", a, a.Spans())
			}
			again, end = again.Union(automaton.Range(s.Low, s.High)), int(s.High)
		}
		if again != a || len(a.Octets()) != len(m) {
			t.Fatalf("%v is not %v", again, a)
		}
	})
}

// A letter is in a caseless text in both cases; what is beside the letters in
// the code is not: @[`{ differ from `{@[ by the same bit.
func TestCaselessText(t *testing.T) {
	for i := range 256 {
		c := byte(i)
		d, err := automaton.Join(automaton.Text(string([]byte{c}), true)).Determinise()
		if err != nil {
			t.Fatal(err)
		}
		for j := range 256 {
			o := byte(j)
			letter := 'a' <= c|0x20 && c|0x20 <= 'z'
			if _, got := d.States[0].Next(o); got != (o == c || letter && o == c^0x20) {
				t.Errorf("%q matches %q: %v", c, o, got)
			}
		}
	}
}
