package grammar

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"popper/grammar/automaton"
)

// Rules become two things at once: an expression for the automaton, and the
// text of a regular expression for the oracle. Both are read off the syntax
// tree, so that a fault in one of them shows as a difference between them.

type ruled struct {
	expr automaton.Expr
	re   string
	size int // how many octets it speaks of, what is repeated {n} times counted n times
}

// maxSize bounds an expression with all rules in it. Each octet it speaks of is
// a state of its own, in automaton and generated code alike, and repetitions
// within repetitions multiply. It is also as often as Go's regexp, on which the
// oracle rests, lets anything be repeated.
const maxSize = 1000

// small gives x back, unless it is too large: then little follows from it.
func (r *resolver) small(pos lexer.Position, x ruled) ruled {
	if x.size <= maxSize {
		return x
	}
	r.fail(pos, fmt.Sprintf("at most %d; repetitions within repetitions multiply, but * and + count once", maxSize),
		"an expression of %d octets is too large", x.size)
	return one(notUnderstood)
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
	size := 0
	for _, s := range e.Alts {
		var seq []automaton.Expr
		re := ""
		for _, it := range s.Items {
			x := r.item(it)
			seq = append(seq, x.expr)
			re += x.re
			size += x.size
		}
		alts = append(alts, automaton.Cat(seq...))
		res = append(res, re)
	}
	return r.small(e.Pos, ruled{automaton.Alt(alts...), "(?:" + strings.Join(res, "|") + ")", size})
}

func (r *resolver) item(it *Item) ruled {
	x := r.atom(it)
	switch {
	case it.Op == "?":
		return ruled{automaton.Repeat(x.expr, 0, 1), x.re + "?", x.size}
	case it.Op == "*":
		return ruled{automaton.Repeat(x.expr, 0, automaton.Unbounded), x.re + "*", x.size}
	case it.Op == "+":
		return ruled{automaton.Repeat(x.expr, 1, automaton.Unbounded), x.re + "+", x.size}
	case it.Count != nil:
		low, high := r.count(it.Count)
		return r.small(it.Count.Pos, ruled{automaton.Repeat(x.expr, low, high), fmt.Sprintf("%s{%d,%d}", x.re, low, high), x.size * high})
	}
	return x
}

// maxRepeat bounds {n,m}.
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

func literal(s string) ruled {
	return ruled{automaton.Text(s, false), "(?:" + runeQuote(s) + ")", len(s)}
}

func one(s automaton.Set) ruled { return ruled{automaton.One(s), SetRegexp(s), 1} }

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
		dfa, err := automaton.Join(x.expr).Determinise()
		if err != nil { // there are no tags, so it is no Conflict
			r.tooManyStates(d.Line.Pos, "line "+d.Line.Name)
		}
		r.model.Lines = append(r.model.Lines, &Line{
			Doc: d.doc(), Name: d.Line.Name, Limit: limit, After: d.Line.After, Expr: x.expr, Regexp: x.re, DFA: dfa,
		})
	}
}

func (r *resolver) tooManyStates(pos lexer.Position, what string) {
	r.fail(pos, "repeat a narrower class, so that it shows sooner where the next part begins",
		"%s needs more than %d states", what, automaton.MaxStates)
}

// linePlaces are where a line may stand: first in the file, after an empty
// line, after a line that is not empty.
var linePlaces = []string{"start", "empty", "text"}

// maxLimit bounds the length of lines: a reader keeps one whole line in memory.
const maxLimit = 65535
