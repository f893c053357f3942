package grammar_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"popper/grammar"
)

// The mutation test asks whether the hand-written tables would notice a slip in
// the grammar: each mutant of the real files must be refused by the resolver, or
// mean something that the tables contradict. So it is a test of the tables, and
// of the resolver, by the grammar.

// same names the mutants that mean what the original means, each with the reason.
var same = map[string]string{
	`reply: property 3 dropped`: "+OK is what stands for ok if nothing is said",
	`reply: property 4 dropped`: "-ERR is what stands for err if nothing is said",
	`reply: property 5 dropped`: "one dot is what closes if nothing is said",
	`LIST: answer is content false, line false, list of "", "drop_listing"`: "two numbers are two numbers on the wire; the server, which calls the encoder by its name, would not compile",
	`word: least "0" instead of "1"`:                                        "a zone of no letters only adds spaces where there may be any number of them",
	`separator: repetition "*" instead of "?"`:                              "a sender holds spaces, so that several senders are one",
}

// A part is some of the declarations, checked for themselves: that is quicker,
// and nothing is lost, since no table speaks of two parts at once.
type part struct {
	files []*grammar.File
	wrong func(*grammar.Model) string
}

func parse(t *testing.T, path string) *grammar.File {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := grammar.Parse(path, text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func only(f *grammar.File, is func(*grammar.Decl) bool) *grammar.File {
	g := *f
	g.Decls = slices.DeleteFunc(slices.Clone(f.Decls), func(d *grammar.Decl) bool { return !is(d) })
	return &g
}

func names[T any](decls []*grammar.Decl, get func(*grammar.Decl) *T, name func(*T) string) (out []string) {
	for _, d := range decls {
		if x := get(d); x != nil {
			out = append(out, name(x))
		}
	}
	return out
}

func TestMutantsAreNoticed(t *testing.T) {
	spared := map[string]bool{}
	var mu sync.Mutex
	noticed := t.Run("parts", func(t *testing.T) {
		for name, split := range parts {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // each on syntax trees of its own
				p, ms := split(t)
				for _, name := range p.try(t, ms) {
					mu.Lock()
					spared[name] = true
					mu.Unlock()
				}
			})
		}
	})
	if !noticed {
		return // a part that failed early tried only some of its mutants
	}
	for name := range same {
		if !spared[name] {
			t.Errorf("said to mean the same, but it was noticed, or is no mutant: %s", name)
		}
	}
}

// parts are what is tried: commands with all that they rest on, the separator,
// the transducers. The characters are tried with commands; those that the separator
// uses, with that.
var parts = map[string]func(*testing.T) (part, mutants){
	"commands": func(t *testing.T) (part, mutants) {
		ascii := parse(t, "ascii.popper")
		files, all := []*grammar.File{ascii}, ascii.Decls
		for _, path := range []string{"pop3.popper", "rfc1939.popper", "xtnd.popper", "extensions.popper"} {
			f := parse(t, path)
			files, all = append(files, f), slices.Concat(all, f.Decls)
		}
		ms := mutantsOf(only(ascii, func(d *grammar.Decl) bool { return !spells(d) }), nil)
		for _, f := range files[1:] {
			ms = append(ms, mutantsOf(f, all)...)
		}
		return part{files, wrongCommands}, ms
	},
	"separator": func(t *testing.T) (part, mutants) {
		ascii := parse(t, "ascii.popper")
		mbox := only(parse(t, "mbox.popper"), func(d *grammar.Decl) bool { return !rewrites(d) })
		ms := append(mutantsOf(only(ascii, spells), nil), mutantsOf(mbox, nil)...)
		return part{[]*grammar.File{ascii, mbox}, wrongSeparator}, ms
	},
	"transducers": func(t *testing.T) (part, mutants) {
		mbox := only(parse(t, "mbox.popper"), rewrites)
		return part{[]*grammar.File{mbox}, wrongTransducer}, mutantsOf(mbox, nil)
	},
}

func rewrites(d *grammar.Decl) bool { return d.Transducer != nil || d.Law != nil }

// spells tells whether d is a class that the separator uses.
func spells(d *grammar.Decl) bool {
	return d.Class != nil && (d.Class.Name == "letter" || d.Class.Name == "digit")
}

// try applies each mutant and takes it back. It gives those that nothing noticed.
func (p part) try(t *testing.T, ms mutants) (spared []string) {
	if noticed, how := p.notices(); noticed {
		t.Fatalf("the grammar itself is wrong: %s", how)
	}
	if raced { // no goroutine shares anything here: some are enough, and those of same
		every := -1
		ms = slices.DeleteFunc(ms, func(m mutant) bool {
			every++
			return every%8 != 0 && same[m.name] == ""
		})
	}
	refused := 0
	for _, m := range ms {
		undo := m.apply()
		noticed, how := p.notices()
		undo()
		switch {
		case !noticed:
			spared = append(spared, m.name)
			if same[m.name] == "" {
				t.Errorf("%v: nothing notices: %s", m.pos, m.name)
			}
		case how == "":
			refused++
		}
	}
	t.Logf("%d mutants: %d refused by the resolver, %d contradicted by the tables, %d that mean the same",
		len(ms), refused, len(ms)-refused-len(spared), len(spared))
	return spared
}

// notices resolves p as it now is; how is "" if the resolver refused it.
func (p part) notices() (noticed bool, how string) {
	m, err := grammar.Resolve(p.files...)
	if err != nil {
		return true, ""
	}
	how = p.wrong(m)
	return how != "", how
}

// title is the name of what d declares. Mutants are told by it, and not by
// their line, so that lines may be added above.
func title(d *grammar.Decl) string {
	switch {
	case d.Class != nil:
		return d.Class.Name
	case d.Rule != nil:
		return d.Rule.Name
	case d.Frame != nil:
		return d.Frame.Name
	case d.Dialect != nil:
		return d.Dialect.Name
	case d.Command != nil:
		return strings.Join(d.Command.Words, " ")
	case d.Extend != nil:
		return "extend " + strings.Join(d.Extend.Words, " ")
	case d.Line != nil:
		return d.Line.Name
	case d.Transducer != nil:
		return d.Transducer.Name
	}
	return "declaration"
}

func mutantsOf(f *grammar.File, all []*grammar.Decl) (ms mutants) {
	states := names(all, func(d *grammar.Decl) *grammar.StateDecl { return d.State }, func(s *grammar.StateDecl) string { return s.Name })
	arguments := names(all, func(d *grammar.Decl) *grammar.ArgumentDecl { return d.Argument }, func(a *grammar.ArgumentDecl) string { return a.Name })
	replies := names(all, func(d *grammar.Decl) *grammar.ReplyDecl { return d.Reply }, func(r *grammar.ReplyDecl) string { return r.Name })
	seen := map[string]int{}
	for i, d := range f.Decls {
		from := len(ms)
		if d.Dialect != nil || d.Extend != nil {
			set(&ms, d.Pos, "declaration dropped", &f.Decls, slices.Delete(slices.Clone(f.Decls), i, i+1))
		}
		switch {
		case d.Class != nil:
			ms.class(d.Class)
		case d.Rule != nil:
			ms.expr(d.Rule.Expr)
		case d.Frame != nil:
			ms.frame(d.Frame)
		case d.Argument != nil:
			ms.argument(d.Argument)
		case d.State != nil:
			ms.state(d.State)
		case d.Reply != nil:
			ms.reply(d.Reply)
		case d.Command != nil:
			ms.command(d.Command, states, arguments, replies)
		case d.Extend != nil:
			ms.extension(d.Extend, states, replies)
		case d.Line != nil:
			ms.line(d.Line)
		case d.Transducer != nil:
			ms.transducer(d.Transducer)
		}
		for i := from; i < len(ms); i++ {
			name := title(d) + ": " + ms[i].name
			if seen[name]++; seen[name] > 1 {
				name += fmt.Sprintf(" (%d)", seen[name])
			}
			ms[i].name = name
		}
	}
	return ms
}
