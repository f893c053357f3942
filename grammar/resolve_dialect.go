package grammar

import (
	"slices"
	"strings"
)

// How the files of one grammar add to one another: each says of which dialect its
// commands are, and may extend commands of other files.

// dialects notes of which dialect each command of f is.
func (r *resolver) dialects(f *File) {
	var now *Dialect
	for _, d := range f.Decls {
		switch {
		case d.Dialect != nil:
			now = &Dialect{d.doc(), d.Dialect.Name}
			r.model.Dialects = append(r.model.Dialects, now)
		case d.Command != nil:
			r.spoken[d] = now
		}
	}
}

// extensions adds states and answers to commands. An added answer is given in cases
// of its own, so it stands before those that the command has.
func (r *resolver) extensions() {
	for _, d := range r.decls {
		if d.Extend == nil {
			continue
		}
		name := strings.Join(d.Extend.Words, " ")
		c, ok := find(r.model.Commands, func(c *Command) bool { return c.Name() == name })
		if !ok {
			r.unknown(d.Pos, "command", name)
			continue
		}
		for _, in := range d.Extend.Ins {
			r.in(c, in)
		}
		for _, a := range d.Extend.Answers {
			if a.In == "" {
				r.fail(a.Pos, "say in which state: answer … in STATE", "the extension of command %s would change the answer everywhere", name)
			}
		}
		c.Answers = slices.Concat(r.answers(c, d.Extend.Answers), c.Answers)
	}
}
