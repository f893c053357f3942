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
// states and replies. Lines come last: reading them takes longest.
func wrongCommands(m *grammar.Model) string {
	for _, check := range []func(*grammar.Model) string{wrongState, wrongReply, wrongVerb, wrongLine} {
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
			with := stepsOf(c, in)
			for _, s := range with {
				steps[s] = true
			}
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

// stepsOf are the transitions of c from one state; where what follows depends on an
// argument, those with it and those without.
func stepsOf(c *grammar.Command, in grammar.In) []table.Step {
	decides := in.If
	for _, other := range c.In { // as the table has it: told apart in all states or in none
		decides = max(decides, other.If)
	}
	s := table.Step{From: in.State.Name, Verb: c.Name(), OK: true, To: in.OK.Name, With: decides}
	f := table.Step{From: in.State.Name, Verb: c.Name(), OK: false, To: in.Failed.Name, With: decides}
	steps := []table.Step{s, f}
	if decides == "" {
		return steps
	}
	if in.If != "" {
		s.To, f.To = in.State.Name, in.State.Name
	}
	s.With, f.With = "", ""
	return append(steps, s, f)
}

// wrongVerb says where a command is of another dialect than it should be, has another
// limit or capability, or asks for something else.
func wrongVerb(m *grammar.Model) string {
	for _, c := range m.Commands {
		dialect, limit, asks := table.Dialects[c.Name()], table.Limits[c.Name()], grammar.Nothing
		if dialect == "" {
			dialect = "rfc1081"
		}
		if limit == 0 {
			limit = 255 // R2449-LINE-8
		}
		switch {
		case slices.Contains(table.Asking, c.Name()):
			asks = grammar.Content
		case slices.Contains(table.AskingLines, c.Name()):
			asks = grammar.Lines
		}
		if c.Dialect == nil || c.Dialect.Name != dialect || c.Asks != asks || c.Limit != limit || c.Capability != table.Capabilities[c.Name()] {
			return c.Name() + " is of another dialect, limit or capability, or asks"
		}
	}
	return ""
}

// answers are the shapes of positive replies, by hand from the RFCs: "line" is free text,
// n a number, t a text, * a list, … content. Where it depends on the arguments, first
// comes the answer for when one is given ("if"), or in one state only ("in").
var answers = map[string]string{
	"USER": "line", "PASS": "line", "RPOP": "line", "QUIT": "line", "DELE": "line", "NOOP": "line", "RSET": "line",
	"LAST": "line",                                                               // a number, in free text
	"STAT": "n n",                                                                // R1081-STAT-1
	"LIST": "n n n if message in group, * n n n in group, n n if message, * n n", // R1082-BB-3, R1081-LIST-1
	"UIDL": "n t if message, * n t",                                              // R1939-UIDL-1
	"RETR": "…",                                                                  // R1081-RETR-1
	"TOP":  "…",                                                                  // R1081-TOP-1
	"APOP": "line",                                                               // R1939-APOP-1

	"XTND BBOARDS":   "* t n", // R1082-BB-1
	"XTND ARCHIVE":   "* t n", // R1082-AR-1
	"XTND X-BBOARDS": "…",     // R1082-XB-1
	"XTND XMIT":      "line",  // BERK-XMIT-1
	"XTND XLST":      "…",     // BERK-XLST-1: header lines as they stand

	"CAPA": "* t",                    // R2449-CAPA-1
	"STLS": "line",                   // R2595-STLS-1
	"AUTH": "line if mechanism, * t", // R5034-AUTH-1
	"UTF8": "line",                   // R6856-UTF8-1
	"LANG": "t t if tag, * t t",      // R6856-UTF8-1
	"HELP": "* t",                    // a line for each command
}

func wrongReply(m *grammar.Model) string {
	if f := m.Reply; f.Limit != 512 || f.End != "\r\n" || f.OK != "+OK" || f.Err != "-ERR" || f.Close != "." || f.More != "+" { // R2449-LINE-8, R1081-LINE-3, R1081-LINE-5, R5034-AUTH-1
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

// when tells in which case a is given.
func when(a grammar.AnswerShape) (s string) {
	if a.If != "" {
		s = " if " + a.If
	}
	if a.In != nil {
		s += " in " + a.In.Name
	}
	return s
}

func answer(a grammar.AnswerShape) (s string) {
	if a.Content {
		return "…" + when(a)
	}
	if a.List {
		s = "* "
	}
	if a.Shape == nil {
		return s + "line" + when(a)
	}
	for i, f := range a.Shape.Fields {
		s += map[bool]string{true: " "}[i > 0] + map[bool]string{true: "n", false: "t"}[f.Number]
	}
	return s + when(a)
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
