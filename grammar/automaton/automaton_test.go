package automaton_test

import (
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"popper/grammar/automaton"
)

func determinise(t *rapid.T, n *automaton.NFA) *automaton.DFA {
	d, err := n.Determinise()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// run is the expression that accepts s, or -1.
func run(d *automaton.DFA, s string) int {
	state := d.States[0]
	for i := range len(s) {
		e, ok := state.Next(s[i])
		if !ok {
			return -1
		}
		state = d.States[e.To]
	}
	return state.Accept
}

// Go's regexp and the automaton accept the same strings.
func TestAutomatonAgreesWithRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := trees(3).Draw(t, "expression")
		d := determinise(t, automaton.Join(e.expr()))
		re := regexp.MustCompile("^" + e.regexp() + "$")
		every(6, func(s string) {
			if got, want := run(d, s) >= 0, re.MatchString(s); got != want {
				t.Fatalf("%s: %q: got %v, want %v\n%s", re, s, got, want, d)
			}
		})
	})
}

// Two states are apart if some input is accepted from one of them only: what
// determinise gives has no two states that are not apart, and none that cannot
// be reached. So it is the least automaton of its language.
func TestMinimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := determinise(t, automaton.Join(trees(3).Draw(t, "expression").expr()))
		reached := map[int]bool{0: true}
		queue := []int{0}
		for k := 0; k < len(queue); k++ {
			for _, e := range d.States[queue[k]].Edges {
				if !reached[e.To] {
					reached[e.To] = true
					queue = append(queue, e.To)
				}
			}
		}
		if len(reached) != len(d.States) {
			t.Fatalf("%d of %d states can be reached\n%s", len(reached), len(d.States), d)
		}
		apart := distinguish(d)
		for p := range d.States {
			for q := range p {
				if !apart[[2]int{p, q}] {
					t.Fatalf("states %d and %d are alike\n%s", q, p, d)
				}
			}
		}
	})
}

// distinguish fills the table of pairs of states that are apart, until nothing
// changes. An edge that is missing leads to a dead state, numbered -1.
func distinguish(d *automaton.DFA) map[[2]int]bool {
	accept := func(p int) int {
		if p < 0 {
			return -1
		}
		return d.States[p].Accept
	}
	next := func(p int, c byte) int {
		if p >= 0 {
			if e, ok := d.States[p].Next(c); ok {
				return e.To
			}
		}
		return -1
	}
	apart := map[[2]int]bool{}
	for changed := true; changed; {
		changed = false
		for p := -1; p < len(d.States); p++ {
			for q := -1; q < len(d.States); q++ {
				differ := accept(p) != accept(q)
				for _, c := range []byte(letters) {
					differ = differ || apart[[2]int{next(p, c), next(q, c)}]
				}
				if differ && !apart[[2]int{p, q}] {
					apart[[2]int{p, q}], changed = true, true
				}
			}
		}
	}
	return apart
}

// The ambiguity check against counting every way to match: an input that it
// shows has two readings, no shorter one has, and if it shows none, there is none.
func TestAmbiguityAgreesWithCounting(t *testing.T) {
	const longest = 5
	found := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		e := trees(2).Draw(t, "expression")
		input, _, _, yes := automaton.Join(e.expr()).Ambiguous()
		found[yes]++
		if yes && e.count(string(input)) < 2 {
			t.Fatalf("%s: %q has %d readings", e.regexp(), input, e.count(string(input)))
		}
		limit := longest
		if yes {
			limit = min(longest, len(input)-1)
		}
		every(limit, func(s string) {
			if n := e.count(s); s != "" && n > 1 {
				t.Fatalf("%s: %q has %d readings; said was %v %q", e.regexp(), s, n, yes, input)
			}
		})
	})
	if found[true] == 0 || found[false] == 0 {
		t.Errorf("the expressions drawn were one-sided: %v", found)
	}
}

// Two expressions joined: an input that both match has two readings, and they
// name the two.
func TestAmbiguityOfTwo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, f := trees(2).Draw(t, "one"), trees(2).Draw(t, "other")
		input, a, b, yes := automaton.Join(e.expr(), f.expr()).Ambiguous()
		if yes {
			n := [2]int{e.count(string(input)), f.count(string(input))}
			if a.Expr == b.Expr && n[a.Expr] < 2 || n[a.Expr] == 0 || n[b.Expr] == 0 {
				t.Fatalf("%q has %v readings, not %d and %d", input, n, a.Expr, b.Expr)
			}
			return
		}
		every(5, func(s string) {
			if n := e.count(s) + f.count(s); s != "" && n > 1 {
				t.Fatalf("%q has %d readings", s, n)
			}
		})
	})
}

// The shortest of inputs has its arguments shown as each reading takes them.
func TestReadingsShowArguments(t *testing.T) {
	word := func(slot, octets string) automaton.Expr {
		return automaton.Cat(
			automaton.Mark(automaton.Tag{Kind: automaton.Begin, Slot: slot}),
			automaton.Repeat(automaton.One(automaton.Of([]byte(octets)...)), 1, automaton.Unbounded),
			automaton.Mark(automaton.Tag{Kind: automaton.End, Slot: slot}))
	}
	n := automaton.Join(automaton.Cat(word("x", "a"), word("y", "ab"), automaton.Text(".", false)))
	input, a, b, yes := n.Ambiguous()
	if !yes || string(input) != "aaa." {
		t.Fatalf("%q %v", input, yes)
	}
	got := []string{string(a.Args["x"]) + " " + string(a.Args["y"]), string(b.Args["x"]) + " " + string(b.Args["y"])}
	slices.Sort(got)
	if !slices.Equal(got, []string{"a aa", "aa a"}) {
		t.Errorf("%q", got)
	}
	if _, err := n.Determinise(); err == nil {
		t.Error("it was made deterministic all the same")
	}
}

// One octet with two ways to it, which differ in tags only, is ambiguous; with
// two ways that do not differ it is not. A third way is seen behind two that do
// not differ, and a tag in a loop is no endless loop.
func TestWaysThatDifferInTags(t *testing.T) {
	tag := automaton.Mark(automaton.Tag{Kind: automaton.Begin, Slot: "x"})
	nothing := automaton.Cat()
	for name, c := range map[string]struct {
		before automaton.Expr
		want   bool
	}{
		"perhaps a tag":      {automaton.Repeat(tag, 0, 1), true},
		"nothing twice":      {automaton.Alt(nothing, nothing), false},
		"a tag twice":        {automaton.Alt(tag, tag), false},
		"a third way":        {automaton.Alt(nothing, nothing, tag), true},
		"a tag in a loop":    {automaton.Repeat(tag, 0, automaton.Unbounded), true},
		"nothing in a loop":  {automaton.Repeat(nothing, 0, automaton.Unbounded), false},
		"perhaps known":      {automaton.Repeat(automaton.Mark(automaton.Tag{Kind: automaton.Known}), 0, 1), true},
		"known for ever":     {automaton.Repeat(automaton.Mark(automaton.Tag{Kind: automaton.Known}), 1, automaton.Unbounded), false},
		"known, then a tag":  {automaton.Cat(automaton.Mark(automaton.Tag{Kind: automaton.Known}), automaton.Repeat(tag, 0, 1)), true},
		"known twice, a tag": {automaton.Repeat(automaton.Alt(automaton.Mark(automaton.Tag{Kind: automaton.Known}), tag), 2, 2), true},
	} {
		input, _, _, got := automaton.Join(automaton.Cat(c.before, automaton.Text("a", false))).Ambiguous()
		if got != c.want || got && string(input) != "a" {
			t.Errorf("%s: %v %q", name, got, input)
		}
	}
}

func TestBegins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := trees(2).Draw(t, "expression")
		n := automaton.Join(e.expr())
		begins := map[string]bool{}
		every(6, func(s string) {
			if e.count(s) > 0 {
				for i := range len(s) + 1 {
					begins[s[:i]] = true
				}
			}
		})
		every(6, func(s string) {
			if begins[s] && !n.Begins([]byte(s)) {
				t.Fatalf("%s: no for %q", e.regexp(), s)
			}
		})
		if n.Begins([]byte("d")) {
			t.Fatalf("%s: yes for d", e.regexp())
		}
	})
}
