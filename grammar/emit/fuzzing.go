package emit

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"popper/grammar"
	"popper/grammar/automaton"
)

func quote(s string) string { return strconv.Quote(s) }

// oracle writes the tables of the oracle: regular expressions over runes 0 to
// 255. They are written from the model's commands, not from its automaton.
func oracle(c *code, m *grammar.Model) {
	f := m.Command
	gap := grammar.SetRegexp(f.Gap)
	end := endRegexp(f)
	c.p("const maxCommand = %d", f.Limit)
	c.p("var commands = []command{")
	for _, k := range m.Commands {
		words := wordsRegexp(f, k)
		limit := ""
		if k.Limit != f.Limit {
			limit = fmt.Sprintf(", limit: %d", k.Limit)
		}
		c.p("{verb: %q%s, known: `^%s(?:%s|%s$)`, line: `%s`, args: []argument{", k.Name(), limit, words, gap, end, lineRegexp(f, k))
		for _, p := range k.Params {
			if p.Kind == grammar.Number {
				c.p("{name: %q, min: \"%d\", max: \"%d\"},", p.Name, p.Min, p.Max)
			} else {
				c.p("{name: %q},", p.Name)
			}
		}
		c.p("}},")
	}
	c.p("}")
	for _, l := range m.Lines {
		c.p("const max%s = %d", title(l.Name), l.Limit)
		c.p("const %sLine = `^%s$`", lower(l.Name), l.Regexp)
	}
}

func endRegexp(f *grammar.Frame) string {
	re := runes(f.End)
	if f.Tolerate != "" {
		re += "|" + runes(f.Tolerate)
	}
	return "(?:" + re + ")"
}

// runes writes s octet by octet as a regular expression.
func runes(s string) (re string) {
	for i := 0; i < len(s); i++ {
		re += fmt.Sprintf(`\x{%02X}`, s[i])
	}
	return re
}

func wordsRegexp(f *grammar.Frame, k *grammar.Command) string {
	re := strings.Join(k.Words, grammar.SetRegexp(f.Gap)+"+")
	if f.Caseless {
		return "(?i:" + re + ")"
	}
	return re
}

func lineRegexp(f *grammar.Frame, k *grammar.Command) string {
	gap := grammar.SetRegexp(f.Gap)
	re := "^" + wordsRegexp(f, k)
	trailing := f.Trailing
	open := "" // ends of brackets
	for _, p := range k.Params {
		if !p.Inner {
			re, open = re+open, ""
		}
		var arg string
		switch p.Kind {
		case grammar.Number:
			arg = fmt.Sprintf("%s+(?P<%s>[0-9]+)", gap, p.Name)
		case grammar.Token:
			arg = fmt.Sprintf("%s+(?P<%s>%s+)", gap, p.Name, grammar.SetRegexp(p.Class))
		case grammar.Rest:
			arg = fmt.Sprintf("%s(?P<%s>%s+)", gap, p.Name, grammar.SetRegexp(p.Class))
			trailing = false
		}
		if p.Optional {
			arg, open = "(?:"+arg, ")?"+open
		}
		re += arg
	}
	re += open
	if trailing {
		re += gap + "*"
	}
	return re + endRegexp(f) + "$"
}

// generators writes a rapid generator for the lines of each command.
func generators(c *code, m *grammar.Model) {
	longest := m.Command.Limit
	for _, k := range m.Commands {
		longest = max(longest, k.Limit)
	}
	c.p("var frame = framing{limit: %d, longest: %d, end: %q, tolerated: %q, gap: %s, caseless: %v}",
		m.Command.Limit, longest, m.Command.End, m.Command.Tolerate, octetsLiteral(m.Command.Gap), m.Command.Caseless)
	c.p("// Lines has a generator of valid lines for each command, under its name.")
	c.p("var Lines = map[string]*rapid.Generator[[]byte]{")
	for _, k := range m.Commands {
		var words []string
		for _, w := range k.Words {
			words = append(words, strconv.Quote(w))
		}
		call, closing := fmt.Sprintf("command(%d, []string{%s}", k.Limit, strings.Join(words, ", ")), ""
		trailing := m.Command.Trailing
		for _, p := range k.Params {
			if !p.Inner {
				call, closing = call+closing, ""
			}
			call += ", "
			if p.Optional {
				call, closing = call+"optional(", closing+")"
			}
			call += part(p)
			trailing = trailing && p.Kind != grammar.Rest
		}
		if trailing {
			closing += ", trailing()"
		}
		c.p("%q: %s),", k.Name(), call+closing)
	}
	c.p("}")
}

// part is the generator of an argument.
func part(p grammar.Param) string {
	switch p.Kind {
	case grammar.Token:
		return "token(" + octetsLiteral(p.Class) + ")"
	case grammar.Rest:
		return "rest(" + octetsLiteral(p.Class) + ")"
	}
	return fmt.Sprintf("number(%d, %d)", p.Min, p.Max)
}

func octetsLiteral(s automaton.Set) string {
	var parts []string
	for _, sp := range s.Spans() {
		parts = append(parts, fmt.Sprintf("{%s, %s}", automaton.Quote(sp.Low), automaton.Quote(sp.High)))
	}
	return "class{" + strings.Join(parts, ", ") + "}"
}

// dictionary writes the words that a fuzzer would not guess, in the format that
// libFuzzer, AFL and go-fuzz's users share.
func dictionary(m *grammar.Model) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n", header(m))
	seen := map[string]bool{}
	add := func(s string) {
		if s == "" || seen[s] {
			return
		}
		seen[s] = true
		b.WriteByte('"')
		for i := 0; i < len(s); i++ {
			if c := s[i]; c > ' ' && c <= '~' && c != '"' && c != '\\' {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		b.WriteString("\"\n")
	}
	for _, k := range m.Commands {
		add(k.Name() + string(m.Command.GapWritten))
		for _, p := range k.Params {
			if p.Kind == grammar.Number {
				add(strconv.FormatUint(p.Min, 10))
				add(strconv.FormatUint(p.Max, 10))
			}
		}
	}
	add(m.Command.End)
	add(m.Command.Tolerate)
	add(m.Reply.End + m.Reply.Close + m.Reply.End)
	for _, l := range m.Lines {
		add(shortest(l.DFA) + "\n")
		add("\n\n" + shortest(l.DFA))
	}
	return b.Bytes()
}

// seeds writes one corpus file for each command, line and transducer, and a
// session with all commands.
func seeds(m *grammar.Model) (out []File) {
	var leaving []byte // what ends a session
	for _, k := range m.Commands {
		if slices.ContainsFunc(k.In, func(in grammar.In) bool { return in.OK.Final }) {
			leaving = append(leaving, seedLines(m.Command, k)...)
		}
	}
	var all []byte
	for _, k := range m.Commands {
		name := strings.ToLower(strings.ReplaceAll(k.Name(), " ", "-"))
		lines := seedLines(m.Command, k)
		all = append(all, lines...)
		out = append(out,
			File{"fuzz/corpus/commandline/" + name, lines},
			File{"fuzz/corpus/session/" + name, slices.Concat(lines, leaving)})
	}
	// the commands that do not end it, and then those that do
	out = append(out, File{"fuzz/corpus/session/all", append(bytes.Replace(all, leaving, nil, 1), leaving...)})
	for _, t := range m.Transducers {
		out = append(out, File{"fuzz/corpus/stuffing/" + t.Name, everyRow(t)})
	}
	for _, l := range m.Lines {
		s := shortest(l.DFA)
		out = append(out,
			File{"fuzz/corpus/separator/" + l.Name, []byte(s)},
			File{"fuzz/corpus/mbox/one-" + l.Name, []byte(s + "\n\nx\n\n")},
			File{"fuzz/corpus/mbox/two-" + l.Name, []byte(s + "\nA: b\n\nx\n\n" + s + "\r\n\r\n.\r\n\r\n")})
	}
	return out
}

// seedLines are the plain lines of k: with its optional arguments, and without. Where its
// lines may be longer than others, a third is, by one octet: no fuzzer finds that by itself.
func seedLines(f *grammar.Frame, k *grammar.Command) []byte {
	full := seedLine(f, k, true)
	out := slices.Clone(full)
	if bare := seedLine(f, k, false); !bytes.Equal(bare, full) {
		out = append(out, bare...)
	}
	if k.Limit > f.Limit && len(k.Params) > 0 {
		gaps := bytes.Repeat([]byte{f.GapWritten}, f.Limit+1-len(full))
		out = append(out, slices.Insert(full, len(k.Name()), gaps...)...)
	}
	return out
}

// seedLine is a plain line of k, with the optional arguments or without them.
func seedLine(f *grammar.Frame, k *grammar.Command, full bool) []byte {
	gap := string([]byte{f.GapWritten})
	line := strings.Join(k.Words, gap)
	for _, p := range k.Params {
		switch {
		case p.Optional && !full:
		case p.Kind == grammar.Number:
			line += gap + strconv.FormatUint(max(p.Min, 1), 10)
		default:
			line += gap + string([]byte{p.Class.Sample()})
		}
	}
	return []byte(line + f.End)
}

// shortest is a shortest line that d accepts.
func shortest(d *automaton.DFA) string {
	return string(path(d, func(s automaton.State) bool { return s.Accept >= 0 }))
}

// path is a shortest input to a state that is wanted.
func path(d *automaton.DFA, wanted func(automaton.State) bool) []byte {
	type visit struct {
		state int
		input []byte
	}
	queue := []visit{{}}
	seen := map[int]bool{0: true}
	for k := 0; k < len(queue); k++ {
		v := queue[k]
		if wanted(d.States[v.state]) {
			return v.input
		}
		for _, e := range d.States[v.state].Edges {
			if !seen[e.To] {
				seen[e.To] = true
				queue = append(queue, visit{e.To, append(slices.Clone(v.input), e.Set.Sample())})
			}
		}
	}
	return nil
}

// everyRow is an input that goes from each state of t over each row that names
// an octet.
func everyRow(t *grammar.Transducer) (in []byte) {
	reach := map[int][]byte{0: {}}
	for range t.States {
		for n, s := range t.States {
			for _, row := range s.Rows {
				if _, known := reach[row.Next]; reach[n] != nil && !known && !row.Stop {
					reach[row.Next] = append(slices.Clone(reach[n]), row.Set.Sample())
				}
			}
		}
	}
	for n, s := range t.States {
		for _, row := range s.Rows {
			in = append(append(append(in, reach[n]...), row.Set.Sample()), "\r\n"...)
		}
	}
	return in
}
