package grammar

import (
	"fmt"
	"strconv"

	"popper/grammar/automaton"
)

// octetNames are the octets that have a name in the language.
var octetNames = map[string]string{
	"NUL": "\x00", "HT": "\t", "LF": "\n", "CR": "\r", "SP": " ", "DEL": "\x7f", "CRLF": "\r\n",
}

// text is the octets that o stands for: a named octet, 0xNN, or a string.
func (r *resolver) text(o *Octet) string {
	switch {
	case o.Text != nil:
		return r.quoted(o.Text)
	case o.Hex != "":
		v, err := strconv.ParseUint(o.Hex[2:], 16, 8)
		if err != nil {
			r.fail(o.Pos, "an octet is 0x00 to 0xFF", "%s is no octet", o.Hex)
		}
		return string([]byte{byte(v)})
	}
	s, ok := octetNames[o.Name]
	if !ok {
		r.fail(o.Pos, "named octets are NUL, HT, LF, CR, SP, DEL, and the pair CRLF", "unknown octet %s", o.Name)
		return "x"
	}
	return s
}

var escapes = map[string]string{`\\`: `\`, `\"`: `"`}

func (r *resolver) quoted(t *Text) (s string) {
	for _, p := range t.Parts {
		if p[0] != '\\' {
			s += p
			continue
		}
		e, ok := escapes[p]
		if !ok {
			r.fail(t.Pos, `only \\ and \" are escapes; other octets have names, or are written 0xNN`, "unknown escape %s", p)
			e = "x"
		}
		s += e
	}
	return s
}

// octet is the one octet that o stands for.
func (r *resolver) octet(o *Octet) byte {
	s := r.text(o)
	if len(s) != 1 {
		r.fail(o.Pos, "ranges and classes are made of single octets", "%q is not one octet", s)
		return 0
	}
	return s[0]
}

func (r *resolver) rangeOf(low, high *Octet) automaton.Set {
	before := len(r.errs)
	a := r.octet(low)
	if high == nil {
		return automaton.Of(a)
	}
	b := r.octet(high)
	if a > b && len(r.errs) == before {
		r.fail(low.Pos, fmt.Sprintf("write it as %s..%s", automaton.Quote(b), automaton.Quote(a)),
			"the range %s..%s is reversed", automaton.Quote(a), automaton.Quote(b))
	}
	return automaton.Range(min(a, b), max(a, b))
}

func (r *resolver) classes() {
	for _, d := range r.decls {
		if d.Class != nil {
			r.class(d.Class)
		}
	}
}

func (r *resolver) class(c *ClassDecl) automaton.Set {
	if s, ok := r.model.Classes[c.Name]; ok {
		return s
	}
	if r.busy[c.Name] {
		r.fail(c.Pos, "a class must rest on octets in the end", "class %s is made of itself", c.Name)
		return notUnderstood
	}
	r.busy[c.Name] = true
	var s automaton.Set
	for _, t := range c.Terms {
		s = s.Union(r.set(t))
	}
	delete(r.busy, c.Name)
	if s.Empty() {
		r.fail(c.Pos, "nothing could ever match it: look at what is taken away with -", "class %s holds no octet", c.Name)
	}
	r.model.Classes[c.Name] = s
	return s
}

func (r *resolver) set(t *Set) automaton.Set {
	s := r.octets(t.Base)
	for _, o := range t.Less {
		s = s.Minus(r.octets(o))
	}
	return s
}

func (r *resolver) octets(o *Octets) automaton.Set {
	if o.Ref == "" {
		return r.rangeOf(o.Low, o.High)
	}
	if s, ok := r.model.Classes[o.Ref]; ok {
		return s
	}
	if d, ok := r.classD[o.Ref]; ok {
		return r.class(d)
	}
	r.unknown(o.Pos, expressible, o.Ref)
	return notUnderstood
}
