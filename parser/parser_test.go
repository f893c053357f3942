package parser_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"popper/fuzz/gen"
	"popper/fuzz/oracle"
	"popper/fuzz/table"
	"popper/fuzz/verdict"
	"popper/parser"
)

// R1081-LINE-1, R1081-LINE-2, R1081-NUM-1, R1081-PASS-1, R2449-LINE-8 and all
// that the table cites.
func TestCommandLines(t *testing.T) {
	for _, c := range table.Lines {
		if got := verdict.Lines([]byte(c.In)); !slices.Equal(got, c.Want) {
			t.Errorf("%s (%s): %.80q\n got %q\nwant %q", c.Name, c.Rule, c.In, got, c.Want)
		}
	}
}

// R1081-LINE-4: however slowly the octets arrive.
func TestCommandLinesInPieces(t *testing.T) {
	for _, c := range table.Lines {
		for _, size := range []int{1, 2, 3, 7, 64, 255, 256, 16383, 16384, 16385} {
			if len(c.In) > 2000 && size < 64 {
				continue // the same path a thousand times over
			}
			if got := verdict.Lines([]byte(c.In), verdict.Each(size, len(c.In))...); !slices.Equal(got, c.Want) {
				t.Errorf("%s in pieces of %d: got %q, want %q", c.Name, size, got, c.Want)
			}
		}
	}
}

// Generated parser and oracle share no code; they must not differ on lines that
// are valid, nearly valid, or noise.
func TestCommandLinesAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := bytes.Join(rapid.SliceOf(rapid.OneOf(gen.Line(), gen.NearLine(), rapid.SliceOf(rapid.Byte()))).Draw(t, "lines"), nil)
		want := oracle.Lines(in)
		if got := verdict.Lines(in); !slices.Equal(got, want) {
			t.Fatalf("%q\n got %q\nwant %q", in, got, want)
		}
		sizes := rapid.SliceOf(rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(1, 20000))).Draw(t, "sizes")
		if got := verdict.Lines(in, sizes...); !slices.Equal(got, want) {
			t.Fatalf("%q in pieces of %v\n got %q\nwant %q", in, sizes, got, want)
		}
	})
}

// A valid line is what its generator says: never refused.
func TestGeneratedLinesAreValid(t *testing.T) {
	for verb, lines := range gen.Lines {
		rapid.Check(t, func(t *rapid.T) {
			line := lines.Draw(t, "line")
			var p parser.CommandParser
			if n, r := p.Parse(line); r != parser.Parsed || n != len(line) || p.Verb.String() != verb {
				t.Fatalf("%q: %v after %d octets, %v", line, r, n, p.Verb)
			}
		})
	}
}

// parse(encode(x)) = x
func TestEncodedCommandsParseBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p, q parser.CommandParser
		line := gen.Line().Draw(t, "line")
		p.Parse(line)
		again := parser.AppendCommand(nil, &p.Command)
		if len(again) == len(line)+1 && len(line) == p.Verb.Limit() {
			return // it ended with LF, and with CRLF it is too long
		}
		if n, r := q.Parse(again); r != parser.Parsed || n != len(again) {
			t.Fatalf("%q was written again as %q: %v after %d octets", line, again, r, n)
		}
		if a, b := verdict.Of(&p.Command, parser.Parsed), verdict.Of(&q.Command, parser.Parsed); a != b {
			t.Fatalf("%q: %s became %s", line, a, b)
		}
	})
}

func TestParseAllocatesNothing(t *testing.T) {
	in := []byte("USER mrose\r\nPASS tanstaaf\r\nTOP 1 10\r\nLIST\r\nnonsense\r\n")
	if n := testing.AllocsPerRun(100, func() {
		var p parser.CommandParser
		for buf := in; len(buf) > 0; {
			n, _ := p.Parse(buf)
			buf = buf[n:]
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// MBOX-1
func TestSeparators(t *testing.T) {
	for _, s := range table.Separators {
		if got := parser.IsSeparator([]byte(s.Line)); got != s.OK {
			t.Errorf("%s: %q: got %v", s.Why, s.Line, got)
		}
	}
}

func TestSeparatorsAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := []byte(rapid.SampledFrom(table.Separators).Draw(t, "line").Line)
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			if len(line) == 0 {
				break
			}
			at := rapid.IntRange(0, len(line)-1).Draw(t, "at")
			c := rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("From 0123456789:+-MonJan"))).Draw(t, "octet")
			line = slices.Replace(slices.Clone(line), at, at+rapid.IntRange(0, 1).Draw(t, "taken"), c)
		}
		if got, want := parser.IsSeparator(line), oracle.Separator(line); got != want {
			t.Fatalf("%q: got %v, want %v", line, got, want)
		}
	})
}

// deciding are the arguments on which it depends what state follows.
var deciding = map[string]parser.Arg{"": 0, "name": parser.ArgName, "mechanism": parser.ArgMechanism}

// R1081-USER-1, R1081-PASS-1, R1081-QUIT-1, R1081-QUIT-2, R1081-STATE-1
func TestStates(t *testing.T) {
	type from struct{ state, verb, with string }
	want := map[from]map[bool]string{}
	for _, s := range table.Steps {
		if _, ok := deciding[s.With]; !ok {
			t.Fatalf("%v: add the argument to deciding", s)
		}
		k := from{s.From, s.Verb, s.With}
		if want[k] == nil {
			want[k] = map[bool]string{}
		}
		want[k][s.OK] = s.To
	}
	if len(parser.States) != len(table.AllStates) || len(parser.Verbs) != len(table.AllVerbs) {
		t.Fatalf("states %v verbs %v", parser.States, parser.Verbs)
	}
	for _, s := range parser.States {
		for _, v := range parser.Verbs {
			_, valid := want[from{s.String(), v.String(), ""}]
			if s.Allows(v) != valid {
				t.Errorf("%s allows %s: %v", s, v, s.Allows(v))
			}
			for with, arg := range deciding {
				for ok, to := range want[from{s.String(), v.String(), with}] {
					if got := s.Next(&parser.Command{Verb: v, Args: arg}, ok); got.String() != to {
						t.Errorf("%s, %s %s, success %v: got %s, want %s", s, v, with, ok, got, to)
					}
				}
			}
		}
	}
}

// Each verb is of the dialect that the documents say, is announced by their word, has
// their limit, and asks for a message, for lines, or not.
func TestVerbs(t *testing.T) {
	for _, v := range parser.Verbs {
		dialect, limit := table.Dialects[v.String()], table.Limits[v.String()]
		if dialect == "" {
			dialect = "rfc1081"
		}
		if limit == 0 {
			limit = 255
		}
		if got := v.Dialect().String(); got != dialect {
			t.Errorf("%s is of %s, want %s", v, got, dialect)
		}
		if got, want := v.Capability(), table.Capabilities[v.String()]; got != want {
			t.Errorf("%s is announced as %q, want %q", v, got, want)
		}
		if got := v.Limit(); got != limit || got > parser.MaxLine {
			t.Errorf("%s has lines of %d octets, want %d", v, got, limit)
		}
		if v.AsksContent() != slices.Contains(table.Asking, v.String()) {
			t.Errorf("%s asks for content: %v", v, v.AsksContent())
		}
		if v.AsksLines() != slices.Contains(table.AskingLines, v.String()) {
			t.Errorf("%s asks for lines: %v", v, v.AsksLines())
		}
	}
}

// How each verb is written, with brackets where its arguments may be missing.
func TestSynopses(t *testing.T) {
	for v, want := range map[parser.Verb]string{
		parser.VerbQuit:        "QUIT",
		parser.VerbTop:         "TOP message lines",
		parser.VerbList:        "LIST [message]",
		parser.VerbApop:        "APOP name digest",
		parser.VerbXtndXlst:    "XTND XLST header [message]",
		parser.VerbAuth:        "AUTH [mechanism [response]]",
		parser.NoVerb:          "",
		parser.VerbXtndBboards: "XTND BBOARDS [name]",
	} {
		if got := v.Synopsis(); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
	for _, v := range parser.Verbs {
		if v.Doc() == "" || strings.ContainsAny(v.Doc(), "\n\r") || !strings.HasSuffix(v.Doc(), ".") {
			t.Errorf("%s: %q is no sentence", v, v.Doc())
		}
	}
}
