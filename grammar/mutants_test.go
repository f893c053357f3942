package grammar_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"popper/grammar"
)

// A mutant is one small change of a syntax tree, as a slip of the pen would
// make it. Trees are changed in place and changed back.
type mutant struct {
	name  string // the declaration and what was changed in it
	pos   lexer.Position
	apply func() (undo func())
}

type mutants []mutant

// set makes a mutant in which *p is v.
func set[T any](ms *mutants, pos lexer.Position, what string, p *T, v T) {
	*ms = append(*ms, mutant{what, pos, func() func() {
		old := *p
		*p = v
		return func() { *p = old }
	}})
}

// drop makes a mutant for each element that list could lack, as long as least
// remain.
func drop[T any](ms *mutants, least int, list *[]T, pos func(T) lexer.Position, what string) {
	for i, x := range *list {
		if len(*list) > least {
			set(ms, pos(x), fmt.Sprintf("%s %d dropped", what, i+1), list, slices.Delete(slices.Clone(*list), i, i+1))
		}
	}
}

// choose makes a mutant for each other value of *p.
func choose(ms *mutants, pos lexer.Position, what string, p *string, values ...string) {
	for _, v := range values {
		if v != *p {
			set(ms, pos, fmt.Sprintf("%s %q instead of %q", what, v, *p), p, v)
		}
	}
}

// number makes it one more, and one less.
func (ms *mutants) number(pos lexer.Position, what string, p *string) {
	if n, err := strconv.ParseUint(*p, 10, 64); err == nil {
		if n > 0 {
			choose(ms, pos, what, p, strconv.FormatUint(n-1, 10))
		}
		if n+1 > n {
			choose(ms, pos, what, p, strconv.FormatUint(n+1, 10))
		}
	}
}

// letters changes each letter of a word to the next one.
func (ms *mutants) letters(pos lexer.Position, p *string) {
	for i, c := range []byte(*p) {
		choose(ms, pos, "text", p, (*p)[:i]+string(rune(c+1))+(*p)[i+1:])
	}
}

func (ms *mutants) text(t *grammar.Text) {
	for i := range t.Parts {
		ms.letters(t.Pos, &t.Parts[i])
	}
}

var octets = map[string]byte{"NUL": 0, "HT": '\t', "LF": '\n', "CR": '\r', "SP": ' ', "DEL": 0x7F}

// edge moves one octet to those beside it.
func (ms *mutants) edge(o *grammar.Octet) {
	c, ok := octets[o.Name]
	switch {
	case o.Hex != "":
		n, _ := strconv.ParseUint(o.Hex[2:], 16, 8)
		c = byte(n)
	case o.Text != nil:
		c = o.Text.Parts[0][0]
	case !ok:
		return // CRLF
	}
	for _, d := range []byte{c - 1, c + 1} {
		v := *o
		v.Text, v.Name, v.Hex = nil, "", fmt.Sprintf("0x%02X", d)
		set(ms, o.Pos, fmt.Sprintf("%s instead of 0x%02X", v.Hex, c), o, v)
	}
}

func (ms *mutants) class(d *grammar.ClassDecl) {
	drop(ms, 1, &d.Terms, func(t *grammar.Set) lexer.Position { return t.Pos }, "term")
	for _, t := range d.Terms {
		drop(ms, 0, &t.Less, func(o *grammar.Octets) lexer.Position { return o.Pos }, "exception")
		for _, o := range append(slices.Clone(t.Less), t.Base) {
			if o.Low != nil {
				ms.edge(o.Low)
			}
			if o.High != nil {
				ms.edge(o.High)
			}
		}
	}
}

func (ms *mutants) expr(e *grammar.Expr) {
	drop(ms, 1, &e.Alts, func(s *grammar.Seq) lexer.Position { return s.Pos }, "alternative")
	for _, s := range e.Alts {
		drop(ms, 1, &s.Items, func(i *grammar.Item) lexer.Position { return i.Pos }, "part")
		for _, it := range s.Items {
			ms.item(it)
		}
	}
}

func (ms *mutants) item(it *grammar.Item) {
	if it.Op != "" {
		choose(ms, it.Pos, "repetition", &it.Op, "", "?", "*", "+")
	}
	if it.Count != nil {
		ms.number(it.Count.Pos, "least", &it.Count.Min)
		if it.Count.Max != "" {
			ms.number(it.Count.Pos, "most", &it.Count.Max)
		}
	}
	switch {
	case it.Group != nil:
		ms.expr(it.Group)
	case it.High != nil:
		ms.edge(it.Low)
		ms.edge(it.High)
	case it.Low != nil && it.Low.Text != nil:
		ms.text(it.Low.Text)
	}
}

func (ms *mutants) frame(d *grammar.FrameDecl) {
	drop(ms, 0, &d.Props, func(p *grammar.FrameProp) lexer.Position { return p.Pos }, "property")
	for _, p := range d.Props {
		if p.Limit != "" {
			ms.number(p.Pos, "limit", &p.Limit)
		}
		for _, o := range p.End {
			choose(ms, o.Pos, "end", &o.Name, "LF")
		}
		for _, t := range []*grammar.Text{p.OK, p.Err, p.Close, p.More} {
			if t != nil {
				ms.text(t)
			}
		}
	}
}

func (ms *mutants) argument(d *grammar.ArgumentDecl) {
	for _, v := range []grammar.ArgumentDecl{{Token: "graphic"}, {Rest: "graphic"}, {Rest: "octet"}, {Min: "1", Max: "99"}} {
		v.Pos, v.Name = d.Pos, d.Name
		if v != *d {
			set(ms, d.Pos, fmt.Sprintf("argument %s is token of %q, rest of %q, or number %q", d.Name, v.Token, v.Rest, v.Min), d, v)
		}
	}
	ms.number(d.Pos, "least", &d.Min)
	ms.number(d.Pos, "most", &d.Max)
}

func (ms *mutants) state(d *grammar.StateDecl) {
	set(ms, d.Pos, fmt.Sprintf("start is %v", !d.Start), &d.Start, !d.Start)
	set(ms, d.Pos, fmt.Sprintf("final is %v", !d.Final), &d.Final, !d.Final)
}

func (ms *mutants) reply(d *grammar.ReplyDecl) {
	drop(ms, 1, &d.Fields, func(f *grammar.FieldDecl) lexer.Position { return f.Pos }, "field")
	for _, f := range d.Fields {
		choose(ms, f.Pos, "field", &f.Kind, "number", "text")
	}
}

func (ms *mutants) command(d *grammar.CommandDecl, states, arguments, replies []string) {
	for i := range d.Words {
		ms.letters(d.Pos, &d.Words[i])
	}
	ms.params(&d.Params, arguments)
	if d.Limit != "" {
		ms.number(d.Pos, "limit", &d.Limit)
		choose(ms, d.Pos, "limit", &d.Limit, "")
	} else {
		choose(ms, d.Pos, "limit", &d.Limit, "256")
	}
	choose(ms, d.Pos, "asks", &d.Asks, "", "content", "lines")
	ms.letters(d.Pos, &d.Capability)
	choose(ms, d.Pos, "capability", &d.Capability, "", strings.Join(d.Words, "-"))
	ms.states(&d.Ins, states)
	ms.answers(&d.Answers, states, replies)
}

// params changes arguments, those within the brackets of others too.
func (ms *mutants) params(params *[]*grammar.ParamDecl, arguments []string) {
	drop(ms, 0, params, func(p *grammar.ParamDecl) lexer.Position { return p.Pos }, "argument")
	for i, p := range *params {
		if p.Inner != nil {
			apart := *p
			apart.Inner = nil
			set(ms, p.Inner.Pos, "inner argument behind the brackets", params, slices.Replace(slices.Clone(*params), i, i+1, &apart, p.Inner))
			set(ms, p.Pos, "inner argument alone", params, slices.Replace(slices.Clone(*params), i, i+1, p.Inner))
		}
		set(ms, p.Pos, "optional or not", p, grammar.ParamDecl{Pos: p.Pos, Required: p.Optional, Optional: p.Required})
		for ; p != nil; p = p.Inner {
			t := p.Required
			if t == nil {
				t = p.Optional
			}
			choose(ms, t.Pos, "type", &t.Type, arguments...)
			if p.Inner != nil {
				set(ms, p.Inner.Pos, "inner argument dropped", &p.Inner, nil)
			}
		}
	}
}

func (ms *mutants) extension(d *grammar.ExtendDecl, states, replies []string) {
	ms.states(&d.Ins, states)
	ms.answers(&d.Answers, states, replies)
}

func (ms *mutants) states(ins *[]*grammar.InDecl, states []string) {
	drop(ms, 0, ins, func(in *grammar.InDecl) lexer.Position { return in.Pos }, "in")
	for _, in := range *ins {
		drop(ms, 1, &in.States, func(string) lexer.Position { return in.Pos }, "state")
		for i := range in.States {
			choose(ms, in.Pos, "state", &in.States[i], states...)
		}
		choose(ms, in.Pos, "if", &in.If, "", "name", "message", "mechanism", "response")
		for what, p := range map[string]*string{"ok": &in.OK, "failed": &in.Failed, "always": &in.Always} {
			for _, s := range append(states, "") {
				stays := *p == "" && len(in.States) == 1 && s == in.States[0] // that is said already
				if !stays && (what == "always" && in.OK == "" || what != "always" && in.Always == "") {
					choose(ms, in.Pos, what, p, s)
				}
			}
		}
	}
}

func (ms *mutants) answers(answers *[]*grammar.Answer, states, replies []string) {
	drop(ms, 0, answers, func(a *grammar.Answer) lexer.Position { return a.Pos }, "answer")
	for _, a := range *answers {
		choose(ms, a.Pos, "if", &a.If, "", "message", "name", "mechanism", "response", "tag")
		choose(ms, a.Pos, "in", &a.In, append(states, "")...)
		for _, v := range []grammar.Answer{{Content: true}, {Line: true}, {Single: replies[0]}, {Single: a.List}, {List: a.Single}} {
			said := v != grammar.Answer{}
			v.Pos, v.If = a.Pos, a.If
			if said && v != *a {
				set(ms, a.Pos, fmt.Sprintf("answer is content %v, line %v, list of %q, %q", v.Content, v.Line, v.List, v.Single), a, v)
			}
		}
	}
}

func (ms *mutants) line(d *grammar.LineDecl) {
	ms.number(d.Pos, "limit", &d.Limit)
	drop(ms, 1, &d.After, func(string) lexer.Position { return d.Pos }, "place")
	for _, place := range []string{"start", "empty", "text"} {
		if !slices.Contains(d.After, place) {
			set(ms, d.Pos, "after "+place, &d.After, append(slices.Clone(d.After), place))
		}
	}
	ms.expr(d.Form)
}

func (ms *mutants) transducer(d *grammar.TransducerDecl) {
	nexts := []string{"stop"}
	for _, s := range d.States {
		nexts = append(nexts, s.Name)
	}
	for _, s := range d.States {
		drop(ms, 0, &s.Rows, func(r *grammar.TransRow) lexer.Position { return r.Pos }, "row")
		for _, row := range s.Rows {
			if row.On != nil {
				ms.edge(row.On)
			}
			if !row.End {
				choose(ms, row.Pos, "next", &row.Next, nexts...)
			}
			drop(ms, 0, &row.Out, func(e *grammar.Emit) lexer.Position { return e.Pos }, "output")
			set(ms, row.Pos, "copy more", &row.Out, append(slices.Clone(row.Out), &grammar.Emit{Pos: row.Pos, Copy: true}))
			for _, e := range row.Out {
				if e.Octet != nil && e.Octet.Text != nil {
					ms.text(e.Octet.Text)
				}
				if e.Octet != nil && e.Octet.Name != "" {
					choose(ms, e.Pos, "output", &e.Octet.Name, "CR", "LF", "CRLF", "SP")
				}
			}
		}
	}
}
