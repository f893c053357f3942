package grammar_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"popper/fuzz/table"
	"popper/grammar"
	"popper/grammar/automaton"
)

// An interpreter of models: what the generated parser does, done from the model
// without generating anything. With it the tests can ask what a grammar means
// that was changed a moment ago. It holds whole lines, counts with whole
// numbers and looks for no speed.

// interpretLines gives a verdict on each complete line of in, in the words of
// table.Case.
func interpretLines(m *grammar.Model, in []byte) (verdicts []string) {
	lines := bytes.SplitAfter(in, []byte("\n"))
	for _, l := range lines[:len(lines)-1] {
		verdict, most := interpretLine(m, l)
		if len(l) > most {
			verdict = "toolong"
		}
		verdicts = append(verdicts, verdict)
	}
	return verdicts
}

// interpretLine walks over line, which ends with its only LF. It tells too how many
// octets a line with this verdict may have.
func interpretLine(m *grammar.Model, line []byte) (verdict string, most int) {
	args := map[string][]byte{}
	state, open := m.CommandDFA.States[0], ""
	for _, c := range line {
		e, ok := state.Next(c)
		if !ok {
			return bad(state), m.Command.Limit
		}
		for _, t := range e.Tags {
			switch t.Kind {
			case automaton.Begin:
				open = t.Slot
			case automaton.End:
				open = ""
			}
		}
		if open != "" {
			args[open] = append(args[open], c)
		}
		state = m.CommandDFA.States[e.To]
	}
	switch {
	case state.Accept < 0:
		return bad(state), m.Command.Limit
	case state.Accept >= len(m.Commands):
		return "malformed", m.Command.Limit
	}
	c := m.Commands[state.Accept]
	verdict, ok := render(c, args)
	if !ok {
		return "malformed", m.Command.Limit
	}
	return verdict, c.Limit
}

func bad(s automaton.State) string {
	if s.Known {
		return "malformed"
	}
	return "unknown"
}

// render writes c with its arguments. It is not ok if a number is out of its range.
func render(c *grammar.Command, args map[string][]byte) (s string, ok bool) {
	s = c.Name()
	for _, p := range c.Params {
		v, given := args[p.Name]
		switch {
		case !given:
		case p.Kind == grammar.Number:
			n, err := strconv.ParseUint(string(v), 10, 64)
			if err != nil || n < p.Min || n > p.Max {
				return "", false
			}
			s += fmt.Sprintf(" %s=%d", p.Name, n)
		default:
			s += fmt.Sprintf(" %s=%q", p.Name, v)
		}
	}
	return s, true
}

// accepts tells whether line, without its line end, is a line of l.
func accepts(l *grammar.Line, line []byte) bool {
	state := l.DFA.States[0]
	for _, c := range line {
		e, ok := state.Next(c)
		if !ok {
			return false
		}
		state = l.DFA.States[e.To]
	}
	return state.Accept >= 0 && len(line) <= l.Limit
}

func load(t *testing.T, paths ...string) *grammar.Model {
	t.Helper()
	m, err := grammar.Load(paths...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The interpreter is trusted by what follows, so it has to know the tables.
func TestInterpreterKnowsTheTables(t *testing.T) {
	m := load(t, "ascii.popper", "pop3.popper", "rfc1939.popper", "xtnd.popper", "extensions.popper", "mbox.popper")
	for _, c := range table.Lines {
		if got := interpretLines(m, []byte(c.In)); !slices.Equal(got, c.Want) {
			t.Errorf("%s (%s): %.80q\n got %q\nwant %q", c.Name, c.Rule, c.In, got, c.Want)
		}
	}
	for _, s := range table.Separators {
		if got := accepts(m.Lines[0], []byte(s.Line)); got != s.OK {
			t.Errorf("%s: %q: got %v", s.Why, s.Line, got)
		}
	}
}

// R1082-BB-1, R1082-BB-2, R1082-AR-1, R1082-XB-1, BERK-XLST-1, BERK-XMIT-1: the
// language carries sub-commands.
func TestSubCommands(t *testing.T) {
	m := load(t, "testdata/good/xtnd.popper")
	for line, want := range map[string]string{
		"XTND BBOARDS\r\n":                    "XTND BBOARDS",
		"XTND BBOARDS \r\n":                   "XTND BBOARDS",
		"xtnd\t bboards \tmh-users \n":        `XTND BBOARDS name="mh-users"`,
		"XTND BBOARDS a b\r\n":                "malformed",
		"XTND ARCHIVE mh-users\r\n":           `XTND ARCHIVE name="mh-users"`,
		"XTND ARCHIVE\r\n":                    "malformed",
		"XTND ARCHIVE \r\n":                   "malformed",
		"XTND X-BBOARDS mh-users\r\n":         `XTND X-BBOARDS name="mh-users"`,
		"XTND X-BBOARD mh-users\r\n":          "unknown",
		"XTND XLST Subject\r\n":               `XTND XLST header="Subject"`,
		"XTND XLST Subject 3\r\n":             `XTND XLST header="Subject" message=3`,
		"XTND XLST 3\r\n":                     `XTND XLST header="3"`,
		"XTND XLST 3 4 \n":                    `XTND XLST header="3" message=4`,
		"XTND XLST Subject 0\r\n":             "malformed",
		"XTND XLST Subject x\r\n":             "malformed",
		"XTND XLST Subject 1 2\r\n":           "malformed",
		"XTND XLST\r\n":                       "malformed",
		"XTND XMIT\r\n":                       "XTND XMIT",
		"XTND XMIT now\r\n":                   "malformed",
		"XTND\r\n":                            "unknown",
		"XTND \r\n":                           "unknown",
		"XTND XYZZY\r\n":                      "unknown",
		"XTNDXMIT\r\n":                        "unknown",
		"XMIT\r\n":                            "unknown",
		"QUIT\r\n":                            "QUIT",
		"XTND BBOARDS XMIT\r\n":               `XTND BBOARDS name="XMIT"`,
		"XTND BBOARDSXMIT\r\n":                "unknown",
		"XTND XMIT\r\nXTND BBOARDS x\nQUIT\n": `XTND XMIT; XTND BBOARDS name="x"; QUIT`,
	} {
		got := interpretLines(m, []byte(line))
		if strings.Join(got, "; ") != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

// An argument within the brackets of another needs that one; a command has its own limit.
func TestNestedArguments(t *testing.T) {
	m := load(t, "testdata/good/nested.popper")
	for line, want := range map[string]string{
		"FIND a 7 b\r\n": `FIND word="a" count=7 other="b"`,
		"FIND a 7\r\n":   `FIND word="a" count=7`,
		"FIND a b\r\n":   "malformed",
		"FIND 7\r\n":     "malformed",
		"FIND a 7  " + strings.Repeat("b", 20) + "\r\n": `FIND word="a" count=7 other="bbbbbbbbbbbbbbbbbbbb"`,
		"FIND a 7  " + strings.Repeat("b", 21) + "\r\n": "toolong",
		"FIND a 4" + strings.Repeat(" ", 7) + "\n":      "malformed",
		"FIND a 4" + strings.Repeat(" ", 8) + "\n":      "toolong",
		"X" + strings.Repeat(" ", 22) + "A\n":           "toolong",
		"X" + strings.Repeat(" ", 22) + "B\n":           "X B",
		"SAY you x y\n":                                 `SAY word="you" text="x y"`,
	} {
		if got := interpretLines(m, []byte(line)); !slices.Equal(got, []string{want}) {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}
