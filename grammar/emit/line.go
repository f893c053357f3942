package emit

import (
	"strings"

	"popper/grammar"
	"popper/grammar/automaton"
)

// lines writes the recognisers of lines, in the same shape as match.
func lines(c *code, m *grammar.Model) {
	for _, l := range m.Lines {
		line(c, l)
	}
}

// previous are the names that package parser gives to the places of a line.
var previous = map[string]string{"start": "AtStart", "empty": "AfterEmpty", "text": "AfterText"}

func line(c *code, l *grammar.Line) {
	name := title(l.Name)
	c.p("// Max%s is how many octets a %s line may have, its line end left out.", name, l.Name)
	c.p("const Max%s = %d", name, l.Limit)
	var after []string
	for _, a := range l.After {
		after = append(after, "p == "+previous[a])
	}
	c.p("// %sMayFollow tells whether a %s line may stand behind p.", name, l.Name)
	c.p("func %sMayFollow(p Previous) bool { return %s }", name, strings.Join(after, " || "))
	c.is("Is"+name+" recognises", l.Doc)
	c.p("// The line is given without its line end.")
	c.p("func Is%s(line []byte) bool {", name)
	c.p("if len(line) > Max%s { return false }", name)
	c.p("var c byte")
	c.p("i := 0")
	entered := enteredStates(l.DFA)
	for n, s := range l.DFA.States {
		if entered[n] {
			c.p("s%d:", n)
		}
		c.p("if i == len(line) { return %v }", s.Accept >= 0)
		if len(s.Edges) == 0 {
			c.p("return false")
			continue
		}
		c.p("c = line[i]")
		c.p("i++")
		c.cases(s.Edges, func(e automaton.Edge) { c.p("goto s%d", e.To) })
		c.p("return false")
	}
	c.p("}")
}
