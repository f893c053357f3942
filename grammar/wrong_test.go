package grammar_test

import (
	"fmt"
	"slices"

	"popper/fuzz/table"
	"popper/grammar"
)

// What the specifications want of a model, asked of the hand-written tables.
// Each function says where the model differs, or nothing.

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
