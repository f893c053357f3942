package emit

import (
	"strings"

	"popper/grammar"
)

// session writes the state table: which verb is valid where, and what follows.
func session(c *code, m *grammar.Model) {
	c.p("// State is a state of the session.")
	c.p("type State uint8")
	c.p("// The states.")
	c.p("const (")
	for i, s := range m.States {
		c.is("State"+title(s.Name), s.Doc)
		if i == 0 {
			c.p("State%s State = iota", title(s.Name))
		} else {
			c.p("State%s", title(s.Name))
		}
	}
	c.p(")")
	final := "false"
	names := ""
	for _, s := range m.States {
		if s.Start {
			c.p("// StartState is where a session begins.")
			c.p("const StartState = State%s", title(s.Name))
		}
		if s.Final {
			final += " || s == State" + title(s.Name)
		}
		names += "case State" + title(s.Name) + ": return \"" + s.Name + "\"\n"
	}
	c.p("// States are all states, in the order of the grammar.")
	c.p("var States = [...]State{")
	for _, s := range m.States {
		c.p("State%s,", title(s.Name))
	}
	c.p("}")
	c.p("// String is the name that the grammar gives to s.")
	c.p("func (s State) String() string { switch s {\n%s}\nreturn \"\" }", names)
	c.p("// Final tells whether the session is over.")
	c.p("func (s State) Final() bool { return %s }", strings.TrimPrefix(final, "false || "))
	allows(c, m)
	next(c, m)
}

func allows(c *code, m *grammar.Model) {
	c.p("// Allows tells whether v is valid in s (R1081-STATE-1).")
	c.p("func (s State) Allows(v Verb) bool {")
	c.p("switch v {")
	for _, k := range m.Commands {
		var in []string
		for _, x := range k.In {
			in = append(in, "s == State"+title(x.State.Name))
		}
		c.p("case Verb%s: return %s", title(k.Name()), strings.Join(in, " || "))
	}
	c.p("}")
	c.p("return false")
	c.p("}")
}

func next(c *code, m *grammar.Model) {
	c.p("// Next is the state that follows s when k was carried out there, with success or")
	c.p("// without. A verb that is not valid in s changes nothing.")
	c.p("func (s State) Next(k *Command, ok bool) State {")
	c.p("switch k.Verb {")
	for _, k := range m.Commands {
		body := ""
		for _, in := range k.In {
			body += follows(in)
		}
		if body != "" {
			c.p("case Verb%s:\nswitch s {\n%s}", title(k.Name()), body)
		}
	}
	c.p("}")
	c.p("return s")
	c.p("}")
}

// follows is the case for one state in which a command is valid.
func follows(in grammar.In) string {
	if in.OK == in.State && in.Failed == in.State {
		return ""
	}
	code := "case State" + title(in.State.Name) + ":\n"
	if in.If != "" {
		code += "if !k.Has(Arg" + title(in.If) + ") { return s }\n"
	}
	if in.OK != in.Failed {
		code += "if ok { return State" + title(in.OK.Name) + " }\n"
	}
	return code + "return State" + title(in.Failed.Name) + "\n"
}
