package emit

import (
	"math"
	"slices"
	"strconv"

	"popper/grammar"
	"popper/grammar/automaton"
)

// match writes the automaton of command lines as code: a label for each state,
// a switch for its octets, a goto for each transition. The processor's own
// program counter is the state, so there is no table to look into, and each
// transition is a branch that coverage can see.
func match(c *code, m *grammar.Model) {
	c.p("// match reads one command line from the start of buf into k. Result More: buf")
	c.p("// ends before the line does, and at is how many octets the line may have, by what")
	c.p("// it still can become. On Unknown and Malformed at is the octet where it")
	c.p("// was noticed, which may be the line's last.")
	c.p("func (k *Command) match(buf []byte) (at int, r Result) {")
	c.p("var (")
	c.p("c byte")
	c.p("i int")
	if len(m.Params) > 0 {
		c.p("args Arg")
	}
	for _, a := range m.Params {
		if a.Kind == grammar.Number {
			c.p("%s uint64", lower(a.Name)+"Value")
		} else {
			c.p("%s, %s int", lower(a.Name)+"At", lower(a.Name)+"End")
		}
	}
	c.p(")")
	entered, limit := enteredStates(m.CommandDFA), limits(m)
	for n, s := range m.CommandDFA.States {
		if s.Accept >= 0 {
			continue
		}
		if entered[n] {
			c.p("s%d:", n)
		}
		c.p("if i == len(buf) { return %s, More }", maxName(m, limit[n]))
		c.p("c = buf[i]")
		c.p("i++")
		c.cases(s.Edges, func(e automaton.Edge) {
			for _, t := range e.Tags {
				c.tag(m, t)
			}
			to := m.CommandDFA.States[e.To]
			switch {
			case to.Accept < 0:
				c.p("goto s%d", e.To)
			case to.Accept >= len(m.Commands):
				c.p("return i - 1, Malformed")
			default:
				c.accept(m.Commands[to.Accept])
			}
		})
		if s.Known {
			c.p("return i - 1, Malformed")
		} else {
			c.p("return i - 1, Unknown")
		}
	}
	c.p("}")
}

// enteredStates are those with a transition into them: Go refuses a label that
// nothing jumps to.
func enteredStates(d *automaton.DFA) map[int]bool {
	out := map[int]bool{}
	for _, s := range d.States {
		for _, e := range s.Edges {
			out[e.To] = true
		}
	}
	return out
}

// limits are, for each state, the limit of the longest line that leads through it.
func limits(m *grammar.Model) []int {
	states := m.CommandDFA.States
	limit := make([]int, len(states))
	for n, s := range states {
		limit[n] = m.Command.Limit
		if 0 <= s.Accept && s.Accept < len(m.Commands) {
			limit[n] = m.Commands[s.Accept].Limit
		}
	}
	for changed := true; changed; {
		changed = false
		for n, s := range states {
			for _, e := range s.Edges {
				if limit[e.To] > limit[n] {
					limit[n], changed = limit[e.To], true
				}
			}
		}
	}
	return limit
}

// maxName is how a limit is written.
func maxName(m *grammar.Model, limit int) string {
	if limit == m.Command.Limit {
		return "MaxCommand"
	}
	return strconv.Itoa(limit)
}

// tag writes what a mark on a transition asks for; the octet concerned is buf[i-1].
func (c *code) tag(m *grammar.Model, t automaton.Tag) {
	a := m.Params[slices.IndexFunc(m.Params, func(p grammar.Param) bool { return p.Name == t.Slot })]
	name := lower(t.Slot)
	switch {
	case t.Kind == automaton.Begin && a.Kind == grammar.Number:
		c.p("args |= Arg%s", title(t.Slot))
	case t.Kind == automaton.Begin:
		c.p("args |= Arg%s", title(t.Slot))
		c.p("%sAt = i - 1", name)
	case t.Kind == automaton.Digit:
		c.digit(name+"Value", a.Max)
	case t.Kind == automaton.End && a.Kind == grammar.Number:
		if a.Min > 0 {
			c.p("if %sValue < %d { return i - 1, Malformed }", name, a.Min)
		}
	case t.Kind == automaton.End:
		c.p("%sEnd = i - 1", name)
	}
}

// digit writes v = v*10 + digit, with a check that v stays within max that
// cannot itself wrap.
func (c *code) digit(v string, max uint64) {
	if max <= (math.MaxUint64-9)/10 {
		c.p("if %s = %[1]s*10 + uint64(c-'0'); %[1]s > %d { return i - 1, Malformed }", v, max)
		return
	}
	c.p("if %s > %d || %[1]s == %[2]d && c > %s { return i - 1, Malformed }", v, max/10, automaton.Quote('0'+byte(max%10)))
	c.p("%s = %[1]s*10 + uint64(c-'0')", v)
}

// accept writes what makes k the command: emptied in its place and filled, since a whole
// literal would be built elsewhere and copied.
func (c *code) accept(k *grammar.Command) {
	c.p("*k = Command{}")
	c.p("k.Verb = Verb%s", title(k.Name()))
	if len(k.Params) > 0 {
		c.p("k.Args = args")
	}
	for _, p := range k.Params {
		if p.Kind == grammar.Number {
			c.p("k.%s = %sValue", title(p.Name), lower(p.Name))
		} else {
			c.p("k.%s = buf[%[2]sAt:%[2]sEnd:%[2]sEnd]", title(p.Name), lower(p.Name))
		}
	}
	c.p("return i, Parsed")
}
