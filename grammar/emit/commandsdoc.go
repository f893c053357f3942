package emit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"popper/grammar"
)

// commandsDoc writes the page on the commands, for people: by dialects, which can be
// switched off, with the states in which each is valid.
func commandsDoc(m *grammar.Model) []byte {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("<!-- %s -->\n", header(m))
	p("# Commands\n")
	p("A line has at most %d octets with its end, a reply's first line %d. Arguments in brackets may be", m.Command.Limit, m.Reply.Limit)
	p("missing. A command leads to another state where that is said, and else the session stays where it is.\n")
	if len(m.States) > 0 {
		p("| State | |\n|---|---|")
		for _, s := range m.States {
			p("| `%s` | %s |", s.Name, cell(s.Doc))
		}
		p("")
	}
	for _, d := range append([]*grammar.Dialect{nil}, m.Dialects...) { // nil: those of no dialect
		spoken := slices.DeleteFunc(slices.Clone(m.Commands), func(k *grammar.Command) bool { return k.Dialect != d })
		if d != nil {
			p("## %s\n\n%s\n", d.Name, strings.ReplaceAll(d.Doc, "\n", " "))
		}
		if len(spoken) == 0 {
			continue
		}
		p("| Command | Valid in | Leads to | CAPA | |\n|---|---|---|---|---|")
		for _, k := range spoken {
			states, follows := steps(k)
			p("| `%s` | %s | %s | %s | %s |", synopsis(k), states, follows, k.Capability, cell(k.Doc+besides(m, k)))
		}
		p("")
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// cell is a text on one line of a table.
func cell(text string) string {
	return strings.NewReplacer("\n", " ", "|", `\|`).Replace(text)
}

// besides is what else is worth knowing of k.
func besides(m *grammar.Model, k *grammar.Command) (s string) {
	if k.Asks == grammar.Lines {
		s += " The client may be asked for lines."
	}
	if k.Limit != m.Command.Limit {
		s += fmt.Sprintf(" Its line may have %d octets.", k.Limit)
	}
	return s
}

// steps are the states in which k is valid, and what follows there: states of which the
// same is to be said stand together.
func steps(k *grammar.Command) (states, follows string) {
	var said []string // in the order of their first use
	in := map[string][]string{}
	for _, i := range k.In {
		s := consequence(i)
		if in[s] == nil {
			said = append(said, s)
		}
		in[s] = append(in[s], "`"+i.State.Name+"`")
	}
	var left []string
	for i, s := range said {
		left = append(left, strings.Join(in[s], ", "))
		if s == "" && len(said) > 1 {
			said[i] = "the same"
		}
	}
	return strings.Join(left, "<br>"), strings.Join(said, "<br>")
}

// consequence is the state that follows, or "" if the session stays.
func consequence(i grammar.In) (s string) {
	switch {
	case i.OK == i.Failed && i.OK == i.State:
		return ""
	case i.OK == i.Failed:
		s = "`" + i.OK.Name + "`"
	case i.Failed == i.State:
		s = "`" + i.OK.Name + "` on success"
	case i.OK == i.State:
		s = "`" + i.Failed.Name + "` on failure"
	default:
		s = "`" + i.OK.Name + "` on success, `" + i.Failed.Name + "` on failure"
	}
	if i.If != "" {
		s += ", if " + i.If + " is given"
	}
	return s
}
