package table

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// These tests know nothing of POP readings: they only keep the tables sane, so
// that a slip of the pen is not taken for a fault of the parser.

// TestLinesAreSane: enough cases, each told apart, each with a rule and with one
// verdict of the canonical form for each line end in it.
func TestLinesAreSane(t *testing.T) {
	if len(Lines) < 600 {
		t.Errorf("%d cases, want at least 600", len(Lines))
	}
	names, inputs := map[string]bool{}, map[string]string{}
	for _, c := range Lines {
		if c.Name == "" || names[c.Name] {
			t.Errorf("%q: name is empty or used twice", c.Name)
		}
		names[c.Name] = true
		if twin, ok := inputs[c.In]; ok {
			t.Errorf("%s: same input as %s", c.Name, twin)
		}
		inputs[c.In] = c.Name
		if !ruleShape.MatchString(c.Rule) {
			t.Errorf("%s: rule %q", c.Name, c.Rule)
		}
		if n := strings.Count(c.In, "\n"); n != len(c.Want) {
			t.Errorf("%s: %d lines, %d verdicts", c.Name, n, len(c.Want))
		}
		for _, want := range c.Want {
			if !canonical(want) {
				t.Errorf("%s: not canonical: %s", c.Name, want)
			}
		}
	}
}

var (
	ruleShape = regexp.MustCompile(`^(R\d+|BERK)-[A-Z]+8?-\d+$`)

	wantShape = regexp.MustCompile(`^(?:unknown|malformed|toolong|QUIT|STAT|NOOP|LAST|RSET|CAPA|STLS|UTF8|HELP` +
		`|(?:USER|RPOP) name=("\S+")|PASS secret=(".+")|APOP name=("\S+") digest=("\S+")` +
		`|(?:LIST|UIDL)(?: message=[1-9]\d*)?|(?:RETR|DELE) message=[1-9]\d*` +
		`|TOP message=[1-9]\d* lines=(?:0|[1-9]\d*)` +
		`|AUTH(?: mechanism=("\S+")(?: response=("\S+"))?)?|LANG(?: tag=("\S+"))?` +
		`|XTND (?:BBOARDS|XMIT|(?:BBOARDS|ARCHIVE|X-BBOARDS) name=("\S+")|XLST header=("\S+")(?: message=[1-9]\d*)?))$`)
)

// canonical reports whether want has the form that Case.Want promises, strings
// quoted exactly as %q quotes them.
func canonical(want string) bool {
	m := wantShape.FindStringSubmatch(want)
	if m == nil {
		return false
	}
	for _, quoted := range m[1:] {
		if quoted == "" {
			continue
		}
		if s, err := strconv.Unquote(quoted); err != nil || s == "" || strconv.Quote(s) != quoted {
			return false
		}
	}
	return true
}

// TestLinesNameEveryVerb: each keyword is read well at least three times.
func TestLinesNameEveryVerb(t *testing.T) {
	seen := map[string]int{}
	for _, c := range Lines {
		for _, want := range c.Want {
			seen[keyword(want)]++
		}
	}
	for _, verb := range append([]string{"unknown", "malformed", "toolong"}, AllVerbs...) {
		if seen[verb] < 3 {
			t.Errorf("%s is wanted %d times, want at least 3", verb, seen[verb])
		}
	}
}

// keyword is the part of a verdict before its arguments.
func keyword(want string) string {
	words := strings.Fields(want)
	n := 1
	if words[0] == "XTND" {
		n = 2
	}
	return strings.Join(words[:n], " ")
}

// TestTablesNameVerbs: what has a dialect, a capability or a limit, or asks, is a verb.
func TestTablesNameVerbs(t *testing.T) {
	for _, verb := range slices.Concat(slices.Collect(maps.Keys(Dialects)), slices.Collect(maps.Keys(Capabilities)),
		slices.Collect(maps.Keys(Limits)), Asking, AskingLines) {
		if !slices.Contains(AllVerbs, verb) {
			t.Errorf("%s is no verb", verb)
		}
	}
}

// TestStepsAreSane: known names, both outcomes of each pair exactly once, every
// verb allowed somewhere, and no way out of the final states.
func TestStepsAreSane(t *testing.T) {
	type pair struct{ from, verb, with string }
	outcomes := map[pair][]bool{}
	allowed := map[string]bool{}
	for _, s := range Steps {
		if !slices.Contains(AllStates, s.From) || !slices.Contains(AllStates, s.To) || !slices.Contains(AllVerbs, s.Verb) {
			t.Errorf("%v: a name that is not in AllStates or AllVerbs", s)
		}
		if s.From == "update" || s.From == "closed" {
			t.Errorf("%v: leaves a final state", s)
		}
		p := pair{s.From, s.Verb, s.With}
		outcomes[p] = append(outcomes[p], s.OK)
		allowed[s.Verb] = true
	}
	for p, oks := range outcomes {
		if len(oks) != 2 || oks[0] == oks[1] {
			t.Errorf("%v: outcomes %v, want true and false once each", p, oks)
		}
	}
	for _, verb := range AllVerbs {
		if !allowed[verb] {
			t.Errorf("%s is allowed nowhere", verb)
		}
	}
}

// TestSeparatorsAreSane: enough lines of both kinds, each told apart and with
// its reason, none with a line end in it.
func TestSeparatorsAreSane(t *testing.T) {
	if len(Separators) < 80 {
		t.Errorf("%d separator lines, want at least 80", len(Separators))
	}
	kinds, lines, whys := map[bool]int{}, map[string]bool{}, map[string]bool{}
	for _, s := range Separators {
		kinds[s.OK]++
		if lines[s.Line] {
			t.Errorf("%q: twice", s.Line)
		}
		lines[s.Line] = true
		if s.Why == "" || whys[s.Why] {
			t.Errorf("%q: reason %q is empty or used twice", s.Line, s.Why)
		}
		whys[s.Why] = true
		if strings.Contains(s.Line, "\n") || strings.HasSuffix(s.Line, "\r") {
			t.Errorf("%q: holds a line end", s.Line)
		}
		if s.OK && len(s.Line) > 998 {
			t.Errorf("%s: a good line of %d octets", s.Why, len(s.Line))
		}
	}
	if kinds[true] < 30 || kinds[false] < 30 {
		t.Errorf("%d good and %d bad lines, want at least 30 of each", kinds[true], kinds[false])
	}
}
