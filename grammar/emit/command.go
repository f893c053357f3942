package emit

import (
	"fmt"
	"strings"

	"popper/grammar"
)

// commands writes the types of commands, and how a command is written as a line.
func commands(c *code, m *grammar.Model) {
	c.p("// MaxCommand is how many octets a command line may have, its line end counted.")
	c.p("const MaxCommand = %d", m.Command.Limit)
	verbs(c, m)
	dialects(c, m)
	verbLimits(c, m)
	asks(c, m)
	capabilities(c, m)
	help(c, m)
	args(c, m)
	c.p("// Command is one command line, taken apart. Its texts are parts of the buffer")
	c.p("// that was parsed; Args tells which fields were given.")
	c.p("type Command struct {")
	c.p("Verb Verb")
	c.p("Args Arg")
	for _, a := range m.Params {
		if a.Kind == grammar.Number {
			c.p("%s uint64 // %d..%d", title(a.Name), a.Min, a.Max)
		} else {
			c.p("%s []byte", title(a.Name))
		}
	}
	c.p("}")
	multiline(c, m)
	encoder(c, m)
	dispatcher(c, m)
}

func verbs(c *code, m *grammar.Model) {
	c.p("// Verb is a command, or a sub-command with its command.")
	c.p("type Verb uint8")
	c.p("// The verbs. NoVerb is none of them.")
	c.p("const (")
	c.p("NoVerb Verb = iota")
	for _, k := range m.Commands {
		c.does("Verb"+title(k.Name()), k.Doc)
		c.p("Verb%s", title(k.Name()))
	}
	c.p(")")
	c.p("// Verbs are all verbs, in the order of the grammar.")
	c.p("var Verbs = [...]Verb{")
	for _, k := range m.Commands {
		c.p("Verb%s,", title(k.Name()))
	}
	c.p("}")
	c.p("// String is the words of the verb, as a command line has them.")
	c.p("func (v Verb) String() string {")
	c.p("switch v {")
	for _, k := range m.Commands {
		c.p("case Verb%s: return %q", title(k.Name()), k.Name())
	}
	c.p("}")
	c.p(`return ""`)
	c.p("}")
}

func args(c *code, m *grammar.Model) {
	kind := "uint8"
	if len(m.Params) > 8 {
		kind = "uint32"
	}
	c.p("// Arg is a set of arguments, one bit each.")
	c.p("type Arg %s", kind)
	c.p("// The arguments.")
	c.p("const (")
	for i, a := range m.Params {
		c.is("Arg"+title(a.Name), a.Doc)
		if i == 0 {
			c.p("Arg%s Arg = 1 << iota", title(a.Name))
		} else {
			c.p("Arg%s", title(a.Name))
		}
	}
	c.p(")")
	c.p("// Has tells whether argument a was given.")
	c.p("func (k *Command) Has(a Arg) bool { return k.Args&a != 0 }")
}

// dialects writes of which dialect each verb is.
func dialects(c *code, m *grammar.Model) {
	if len(m.Dialects) == 0 {
		return
	}
	c.p("// Dialect is a set of verbs that a server may be told not to speak.")
	c.p("type Dialect uint8")
	c.p("// The dialects.")
	c.p("const (")
	names, list := "", ""
	for i, d := range m.Dialects {
		c.is("Dialect"+title(d.Name), d.Doc)
		c.p("Dialect%s%s", title(d.Name), map[bool]string{true: " Dialect = iota"}[i == 0])
		list += "Dialect" + title(d.Name) + ",\n"
		names += "case Dialect" + title(d.Name) + ": return \"" + d.Name + "\"\n"
	}
	c.p(")")
	c.p("// Dialects are all dialects, in the order of the grammar.")
	c.p("var Dialects = [...]Dialect{\n%s}", list)
	c.p("// String is the name that the grammar gives to d.")
	c.p("func (d Dialect) String() string { switch d {\n%s}\nreturn \"\" }", names)
	c.p("// Dialect is the one that v belongs to.")
	c.p("func (v Verb) Dialect() Dialect {")
	c.p("switch v {")
	for _, d := range m.Dialects[1:] {
		var verbs []string
		for _, k := range m.Commands {
			if k.Dialect == d {
				verbs = append(verbs, "Verb"+title(k.Name()))
			}
		}
		if len(verbs) > 0 {
			c.p("case %s: return Dialect%s", strings.Join(verbs, ", "), title(d.Name))
		}
	}
	c.p("}")
	c.p("return Dialect%s", title(m.Dialects[0].Name))
	c.p("}")
}

func asks(c *code, m *grammar.Model) {
	asked := func(what grammar.Asked) string {
		terms := "false"
		for _, k := range m.Commands {
			if k.Asks == what {
				terms += " || v == Verb" + title(k.Name())
			}
		}
		return strings.TrimPrefix(terms, "false || ")
	}
	c.p("// AsksContent tells whether a positive reply to v asks the client for content, which")
	c.p("// then gets a reply of its own.")
	c.p("func (v Verb) AsksContent() bool { return %s }", asked(grammar.Content))
	c.p("// AsksLines tells whether v may ask the client for lines, each after one that")
	c.p("// AppendMore writes, before it gets its reply.")
	c.p("func (v Verb) AsksLines() bool { return %s }", asked(grammar.Lines))
}

// verbLimits writes how long the lines of each verb may be.
func verbLimits(c *code, m *grammar.Model) {
	longest := m.Command.Limit
	cases := ""
	for _, k := range m.Commands {
		if k.Limit != m.Command.Limit {
			cases += fmt.Sprintf("case Verb%s: return %d\n", title(k.Name()), k.Limit)
			longest = max(longest, k.Limit)
		}
	}
	c.p("// MaxLine is how many octets a line of any command may have, its line end counted: some")
	c.p("// have a limit of their own (Verb.Limit).")
	c.p("const MaxLine = %d", longest)
	c.p("// Limit is how many octets a line of v may have, its line end counted.")
	c.p("func (v Verb) Limit() int { switch v {\n%s}\nreturn MaxCommand }", cases)
}

// capabilities writes the words by which commands are announced.
func capabilities(c *code, m *grammar.Model) {
	cases := ""
	for _, k := range m.Commands {
		if k.Capability != "" {
			cases += fmt.Sprintf("case Verb%s: return %q\n", title(k.Name()), k.Capability)
		}
	}
	c.p("// Capability is the word by which v is announced, \"\" if it needs no announcement.")
	c.p("func (v Verb) Capability() string { switch v {\n%s}\nreturn \"\" }", cases)
}

// help writes what a person wants to know of each command.
func help(c *code, m *grammar.Model) {
	synopses, docs := "", ""
	for _, k := range m.Commands {
		synopses += fmt.Sprintf("case Verb%s: return %q\n", title(k.Name()), synopsis(k))
		docs += fmt.Sprintf("case Verb%s: return %q\n", title(k.Name()), strings.ReplaceAll(k.Doc, "\n", " "))
	}
	c.p("// Synopsis is how v is written, optional arguments in brackets.")
	c.p("func (v Verb) Synopsis() string { switch v {\n%s}\nreturn \"\" }", synopses)
	c.p("// Doc is what v does, in one sentence or two.")
	c.p("func (v Verb) Doc() string { switch v {\n%s}\nreturn \"\" }", docs)
}

// synopsis is how k is written.
func synopsis(k *grammar.Command) string {
	s, closing := k.Name(), ""
	for _, p := range k.Params {
		if !p.Inner {
			s, closing = s+closing, ""
		}
		if p.Optional {
			s, closing = s+" ["+p.Name, closing+"]"
		} else {
			s += " " + p.Name
		}
	}
	return s + closing
}

func multiline(c *code, m *grammar.Model) {
	c.p("// Multiline tells whether a positive reply to k in state s has more than one line (R1081-LINE-6).")
	c.p("func (k *Command) Multiline(s State) bool {")
	c.p("switch k.Verb {")
	for _, k := range m.Commands {
		when := multilineOf(k.Answers)
		if strings.Contains(when, "true") {
			c.p("case Verb%s:\n%s", title(k.Name()), when)
		}
	}
	c.p("}")
	c.p("return false")
	c.p("}")
}

// multilineOf is what is returned for each of the answers.
func multilineOf(answers []grammar.AnswerShape) (code string) {
	for _, a := range answers {
		var when []string
		if a.If != "" {
			when = append(when, "k.Has(Arg"+title(a.If)+")")
		}
		if a.In != nil {
			when = append(when, "s == State"+title(a.In.Name))
		}
		result := fmt.Sprintf("return %v\n", a.Multiline())
		if len(when) > 0 {
			result = "if " + strings.Join(when, " && ") + " { " + strings.TrimSuffix(result, "\n") + " }\n"
		}
		code += result
	}
	return code
}

func encoder(c *code, m *grammar.Model) {
	gap := string([]byte{m.Command.GapWritten})
	c.p("// AppendCommand writes k as a command line. It is the client's side; fields that")
	c.p("// the verb does not have are left out.")
	c.p("func AppendCommand(dst []byte, k *Command) []byte {")
	c.p("switch k.Verb {")
	for _, k := range m.Commands {
		c.p("case Verb%s:", title(k.Name()))
		c.p("dst = append(dst, %q...)", strings.Join(k.Words, gap))
		open := 0 // brackets
		for _, p := range k.Params {
			if !p.Inner {
				c.p("%s", strings.Repeat("}\n", open))
				open = 0
			}
			if p.Optional {
				c.p("if k.Has(Arg%s) {", title(p.Name))
				open++
			}
			c.p("dst = append(dst, %q)", m.Command.GapWritten)
			if p.Kind == grammar.Number {
				c.p("dst = strconv.AppendUint(dst, k.%s, 10)", title(p.Name))
			} else {
				c.p("dst = append(dst, k.%s...)", title(p.Name))
			}
		}
		c.p("%s", strings.Repeat("}\n", open))
	}
	c.p("}")
	c.p("return append(dst, %q...)", m.Command.End)
	c.p("}")
}

func dispatcher(c *code, m *grammar.Model) {
	c.p("// Handler has a method for each verb. A server that lacks one does not compile.")
	c.p("type Handler[Outcome any] interface {")
	for _, k := range m.Commands {
		c.p("%s(*Command) Outcome", title(k.Name()))
	}
	c.p("}")
	c.p("// Dispatch calls the method of h for k. The zero Outcome is for NoVerb.")
	c.p("func Dispatch[Outcome any](h Handler[Outcome], k *Command) (none Outcome) {")
	c.p("switch k.Verb {")
	for _, k := range m.Commands {
		c.p("case Verb%s: return h.%[1]s(k)", title(k.Name()))
	}
	c.p("}")
	c.p("return none")
	c.p("}")
}
