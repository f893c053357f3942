package grammar

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"popper/grammar/automaton"
)

// Rules become two things at once: an expression for the automaton, and the
// text of a regular expression for the oracle. Both are read off the syntax
// tree, so that a fault in one of them shows as a difference between them.

type ruled struct {
	expr automaton.Expr
	re   string
}

// allRules resolves every rule, so that those that no line uses are checked too.
func (r *resolver) allRules() {
	for _, d := range r.decls {
		if d.Rule != nil {
			r.ruleOf(d.Rule)
		}
	}
}

func (r *resolver) ruleOf(d *RuleDecl) ruled {
	if x, ok := r.ruled[d.Name]; ok {
		return x
	}
	r.busy[d.Name] = true
	x := r.rule(d.Expr)
	delete(r.busy, d.Name)
	r.ruled[d.Name] = x
	return x
}

func (r *resolver) rule(e *Expr) ruled {
	var alts []automaton.Expr
	var res []string
	for _, s := range e.Alts {
		var seq []automaton.Expr
		re := ""
		for _, it := range s.Items {
			x := r.item(it)
			seq = append(seq, x.expr)
			re += x.re
		}
		alts = append(alts, automaton.Cat(seq...))
		res = append(res, re)
	}
	return ruled{automaton.Alt(alts...), "(?:" + strings.Join(res, "|") + ")"}
}

func (r *resolver) item(it *Item) ruled {
	x := r.atom(it)
	switch {
	case it.Op == "?":
		return ruled{automaton.Repeat(x.expr, 0, 1), x.re + "?"}
	case it.Op == "*":
		return ruled{automaton.Repeat(x.expr, 0, automaton.Unbounded), x.re + "*"}
	case it.Op == "+":
		return ruled{automaton.Repeat(x.expr, 1, automaton.Unbounded), x.re + "+"}
	case it.Count != nil:
		low, high := r.count(it.Count)
		return ruled{automaton.Repeat(x.expr, low, high), fmt.Sprintf("%s{%d,%d}", x.re, low, high)}
	}
	return x
}

// maxRepeat bounds {n,m}: each repetition is states of its own, in automaton
// and generated code alike.
const maxRepeat = 100

func (r *resolver) count(c *Repeated) (low, high int) {
	low, _ = strconv.Atoi(c.Min)
	high = low
	if c.Max != "" {
		high, _ = strconv.Atoi(c.Max)
	}
	if low > high || high == 0 {
		r.fail(c.Pos, "write {least,most}, and most is at least 1", "the repetition {%d,%d} is empty", low, high)
		return 1, 1
	}
	if high > maxRepeat {
		r.fail(c.Pos, fmt.Sprintf("at most %d; * and + have no limit", maxRepeat), "%d repetitions are too many", high)
		return 1, 1
	}
	return low, high
}

func (r *resolver) atom(it *Item) ruled {
	switch {
	case it.Group != nil:
		return r.rule(it.Group)
	case it.Ref != "":
		return r.ref(it)
	case it.High != nil:
		return one(r.rangeOf(it.Low, it.High))
	}
	s := r.text(it.Low)
	if s == "" {
		r.fail(it.Pos, "leave it out, or make what it stands for optional with ?", "an empty text matches nothing")
	}
	return literal(s)
}

func (r *resolver) ref(it *Item) ruled {
	if s, ok := r.model.Classes[it.Ref]; ok {
		return one(s)
	}
	d, ok := r.rules[it.Ref]
	if !ok {
		r.unknown(it.Pos, expressible, it.Ref)
		return one(notUnderstood)
	}
	if r.busy[it.Ref] {
		r.fail(it.Pos, "rules are regular: say it with * or +", "rule %s is made of itself", it.Ref)
		return one(notUnderstood)
	}
	return r.ruleOf(d)
}

func literal(s string) ruled { return ruled{automaton.Text(s, false), "(?:" + runeQuote(s) + ")"} }

func one(s automaton.Set) ruled { return ruled{automaton.One(s), SetRegexp(s)} }

// SetRegexp writes s as a character class of Go's regexp, where the rune with
// the number of an octet stands for the octet.
func SetRegexp(s automaton.Set) string {
	re := "["
	for _, sp := range s.Spans() {
		re += fmt.Sprintf(`\x{%02X}-\x{%02X}`, sp.Low, sp.High)
	}
	return re + "]"
}

func runeQuote(s string) string {
	var runes []rune
	for i := 0; i < len(s); i++ {
		runes = append(runes, rune(s[i]))
	}
	return regexp.QuoteMeta(string(runes))
}

// lines makes the recognisers.
func (r *resolver) lines() {
	for _, d := range r.decls {
		if d.Line == nil {
			continue
		}
		x := r.rule(d.Line.Form)
		limit, err := strconv.Atoi(d.Line.Limit)
		if err != nil || limit < 1 || limit > maxLimit {
			r.fail(d.Line.Pos, fmt.Sprintf("a limit is 1 to %d octets", maxLimit), "line %s has the limit %s", d.Line.Name, d.Line.Limit)
		}
		for _, a := range d.Line.After {
			if !slices.Contains(linePlaces, a) {
				r.fail(d.Line.Pos, "places are: "+strings.Join(linePlaces, ", "), "line %s may not stand after %q", d.Line.Name, a)
			}
		}
		dfa, _ := automaton.Join(x.expr).Determinise() // no tags, so no Conflict
		r.model.Lines = append(r.model.Lines, &Line{
			Doc: d.doc(), Name: d.Line.Name, Limit: limit, After: d.Line.After, Expr: x.expr, Regexp: x.re, DFA: dfa,
		})
	}
}

// linePlaces are where a line may stand: first in the file, after an empty
// line, after a line that is not empty.
var linePlaces = []string{"start", "empty", "text"}

// maxLimit bounds the length of lines: a reader keeps one whole line in memory.
const maxLimit = 65535
