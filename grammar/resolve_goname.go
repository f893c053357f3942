package grammar

import (
	"fmt"
	"go/token"

	"github.com/alecthomas/participle/v2/lexer"
)

// Names that differ in the grammar may be one in Go, where "X-TOP" and "X TOP"
// are both XTop, and some belong to what is always in package parser. This pass
// goes over each scope of the generated code with the names that package emit
// makes, so that such a clash is told of the grammar, not by the Go compiler. A
// reply counts with both its functions, whether a command needs them or not.

// goScope has, for each name of one scope of Go, what took it first.
type goScope map[string]goOwner

type goOwner struct {
	what string
	pos  lexer.Position // none for what is there whatever the grammar says
}

func newScope(fixed ...string) goScope {
	s := goScope{}
	for _, name := range fixed {
		s[name] = goOwner{}
	}
	return s
}

// fixedNames are declared in package parser whatever the grammar says.
var fixedNames = []string{
	"Result", "More", "Parsed", "Unknown", "Malformed", "TooLong", "CommandParser", // parser.go
	"Previous", "AtStart", "AfterEmpty", "AfterText", "appendText", // text.go
	"MaxCommand", "MaxLine", "Verb", "NoVerb", "Verbs", "Dialect", "Dialects", "Arg", "Command", "AppendCommand", "Handler", "Dispatch",
	"State", "StartState", "States", "MaxReply", "AppendOK", "AppendErr", "AppendMore", "AppendEnd",
}

// take gives names of s to what stands at pos. It tells of the first of them
// that cannot be had, and whether all could.
func (r *resolver) take(s goScope, pos lexer.Position, what string, names ...string) bool {
	for _, name := range names {
		first, taken := s[name]
		switch {
		case taken && first.what == what: // declared twice, which is told already, or an argument used again
		case taken && first.what != "":
			r.fail(pos, fmt.Sprintf("the other one is at %s:%d:%d: rename one", first.pos.Filename, first.pos.Line, first.pos.Column),
				"%s and %s are both named %s in Go", first.what, what, name)
			return false
		case taken || token.IsKeyword(name):
			r.fail(pos, "choose another name", "%s would be named %s in Go, and that means something else there", what, name)
			return false
		default:
			s[name] = goOwner{what, pos}
		}
	}
	return true
}

func (r *resolver) goNames() {
	all := newScope(fixedNames...)
	// fields and methods of Command; Command and Parse are found in a CommandParser before they are
	fields := newScope("Verb", "Args", "Has", "Multiline", "Command", "Parse")
	for _, d := range r.decls {
		kind, name := d.name()
		what := kind + " " + name
		switch {
		case d.Command != nil:
			r.take(all, d.Pos, what, "Verb"+Exported(name))
			for _, p := range d.Command.Params {
				r.goArgument(all, fields, p)
			}
		case d.Dialect != nil:
			r.take(all, d.Pos, what, "Dialect"+Exported(name))
		case d.State != nil:
			r.take(all, d.Pos, what, "State"+Exported(name))
		case d.Reply != nil:
			r.take(all, d.Pos, what, "Append"+Exported(name), "Append"+Exported(name)+"Line")
			params := newScope("dst", "append", "appendText", "strconv")
			for _, f := range d.Reply.Fields {
				r.take(params, f.Pos, "field "+f.Name+" of "+what, Unexported(f.Name))
			}
		case d.Line != nil:
			r.take(all, d.Pos, what, "Max"+Exported(name), "Is"+Exported(name), Exported(name)+"MayFollow")
		case d.Transducer != nil:
			r.take(all, d.Pos, what, Agent(name))
			labels := newScope()
			for _, s := range d.Transducer.States {
				r.take(labels, s.Pos, "state "+s.Name+" of "+what, Exported(s.Name))
			}
		}
	}
}

func (r *resolver) goArgument(all, fields goScope, p *ParamDecl) {
	t := p.namedType()
	name := t.Name
	if name == "" {
		name = t.Type
	}
	if what := "argument " + name; r.take(fields, t.Pos, what, Exported(name)) {
		r.take(all, t.Pos, what, "Arg"+Exported(name))
	}
}
