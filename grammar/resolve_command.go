package grammar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"popper/grammar/automaton"
)

func find[T any](list []T, is func(T) bool) (t T, ok bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return t, false
}

func (r *resolver) states() {
	start := false
	for _, d := range r.decls {
		if d.State == nil {
			continue
		}
		if d.State.Start && start {
			r.fail(d.Pos, "a session begins in one state: drop one \"start\"", "state %s is a second start", d.State.Name)
		}
		start = start || d.State.Start
		r.model.States = append(r.model.States, &State{d.doc(), d.State.Name, d.State.Start, d.State.Final})
	}
	if len(r.model.States) > 0 && !start {
		r.fail(r.named["state"][r.model.States[0].Name], "write: state "+r.model.States[0].Name+" start", "no state is the start")
	}
}

func (r *resolver) shapes() {
	for _, d := range r.decls {
		if d.Reply == nil {
			continue
		}
		s := &Shape{Doc: d.doc(), Name: d.Reply.Name}
		for _, f := range d.Reply.Fields {
			if slices.ContainsFunc(s.Fields, func(g Field) bool { return g.Name == f.Name }) {
				r.fail(f.Pos, "give each field a name of its own", "reply %s has the field %s twice", s.Name, f.Name)
			}
			s.Fields = append(s.Fields, Field{f.Name, f.Kind == "number"})
		}
		if f := r.model.Reply; f != nil && f.TextLimit(s) < 1 {
			r.fail(d.Pos, "raise the limit, or drop a field", "reply %s with its longest numbers does not fit into the limit of frame reply", s.Name)
		}
		r.model.Shapes = append(r.model.Shapes, s)
	}
}

func (r *resolver) commands() {
	for _, d := range r.decls {
		if d.Command == nil {
			continue
		}
		c := &Command{Doc: d.doc(), Dialect: r.spoken[d], Words: d.Command.Words,
			Asks: Asked(d.Command.Asks), Capability: d.Command.Capability}
		if c.Dialect == nil && len(r.model.Dialects) > 0 {
			r.fail(d.Pos, "put it below: dialect NAME", "command %s is of no dialect", c.Name())
		}
		r.params(c, d.Command)
		for _, in := range d.Command.Ins {
			r.in(c, in)
		}
		if len(d.Command.Ins) == 0 {
			r.fail(d.Pos, "name its states: in STATE", "command %s is valid in no state", c.Name())
		}
		c.Answers = r.answers(c, d.Command.Answers)
		r.checkAnswers(c, d.Command.Answers)
		r.limit(d, c)
		if f := r.model.Reply; c.Asks == Lines && f != nil && f.More == "" {
			r.fail(d.Pos, "say in frame reply: more \"+\"", "command %s asks for lines, and nothing says how", c.Name())
		}
		r.model.Commands = append(r.model.Commands, c)
	}
}

// limit is how long a line of c may be: as the frame has it, or longer if c says so.
func (r *resolver) limit(d *Decl, c *Command) {
	f := r.model.Command
	if f == nil {
		return
	}
	c.Limit = f.Limit
	if s := d.Command.Limit; s != "" {
		c.Limit, _ = strconv.Atoi(s)
		if c.Limit <= f.Limit || c.Limit > maxLimit {
			r.fail(d.Pos, fmt.Sprintf("more than frame command has, and at most %d, or leave it out", maxLimit), "command %s has no proper limit", c.Name())
			return
		}
	}
	if n := f.shortest(c); n > c.Limit {
		r.fail(d.Pos, fmt.Sprintf("raise the limit to %d at least", n), "no line of command %s fits into the limit of frame command", c.Name())
	}
}

// Name is the command's words.
func (c *Command) Name() string { return strings.Join(c.Words, " ") }

func (r *resolver) params(c *Command, d *CommandDecl) {
	params := flat(d.Params)
	for i, pd := range params {
		t := pd.namedType()
		a, ok := find(r.model.Arguments, func(a *Argument) bool { return a.Name == t.Type })
		if !ok {
			r.unknown(t.Pos, "argument", t.Type)
			continue
		}
		p := Param{a, t.Name, pd.Optional != nil, pd.inner}
		if p.Name == "" {
			p.Name = a.Name
		}
		if slices.ContainsFunc(c.Params, p.namesake) {
			r.fail(t.Pos, "give one of them a name of its own: name:"+a.Name, "command %s has the argument %s twice", c.Name(), p.Name)
		}
		if a.Kind == Rest && i < len(params)-1 {
			r.fail(t.Pos, "put it last", "argument %s takes the rest of the line, nothing can follow it", p.Name)
		}
		r.collect(t, p)
		c.Params = append(c.Params, p)
	}
}

// flatParam is an argument taken out of the brackets around it.
type flatParam struct {
	*ParamDecl
	inner bool
}

func flat(params []*ParamDecl) (out []flatParam) {
	for _, p := range params {
		out = append(out, flatParam{p, false})
		for p = p.Inner; p != nil; p = p.Inner {
			out = append(out, flatParam{p, true})
		}
	}
	return out
}

func (d *ParamDecl) namedType() *NamedType {
	if d.Required != nil {
		return d.Required
	}
	return d.Optional
}

func (p Param) namesake(q Param) bool { return p.Name == q.Name }

// collect notes p among the arguments of all commands.
func (r *resolver) collect(t *NamedType, p Param) {
	q, ok := find(r.model.Params, p.namesake)
	if ok && q.Argument != p.Argument {
		r.fail(t.Pos, "choose another name", "argument %s is a %s here, but a %s in an earlier command", p.Name, p.Argument.Name, q.Argument.Name)
	}
	if !ok {
		r.model.Params = append(r.model.Params, p)
	}
}

func (r *resolver) in(c *Command, d *InDecl) {
	target := func(name string, stay *State) *State {
		if name == "" {
			return stay
		}
		return r.state(d.Pos, name)
	}
	if d.If != "" {
		r.decides(d.Pos, c, d.If)
	}
	for _, name := range d.States {
		s := r.state(d.Pos, name)
		if s == nil {
			continue
		}
		if s.Final {
			r.fail(d.Pos, "a session that is over reads no commands", "command %s is valid in the final state %s", c.Name(), name)
		}
		if slices.ContainsFunc(c.In, func(in In) bool { return in.State == s }) {
			r.fail(d.Pos, "say once what follows", "command %s names the state %s twice", c.Name(), name)
		}
		in := In{s, target(d.OK, s), target(d.Failed, s), d.If}
		if d.Always != "" {
			in.OK = target(d.Always, s)
			in.Failed = in.OK
		}
		c.In = append(c.In, in)
	}
}

func (r *resolver) state(pos lexer.Position, name string) *State {
	s, ok := find(r.model.States, func(s *State) bool { return s.Name == name })
	if !ok {
		r.unknown(pos, "state", name)
	}
	return s
}

// decides makes sure that argument name of c may be given or not.
func (r *resolver) decides(pos lexer.Position, c *Command, name string) {
	if !slices.ContainsFunc(c.Params, func(p Param) bool { return p.Name == name && p.Optional }) {
		r.fail(pos, "only an argument in brackets can decide", "command %s has no optional argument %s", c.Name(), name)
	}
}

func (r *resolver) answers(c *Command, answers []*Answer) (out []AnswerShape) {
	for _, a := range answers {
		shape := AnswerShape{List: a.List != "", Content: a.Content, If: a.If}
		if name := a.List + a.Single; name != "" {
			s, ok := find(r.model.Shapes, func(s *Shape) bool { return s.Name == name })
			if !ok {
				r.unknown(a.Pos, "reply", name)
			}
			shape.Shape = s
		}
		if a.If != "" {
			r.decides(a.Pos, c, a.If)
		}
		if a.In != "" {
			shape.In = r.state(a.Pos, a.In)
		}
		out = append(out, shape)
	}
	return out
}

// checkAnswers makes sure that a command has one answer in each case, the last for
// those that no other is for.
func (r *resolver) checkAnswers(c *Command, answers []*Answer) {
	for i, a := range answers {
		if last := i == len(answers)-1; last != (a.If == "" && a.In == "") {
			r.fail(a.Pos, "put \"if ARGUMENT\" or \"in STATE\" on every answer but the last", "command %s does not say which answer it gives", c.Name())
		}
	}
	if len(c.Answers) == 0 {
		c.Answers = []AnswerShape{{}}
	}
}

// checkReachable finds states that no session can enter.
func (r *resolver) checkReachable() {
	reached := map[*State]bool{}
	for _, s := range r.model.States {
		reached[s] = s.Start
	}
	for range r.model.States {
		for _, c := range r.model.Commands {
			for _, in := range c.In {
				if reached[in.State] {
					reached[in.OK], reached[in.Failed] = true, true
				}
			}
		}
	}
	for _, s := range r.model.States {
		if !reached[s] {
			r.fail(r.named["state"][s.Name], "let a command lead to it, or drop it", "state %s cannot be reached", s.Name)
		}
	}
}

// buildCommands makes the automaton of all command lines, and refuses it if
// some line has two readings.
func (r *resolver) buildCommands() {
	if len(r.model.Commands) == 0 {
		return
	}
	if r.model.Command == nil || r.model.Reply == nil {
		r.fail(r.named["command"][r.model.Commands[0].Name()], "declare: frame command { … } and frame reply { … }",
			"there are commands, but not both frames")
		return
	}
	var exprs, bare []automaton.Expr
	owner := slices.Clone(r.model.Commands) // of each expression
	for _, c := range r.model.Commands {
		exprs = append(exprs, r.model.Command.expr(c))
		if len(c.Params) > 0 && !c.Params[0].Optional {
			bare = append(bare, r.model.Command.bare(c))
			owner = append(owner, c)
		}
	}
	nfa := automaton.Join(append(exprs, bare...)...)
	if input, a, b, yes := nfa.Ambiguous(); yes {
		r.twoReadings(input, a, b, owner)
		return
	}
	dfa, err := nfa.Determinise()
	switch err := err.(type) {
	case nil:
		r.model.CommandNFA, r.model.CommandDFA = nfa, dfa
	case *automaton.Conflict:
		r.needsLookahead(err, exprs)
	default:
		r.tooManyStates(r.named["command"][r.model.Commands[0].Name()], "the set of commands")
	}
}

func (r *resolver) twoReadings(input []byte, a, b automaton.Reading, owner []*Command) {
	show := func(x automaton.Reading) string {
		c := owner[x.Expr]
		s := c.Name()
		if x.Expr >= len(r.model.Commands) {
			return s + " without its arguments"
		}
		for _, p := range c.Params {
			if v, ok := x.Args[p.Name]; ok {
				s += fmt.Sprintf(" %s=%q", p.Name, v)
			}
		}
		return s
	}
	ca, cb := owner[a.Expr], owner[b.Expr]
	pos := r.named["command"][cb.Name()]
	if ca != cb {
		first := r.named["command"][ca.Name()]
		r.fail(pos, fmt.Sprintf("the other one is at %s:%d:%d: rename a word, or narrow an argument", first.Filename, first.Line, first.Column),
			"commands %s and %s shadow one another: the line %q reads as %s and as %s", ca.Name(), cb.Name(), input, show(a), show(b))
		return
	}
	r.fail(pos, "make an argument mandatory, or its class narrower",
		"command %s is ambiguous: the line %q reads as %s and as %s", ca.Name(), input, show(a), show(b))
}

// needsLookahead reports a line that has one reading in the end, but not yet
// where an octet must be put into its argument.
func (r *resolver) needsLookahead(clash *automaton.Conflict, exprs []automaton.Expr) {
	part := func(tags []automaton.Tag) string {
		for _, t := range tags {
			if t.Kind != automaton.End {
				return "argument " + t.Slot
			}
		}
		return "no argument"
	}
	i := slices.IndexFunc(exprs, func(e automaton.Expr) bool { return automaton.Join(e).Begins(clash.Input) })
	name := r.model.Commands[i].Name()
	r.fail(r.named["command"][name], "let the arguments that may be missing stand last",
		"command %s needs look-ahead: the last octet of %q belongs to %s or to %s, and only the rest of the line can tell",
		name, clash.Input, part(clash.A), part(clash.B))
}

// words is the keyword and the sub-commands' words.
func (f *Frame) words(c *Command) automaton.Expr {
	seq := []automaton.Expr{automaton.Text(c.Words[0], f.Caseless)}
	for _, w := range c.Words[1:] {
		seq = append(seq, automaton.Repeat(automaton.One(f.Gap), 1, automaton.Unbounded), automaton.Text(w, f.Caseless))
	}
	return automaton.Cat(seq...)
}

func (f *Frame) lineEnd() automaton.Expr {
	ends := []automaton.Expr{automaton.Text(f.End, false)}
	if f.Tolerate != "" {
		ends = append(ends, automaton.Text(f.Tolerate, false))
	}
	return automaton.Alt(ends...)
}

// shortest is how many octets a line of c has at least.
func (f *Frame) shortest(c *Command) int {
	n := len(c.Name()) + len(f.End)
	for _, p := range c.Params {
		switch {
		case p.Optional:
		case p.Kind == Number:
			n += len(" ") + len(strconv.FormatUint(p.Min, 10))
		default:
			n += len(" x")
		}
	}
	return n
}

// bare is c without the arguments that it must have: a line that is malformed,
// not unknown. Its index in the automaton lies behind those of the commands.
func (f *Frame) bare(c *Command) automaton.Expr { return automaton.Cat(f.words(c), f.lineEnd()) }

// expr is a whole command line of c.
func (f *Frame) expr(c *Command) automaton.Expr {
	gap := automaton.One(f.Gap)
	many := automaton.Repeat(gap, 0, automaton.Unbounded)
	known := automaton.Mark(automaton.Tag{Kind: automaton.Known})
	trailing := f.Trailing
	var args, inner []automaton.Expr // inner: those within the brackets of the one before
	for _, p := range slices.Backward(c.Params) {
		var arg automaton.Expr
		if p.Kind == Rest {
			arg, trailing = automaton.Cat(known, gap, p.expr()), false
		} else {
			arg = automaton.Cat(known, gap, many, p.expr())
		}
		if p.Optional {
			arg = automaton.Repeat(automaton.Cat(append([]automaton.Expr{arg}, inner...)...), 0, 1)
			inner = nil
		}
		if p.Inner {
			inner = []automaton.Expr{arg}
		} else {
			args = append(args, arg)
		}
	}
	slices.Reverse(args)
	seq := append([]automaton.Expr{f.words(c)}, args...)
	if trailing {
		seq = append(seq, automaton.Repeat(automaton.Cat(known, gap), 0, automaton.Unbounded))
	}
	return automaton.Cat(append(seq, f.lineEnd())...)
}
