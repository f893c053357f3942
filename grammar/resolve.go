package grammar

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"popper/grammar/automaton"
)

// The resolver makes a Model of syntax trees, or says all that is wrong with
// them. It goes in the order in which things rest on one another: names, here
// and in Go, then classes and rules, frames, arguments, states, replies, commands, and at the
// end what only the whole can show: states that cannot be reached, commands
// that shadow one another, lines with two readings, laws that do not hold.
//
// Several files are one grammar: the order of files and declarations does not
// matter, except that it is the order of the output.

type resolver struct {
	model  *Model
	errs   Errors
	decls  []*Decl
	named  map[string]map[string]lexer.Position // kind → name → where declared
	rules  map[string]*RuleDecl
	ruled  map[string]ruled // rules that were resolved
	classD map[string]*ClassDecl
	busy   map[string]bool // classes and rules being resolved: a circle shows here
	spoken map[*Decl]*Dialect
}

// Resolve checks files as one grammar. The error is of type Errors.
func Resolve(files ...*File) (*Model, error) {
	r := &resolver{
		model:  &Model{Classes: map[string]automaton.Set{"any": automaton.Any}},
		named:  map[string]map[string]lexer.Position{},
		rules:  map[string]*RuleDecl{},
		ruled:  map[string]ruled{},
		classD: map[string]*ClassDecl{},
		busy:   map[string]bool{},
		spoken: map[*Decl]*Dialect{},
	}
	for _, f := range files {
		r.model.Sources = append(r.model.Sources, f.Pos.Filename)
		r.decls = append(r.decls, f.Decls...)
		r.dialects(f)
	}
	r.declareNames()
	for _, stage := range []func(){r.goNames, r.classes, r.frames, r.arguments, r.states, r.shapes, r.commands, r.extensions, r.allRules, r.lines, r.transducers, r.laws} {
		stage()
	}
	if len(r.errs) == 0 {
		r.checkReachable()
		r.buildCommands()
	}
	if len(r.errs) > 0 {
		r.errs.sort(r.model.Sources)
		return nil, r.errs
	}
	return r.model, nil
}

// fail notes an error; format holds the message, hint how to mend it. A fault
// that is met twice is told once.
func (r *resolver) fail(pos lexer.Position, hint, format string, args ...any) {
	e := &Error{pos, fmt.Sprintf(format, args...), hint}
	if !slices.ContainsFunc(r.errs, func(f *Error) bool { return *f == *e }) {
		r.errs = append(r.errs, e)
	}
}

// declareNames notes every name, so that later stages may refer to names
// declared further down, and finds those declared twice.
func (r *resolver) declareNames() {
	for _, d := range r.decls {
		kind, name := d.name()
		if kind == "" {
			continue
		}
		if r.named[kind] == nil {
			r.named[kind] = map[string]lexer.Position{}
		}
		if kind == expressible && slices.Contains(reserved, name) {
			r.fail(d.Pos, "choose another name", "%s is a word of the language: no class or rule can have this name", name)
		}
		if first, twice := r.named[kind][name]; twice {
			r.fail(d.Pos, fmt.Sprintf("it was declared first at %s:%d:%d: drop one or rename it", first.Filename, first.Line, first.Column),
				"%s %s is declared twice", kind, name)
			continue
		}
		r.named[kind][name] = d.Pos
		if d.Class != nil {
			r.classD[name] = d.Class
		}
		if d.Rule != nil {
			r.rules[name] = d.Rule
		}
	}
}

// expressible is the kind of classes and rules: an expression may speak of
// either by its name, so that they share their names.
const expressible = "class or rule"

// reserved are names that an expression cannot speak of: the words with which
// declarations begin, and the class that is always there.
var reserved = []string{"any", "class", "rule", "frame", "argument", "state", "reply", "dialect", "command", "extend", "line", "transducer", "law"}

// name gives the kind and name of a declaration.
func (d *Decl) name() (kind, name string) {
	switch {
	case d.Class != nil:
		return expressible, d.Class.Name
	case d.Rule != nil:
		return expressible, d.Rule.Name
	case d.Frame != nil:
		return "frame", d.Frame.Name
	case d.Argument != nil:
		return "argument", d.Argument.Name
	case d.State != nil:
		return "state", d.State.Name
	case d.Reply != nil:
		return "reply", d.Reply.Name
	case d.Dialect != nil:
		return "dialect", d.Dialect.Name
	case d.Command != nil:
		return "command", strings.Join(d.Command.Words, " ")
	case d.Line != nil:
		return "line", d.Line.Name
	case d.Transducer != nil:
		return "transducer", d.Transducer.Name
	}
	return "", ""
}

// unknown reports a name that nothing declares.
func (r *resolver) unknown(pos lexer.Position, kind, name string) {
	if _, ok := r.rules[name]; ok && kind == expressible {
		r.fail(pos, "declare it as a class, if it is one octet", "%s is a rule, and only a class can stand here", name)
		return
	}
	known := slices.Sorted(maps.Keys(r.named[kind]))
	hint := "no " + kind + " is declared at all"
	if len(known) > 0 {
		hint = "declared are: " + strings.Join(known, ", ")
	}
	r.fail(pos, hint, "unknown %s %s", kind, name)
}

// notUnderstood stands for a set that was named wrongly. It is one letter, so
// that as little as possible follows from it that would look like a second fault.
var notUnderstood = automaton.Of('x')

// doc joins documentation lines, their slashes taken off.
func (d *Decl) doc() string {
	lines := make([]string, len(d.Doc))
	for i, l := range d.Doc {
		lines[i] = strings.TrimSpace(strings.TrimLeft(l, "/"))
	}
	return strings.Join(lines, "\n")
}
