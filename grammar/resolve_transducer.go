package grammar

import (
	"fmt"
	"slices"

	"popper/grammar/automaton"
)

func (r *resolver) transducers() {
	for _, d := range r.decls {
		if d.Transducer == nil {
			continue
		}
		t := &Transducer{Doc: d.doc(), Name: d.Transducer.Name}
		for _, s := range d.Transducer.States {
			t.States = append(t.States, r.transState(t, d.Transducer, s))
		}
		r.checkTransStates(d.Transducer, t)
		r.model.Transducers = append(r.model.Transducers, t)
	}
}

func (r *resolver) transState(t *Transducer, d *TransducerDecl, s *TransRows) TransState {
	out := TransState{Name: s.Name}
	left := automaton.Any
	ended := false
	for _, row := range s.Rows {
		if row.End {
			if ended {
				r.fail(row.Pos, "join the two", "state %s of transducer %s has two rows for the end", s.Name, d.Name)
			}
			ended = true
			out.End = r.end(d, row)
			continue
		}
		set := left
		if !row.Any {
			set = automaton.Of(r.octet(row.On))
		}
		if set.Minus(left) != (automaton.Set{}) || set.Empty() {
			r.fail(row.Pos, "each octet has one row, and \"any\" comes after the others", "state %s of transducer %s has two rows for one octet", s.Name, d.Name)
		}
		left = left.Minus(set)
		step := r.step(d, row)
		step.Set = set
		t.Stops = t.Stops || step.Stop
		out.Rows = append(out.Rows, step)
	}
	if !left.Empty() {
		r.fail(s.Pos, "add a row: any -> …", "state %s of transducer %s has no row for the octets %s", s.Name, d.Name, left)
	}
	return out
}

func (r *resolver) step(d *TransducerDecl, row *TransRow) (s TransStep) {
	for _, e := range row.Out {
		switch {
		case e.Copy && s.Copy:
			r.fail(e.Pos, "one copy is enough for one octet", "a row of transducer %s copies its octet twice", d.Name)
		case e.Copy:
			s.Copy = true
		case s.Copy:
			s.After += r.text(e.Octet)
		default:
			s.Before += r.text(e.Octet)
		}
	}
	if row.Next == "stop" {
		s.Stop = true
		return s
	}
	s.Next = slices.IndexFunc(d.States, func(t *TransRows) bool { return t.Name == row.Next })
	const hint = "end the row with one of its states, or with stop"
	if row.Next == "" {
		r.fail(row.Pos, hint, "a row of transducer %s leads nowhere", d.Name)
	} else if s.Next < 0 {
		r.fail(row.Pos, hint, "transducer %s has no state %s", d.Name, row.Next)
	}
	s.Next = max(s.Next, 0)
	return s
}

func (r *resolver) end(d *TransducerDecl, row *TransRow) (s string) {
	if row.Next != "" {
		r.fail(row.Pos, "drop the state", "nothing follows the end, in transducer %s", d.Name)
	}
	for _, e := range row.Out {
		if e.Copy {
			r.fail(e.Pos, "write what shall be put there", "there is no octet to copy at the end, in transducer %s", d.Name)
			continue
		}
		s += r.text(e.Octet)
	}
	return s
}

func (r *resolver) checkTransStates(d *TransducerDecl, t *Transducer) {
	reached := map[int]bool{0: true}
	for range t.States {
		for i, s := range t.States {
			for _, row := range s.Rows {
				if reached[i] && !row.Stop {
					reached[row.Next] = true
				}
			}
		}
	}
	names := map[string]bool{}
	for i, s := range t.States {
		if s.Name == "copy" || s.Name == "stop" {
			r.fail(d.States[i].Pos, "choose another name", "%s is a word of the language: no state of transducer %s can have this name", s.Name, t.Name)
		} else if names[s.Name] {
			r.fail(d.States[i].Pos, "rename one", "transducer %s has two states %s", t.Name, s.Name)
		} else if !reached[i] {
			r.fail(d.States[i].Pos, "let a row lead to it, or drop it", "state %s of transducer %s cannot be reached", s.Name, t.Name)
		}
		names[s.Name] = true
	}
}

// Apply runs t over in; rest is what is left behind a stop.
func (t *Transducer) Apply(in []byte) (out, rest []byte) {
	state := 0
	for i, c := range in {
		row, _ := find(t.States[state].Rows, func(s TransStep) bool { return s.Set.Has(c) })
		out = append(out, row.Before...)
		if row.Copy {
			out = append(out, c)
		}
		out = append(out, row.After...)
		if row.Stop {
			return out, in[i+1:]
		}
		state = row.Next
	}
	return append(out, t.States[state].End...), nil
}

func (r *resolver) laws() {
	for _, d := range r.decls {
		if d.Law == nil {
			continue
		}
		l := &Law{r.transducer(d.Law, d.Law.Inverse), r.transducer(d.Law, d.Law.Of), r.transducer(d.Law, d.Law.Normal)}
		if len(r.errs) > 0 {
			continue
		}
		r.model.Laws = append(r.model.Laws, l)
		if in, broken := l.counterexample(); broken {
			of, _ := l.Of.Apply(in)
			got, rest := l.Inverse.Apply(of)
			want, _ := l.Normal.Apply(in)
			left := ""
			if len(rest) > 0 {
				left = fmt.Sprintf(" and leaves %q", rest)
			}
			r.fail(d.Pos, "follow the octets through the rows", "the law does not hold for %q: %s gives %q, %s gives %q of it%s, %s gives %q",
				in, l.Of.Name, of, l.Inverse.Name, got, left, l.Normal.Name, want)
		}
	}
}

func (r *resolver) transducer(d *LawDecl, name string) *Transducer {
	t, ok := find(r.model.Transducers, func(t *Transducer) bool { return t.Name == name })
	if !ok {
		r.unknown(d.Pos, "transducer", name)
	}
	return t
}

// lawInputs is on how many inputs a law is tried, the shortest first. It is no
// proof: the generated code is tried on longer ones by its own tests.
const lawInputs = 10000

// counterexample tries all short inputs over the octets that the transducers
// name, and one that they do not. If there is one, it gives a shortest.
func (l *Law) counterexample() ([]byte, bool) {
	octets := l.alphabet()
	queue := [][]byte{nil}
	for k := 0; k < len(queue); k++ {
		if in := queue[k]; !l.holds(in) {
			return in, true
		}
		for _, c := range octets {
			if len(queue) < lawInputs {
				queue = append(queue, append(slices.Clone(queue[k]), c))
			}
		}
	}
	return nil, false
}

func (l *Law) holds(in []byte) bool {
	of, _ := l.Of.Apply(in)
	got, rest := l.Inverse.Apply(of)
	want, _ := l.Normal.Apply(in)
	return len(rest) == 0 && string(got) == string(want)
}

func (l *Law) alphabet() []byte {
	var named automaton.Set
	for _, t := range []*Transducer{l.Inverse, l.Of, l.Normal} {
		for _, s := range t.States {
			for _, row := range s.Rows {
				if row.Set.Len() == 1 {
					named = named.Union(row.Set)
				}
			}
		}
	}
	return append(named.Octets(), automaton.Any.Minus(named).Sample())
}

// String prints t as a table.
func (t *Transducer) String() string {
	s := "transducer " + t.Name + "\n"
	for _, st := range t.States {
		s += "  " + st.Name + "\n"
		for _, row := range st.Rows {
			next := "stop"
			if !row.Stop {
				next = t.States[row.Next].Name
			}
			s += fmt.Sprintf("    %s -> %q copy=%v %q %s\n", row.Set, row.Before, row.Copy, row.After, next)
		}
		s += fmt.Sprintf("    end -> %q\n", st.End)
	}
	return s
}
