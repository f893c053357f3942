package grammar

import (
	"fmt"
	"strconv"

	"popper/grammar/automaton"
)

func (r *resolver) arguments() {
	for _, d := range r.decls {
		if d.Argument != nil {
			a := r.argument(d.Argument)
			a.Doc = d.doc()
			r.model.Arguments = append(r.model.Arguments, a)
		}
	}
}

func (r *resolver) argument(d *ArgumentDecl) *Argument {
	switch {
	case d.Token != "":
		a := &Argument{Name: d.Name, Kind: Token, Class: r.argumentClass(d, d.Token)}
		if f := r.model.Command; f != nil && !a.Class.And(f.Gap).Empty() {
			r.fail(d.Pos, "take the gap out of the class, or make it: rest of "+d.Token,
				"argument %s is one word, but class %s holds the gap between words", d.Name, d.Token)
		}
		return a
	case d.Rest != "":
		return &Argument{Name: d.Name, Kind: Rest, Class: r.argumentClass(d, d.Rest)}
	}
	return r.number(d)
}

func (r *resolver) argumentClass(d *ArgumentDecl, name string) automaton.Set {
	s := r.octets(&Octets{Pos: d.Pos, Ref: name})
	if !s.And(automaton.Of('\r', '\n')).Empty() {
		r.fail(d.Pos, "take CR and LF out of the class", "argument %s could run over the end of its line: class %s holds CR or LF", d.Name, name)
	}
	return s
}

func (r *resolver) number(d *ArgumentDecl) *Argument {
	low, err1 := strconv.ParseUint(d.Min, 10, 64)
	high, err2 := strconv.ParseUint(d.Max, 10, 64)
	if err1 != nil || err2 != nil {
		r.fail(d.Pos, "the largest number is 18446744073709551615", "argument %s has limits that do not fit 64 bits", d.Name)
	} else if low > high {
		r.fail(d.Pos, fmt.Sprintf("write it as %d..%d", high, low), "argument %s has the reversed range %d..%d", d.Name, low, high)
	}
	return &Argument{Name: d.Name, Kind: Number, Min: low, Max: high}
}

// expr is the argument as an expression with its tags.
func (p Param) expr() automaton.Expr {
	begin := automaton.Mark(automaton.Tag{Kind: automaton.Begin, Slot: p.Name})
	end := automaton.Mark(automaton.Tag{Kind: automaton.End, Slot: p.Name})
	what := automaton.One(p.Class)
	if p.Kind == Number {
		what = automaton.Cat(
			automaton.Mark(automaton.Tag{Kind: automaton.Digit, Slot: p.Name}),
			automaton.One(automaton.Range('0', '9')))
	}
	return automaton.Cat(begin, automaton.Repeat(what, 1, automaton.Unbounded), end)
}
