package grammar_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"popper/fuzz/table"
	"popper/grammar"
)

// The mutation test asks whether the hand-written tables would notice a slip in
// the grammar: each mutant of the real files must be refused by the resolver, or
// mean something that the tables contradict. So it is a test of the tables, and
// of the resolver, by the grammar.

// same names the mutants that mean what the original means, each with the reason.
var same = map[string]string{}

// A part is some of the declarations, checked for themselves: that is quicker,
// and nothing is lost, since no table speaks of two parts at once.
type part struct {
	files []*grammar.File
	wrong func(*grammar.Model) string
}

func parse(t *testing.T, path string) *grammar.File {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := grammar.Parse(path, text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func only(f *grammar.File, is func(*grammar.Decl) bool) *grammar.File {
	g := *f
	g.Decls = slices.DeleteFunc(slices.Clone(f.Decls), func(d *grammar.Decl) bool { return !is(d) })
	return &g
}

func names[T any](decls []*grammar.Decl, get func(*grammar.Decl) *T, name func(*T) string) (out []string) {
	for _, d := range decls {
		if x := get(d); x != nil {
			out = append(out, name(x))
		}
	}
	return out
}

func TestMutantsAreNoticed(t *testing.T) {
	ascii, pop3, mbox := parse(t, "ascii.popper"), parse(t, "pop3.popper"), parse(t, "mbox.popper")
	rewrites := func(d *grammar.Decl) bool { return d.Transducer != nil || d.Law != nil }
	commands := part{[]*grammar.File{ascii, pop3}, wrongCommands}
	separator := part{[]*grammar.File{ascii, only(mbox, func(d *grammar.Decl) bool { return !rewrites(d) })}, wrongSeparator}
	transducers := part{[]*grammar.File{only(mbox, rewrites)}, wrongTransducer}
	for _, p := range []part{commands, separator, transducers} {
		if noticed, how := p.notices(); noticed {
			t.Fatal(how)
		}
	}

	killed, refused, spared := 0, 0, map[string]bool{}
	try := func(m mutant, parts ...part) {
		undo := m.apply()
		defer undo()
		for _, p := range parts {
			if noticed, how := p.notices(); noticed {
				killed++
				if how == "" {
					refused++
				}
				return
			}
		}
		if spared[m.name] = true; same[m.name] == "" {
			t.Errorf("nothing notices: %s", m.name)
		}
	}
	for _, m := range mutantsOf(ascii, pop3.Decls) {
		try(m, commands, separator)
	}
	for _, m := range mutantsOf(pop3, pop3.Decls) {
		try(m, commands)
	}
	for _, m := range mutantsOf(separator.files[1], nil) {
		try(m, separator)
	}
	for _, m := range mutantsOf(transducers.files[0], nil) {
		try(m, transducers)
	}
	for name := range same {
		if !spared[name] {
			t.Errorf("said to mean the same, but it was noticed, or is no mutant: %s", name)
		}
	}
	t.Logf("%d mutants: %d refused by the resolver, %d contradicted by the tables, %d that mean the same",
		killed+len(spared), refused, killed-refused, len(spared))
}

// notices resolves p as it now is; how is "" if the resolver refused it.
func (p part) notices() (noticed bool, how string) {
	m, err := grammar.Resolve(p.files...)
	if err != nil {
		return true, ""
	}
	how = p.wrong(m)
	return how != "", how
}

func mutantsOf(f *grammar.File, all []*grammar.Decl) (ms mutants) {
	states := names(all, func(d *grammar.Decl) *grammar.StateDecl { return d.State }, func(s *grammar.StateDecl) string { return s.Name })
	arguments := names(all, func(d *grammar.Decl) *grammar.ArgumentDecl { return d.Argument }, func(a *grammar.ArgumentDecl) string { return a.Name })
	replies := names(all, func(d *grammar.Decl) *grammar.ReplyDecl { return d.Reply }, func(r *grammar.ReplyDecl) string { return r.Name })
	for _, d := range f.Decls {
		switch {
		case d.Class != nil:
			ms.class(d.Class)
		case d.Rule != nil:
			ms.expr(d.Rule.Expr)
		case d.Frame != nil:
			ms.frame(d.Frame)
		case d.Argument != nil:
			ms.argument(d.Argument)
		case d.State != nil:
			ms.state(d.State)
		case d.Reply != nil:
			ms.reply(d.Reply)
		case d.Command != nil:
			ms.command(d.Command, states, arguments, replies)
		case d.Line != nil:
			ms.line(d.Line)
		case d.Transducer != nil:
			ms.transducer(d.Transducer)
		}
	}
	return ms
}

// wrongCommands says where m differs from what the RFCs say of commands,
// states and replies.
func wrongCommands(m *grammar.Model) string {
	for _, check := range []func(*grammar.Model) string{wrongLine, wrongState, wrongReply} {
		if how := check(m); how != "" {
			return how
		}
	}
	return ""
}

func wrongLine(m *grammar.Model) string {
	for _, c := range table.Lines {
		if got := interpretLines(m, []byte(c.In)); !slices.Equal(got, c.Want) {
			return fmt.Sprintf("%s: %q", c.Name, got)
		}
	}
	if m.Command.End != "\r\n" || m.Command.GapWritten != ' ' { // what a client writes: R1081-LINE-1
		return "a client would write other lines"
	}
	return ""
}

func wrongState(m *grammar.Model) string {
	var states []string
	steps := map[table.Step]bool{}
	for i, s := range m.States {
		states = append(states, s.Name)
		ends := !slices.ContainsFunc(table.Steps, func(x table.Step) bool { return x.From == s.Name })
		if s.Start != (i == 0) || s.Final != ends {
			return "start or end: " + s.Name
		}
	}
	for _, c := range m.Commands {
		for _, in := range c.In {
			steps[table.Step{From: in.State.Name, Verb: c.Name(), OK: true, To: in.OK.Name}] = true
			steps[table.Step{From: in.State.Name, Verb: c.Name(), OK: false, To: in.Failed.Name}] = true
		}
	}
	for _, s := range table.Steps {
		if !steps[s] {
			return fmt.Sprintf("no step %v", s)
		}
	}
	if !slices.Equal(states, table.AllStates) || len(steps) != len(table.Steps) {
		return "states or steps that should not be"
	}
	return ""
}

// answers are the shapes of positive replies, by hand from the RFCs: n a
// number, t a text, * a list, … content; for LIST and UIDL first the answer
// when a message is named.
var answers = map[string]string{
	"USER": "", "PASS": "", "RPOP": "", "QUIT": "", "DELE": "", "NOOP": "", "RSET": "",
	"LAST": "",              // a number, in free text
	"STAT": "n n",           // R1081-STAT-1
	"LIST": "n n if, * n n", // R1081-LIST-1
	"UIDL": "n t if, * n t", // R1939-UIDL-1
	"RETR": "…",             // R1081-RETR-1
	"TOP":  "…",             // R1081-TOP-1
}

func wrongReply(m *grammar.Model) string {
	if f := m.Reply; f.Limit != 512 || f.End != "\r\n" || f.OK != "+OK" || f.Err != "-ERR" || f.Close != "." { // R2449-LINE-8, R1081-LINE-3, R1081-LINE-5
		return "frame of replies"
	}
	for _, c := range m.Commands {
		got := ""
		for i, a := range c.Answers {
			got += map[bool]string{true: ", "}[i > 0] + answer(a)
		}
		if want, ok := answers[c.Name()]; !ok || got != want {
			return fmt.Sprintf("%s is answered by %q", c.Name(), got)
		}
	}
	return ""
}

func answer(a grammar.AnswerShape) (s string) {
	if a.Content {
		return "…"
	}
	if a.List {
		s = "* "
	}
	if a.Shape != nil {
		for i, f := range a.Shape.Fields {
			s += map[bool]string{true: " "}[i > 0] + map[bool]string{true: "n", false: "t"}[f.Number]
		}
	}
	if a.If != "" {
		s += " if"
	}
	return s
}

func wrongSeparator(m *grammar.Model) string {
	l := m.Lines[0]
	if l.Name != "separator" || !slices.Equal(l.After, []string{"start", "empty"}) { // MBOX-1
		return "place of the separator"
	}
	for _, s := range table.Separators {
		if accepts(l, []byte(s.Line)) != s.OK {
			return s.Why
		}
	}
	return ""
}
