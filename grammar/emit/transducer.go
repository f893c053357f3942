package emit

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"popper/grammar"
	"popper/grammar/automaton"
)

// transducers writes each transducer as code, a label for each state. A state
// that copies an octet and stays is a run: its end is searched for with the
// fastest search that fits the octets that end it, and the run is copied whole.
// A copying row that leads into the run of another state jumps there without
// taking its octet, so that the run copies it too.
//
// One octet more may belong to a run: see detour.
func transducers(c *code, m *grammar.Model) {
	for _, t := range m.Transducers {
		transducer(c, t)
	}
}

func transducer(c *code, t *grammar.Transducer) {
	name := agent(t.Name)
	c.does(name, t.Doc)
	c.p("// The zero value is ready; input may come in any pieces.")
	c.p("type %s struct { state uint8 }", name)
	if t.Stops {
		c.p("// Append appends to dst what src becomes. n is how many octets of src were taken:")
		c.p("// all of them, unless done, which says that the end was found.")
		c.p("func (t *%s) Append(dst, src []byte) (out []byte, n int, done bool) {", name)
	} else {
		c.p("// Append appends to dst what src becomes.")
		c.p("func (t *%s) Append(dst, src []byte) []byte {", name)
	}
	entry := &code{}
	entry.p("switch t.state {")
	for n := range t.States[1:] {
		entry.p("case %d: goto %s", n+1, label(t, n+1))
	}
	entry.p("}")
	body := entry.String()
	var states []string
	for n := range t.States {
		state := &code{}
		state.transState(t, n)
		states = append(states, state.String())
		body += state.String()
	}
	if strings.Contains(body, "c = src[i]") {
		c.p("var c byte")
	}
	c.p("i := 0")
	c.WriteString(entry.String())
	for n, state := range states {
		if strings.Contains(body, "goto "+label(t, n)+"\n") { // Go refuses a label that nothing jumps to
			c.p("%s:", label(t, n))
		}
		c.WriteString(state)
	}
	c.p("}")
	c.transEnd(t, name)
}

func label(t *grammar.Transducer, n int) string { return lower("in_" + t.States[n].Name) }

func (c *code) transState(t *grammar.Transducer, n int) {
	run := runOf(t, n)
	switch {
	case run == automaton.Any:
		c.p("t.state = %d", n)
		c.p("dst = append(dst, src[i:]...)")
		c.p("%s", leave(t, "len(src)", false))
		return
	case run.Empty():
		c.p("if i == len(src) { t.state = %d; %s }", n, leave(t, "len(src)", false))
	default:
		run = c.run(t, n, run)
	}
	var edges []automaton.Edge
	steps := map[int]grammar.TransStep{}
	var rest *grammar.TransStep
	for k, row := range t.States[n].Rows {
		set := row.Set.Minus(run)
		if set.Empty() {
			continue
		}
		if set.Len() > 128 {
			rest = &t.States[n].Rows[k]
			continue
		}
		edges = append(edges, automaton.Edge{Set: set, To: k})
		steps[k] = row
	}
	if rest == nil { // only octets that end the run come here: the last row needs no test
		last := edges[len(edges)-1]
		edges = edges[:len(edges)-1]
		row := steps[last.To]
		rest = &row
	}
	if len(edges) > 0 || rest.Copy {
		c.p("c = src[i]")
	}
	if len(edges) > 0 {
		c.cases(edges, func(e automaton.Edge) { c.transStep(t, steps[e.To], e.Set) })
	}
	c.transStep(t, *rest, rest.Set.Minus(run))
}

// runOf is the set of octets that state n copies, staying where it is. A single
// octet is no run: nothing is gained by searching for the end of it. Nor is one
// that may end with two octets or more, if some of them are not ASCII: the
// library's search for them would look for characters.
func runOf(t *grammar.Transducer, n int) (s automaton.Set) {
	for _, row := range t.States[n].Rows {
		if row.Copy && row.Before+row.After == "" && row.Next == n && !row.Stop {
			s = s.Union(row.Set)
		}
	}
	ends := automaton.Any.Minus(s)
	if s.Len() < 2 || ends.Len() > 1 && !ends.Minus(automaton.Range(0, utf8.RuneSelf-1)).Empty() {
		return automaton.Set{}
	}
	return s
}

// detour finds an octet x that state n copies on its way to a state b which does
// on every octet what n does, but on some that end the run of n anyway. Then the
// run may pass over x without stopping: whether the automaton is in n or in b
// shows in the last octet of the run. It is how a CR in text costs nothing: only
// before an LF does it matter.
func detour(t *grammar.Transducer, n int, run automaton.Set) (x byte, b int, ok bool) {
	for _, row := range t.States[n].Rows {
		pure := row.Copy && row.Before+row.After == "" && !row.Stop && row.Next != n
		if !pure || row.Set.Len() != 1 {
			continue
		}
		same := true
		for _, o := range run.Union(row.Set).Octets() {
			p, q := rowFor(t, n, o), rowFor(t, row.Next, o)
			p.Set, q.Set = automaton.Set{}, automaton.Set{}
			same = same && p == q
		}
		if same && run.Len() < 255 { // something must be left to end the run
			return row.Set.Octets()[0], row.Next, true
		}
	}
	return 0, 0, false
}

func rowFor(t *grammar.Transducer, n int, o byte) grammar.TransStep {
	rows := t.States[n].Rows
	return rows[slices.IndexFunc(rows, func(r grammar.TransStep) bool { return r.Set.Has(o) })]
}

// run writes the search for the end of a run, and returns the octets that no
// row behind it needs to look for any more.
func (c *code) run(t *grammar.Transducer, n int, run automaton.Set) automaton.Set {
	x, b, ok := detour(t, n, run)
	if ok {
		run = run.Union(automaton.Of(x))
	}
	switch ends := automaton.Any.Minus(run).Octets(); len(ends) {
	case 1:
		c.p("if k := bytes.IndexByte(src[i:], %s); k >= 0 {", automaton.Quote(ends[0]))
	default:
		c.p("if k := bytes.IndexAny(src[i:], %q); k >= 0 {", ends)
	}
	c.p("dst = append(dst, src[i:i+k]...)")
	c.p("i += k")
	if ok {
		c.p("if k > 0 && src[i-1] == %s { goto %s }", automaton.Quote(x), label(t, b))
	}
	c.p("} else {")
	c.p("dst = append(dst, src[i:]...)")
	c.p("t.state = %d", n)
	if ok {
		c.p("if i < len(src) && src[len(src)-1] == %s { t.state = %d }", automaton.Quote(x), b)
	}
	c.p("%s", leave(t, "len(src)", false))
	c.p("}")
	return run
}

func leave(t *grammar.Transducer, n string, done bool) string {
	switch {
	case !t.Stops:
		return "return dst"
	case done:
		return "return dst, " + n + ", true"
	}
	return "return dst, " + n + ", false"
}

func (c *code) transStep(t *grammar.Transducer, s grammar.TransStep, set automaton.Set) {
	if s.Copy && s.Before+s.After == "" && !s.Stop && set.Minus(runOf(t, s.Next)).Empty() {
		c.p("goto %s", label(t, s.Next))
		return
	}
	switch {
	case s.Copy && s.Before+s.After == "":
		c.p("dst = append(dst, c)")
	case s.Copy:
		if s.Before != "" {
			c.p("dst = append(dst, %q...)", s.Before)
		}
		c.p("dst = append(dst, c)")
		if s.After != "" {
			c.p("dst = append(dst, %q...)", s.After)
		}
	case s.Before != "":
		c.p("dst = append(dst, %q...)", s.Before)
	}
	c.p("i++")
	if s.Stop {
		c.p("t.state = 0")
		c.p("%s", leave(t, "i", true))
		return
	}
	c.p("goto %s", label(t, s.Next))
}

func (c *code) transEnd(t *grammar.Transducer, name string) {
	ends := ""
	for n, s := range t.States {
		if s.End != "" {
			ends += "case " + strconv.Itoa(n) + ": dst = append(dst, " + quote(s.End) + "...)\n"
		}
	}
	if ends == "" {
		return
	}
	c.p("// End appends what is still due when the input has ended, and makes t ready for another.")
	c.p("func (t *%s) End(dst []byte) []byte {", name)
	c.p("switch t.state {\n%s}", ends)
	c.p("t.state = 0")
	c.p("return dst")
	c.p("}")
}
