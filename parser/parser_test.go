package parser_test

import (
	"bytes"
	"slices"
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
		for _, size := range []int{1, 2, 3, 7, 64, 255, 256} {
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
		sizes := rapid.SliceOf(rapid.IntRange(1, 300)).Draw(t, "sizes")
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

// R1081-USER-1, R1081-PASS-1, R1081-QUIT-1, R1081-QUIT-2, R1081-STATE-1
func TestStates(t *testing.T) {
	type from struct{ state, verb, with string }
	want := map[from]map[bool]string{}
	for _, s := range table.Steps {
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
			for with, arg := range map[string]parser.Arg{"": 0, "name": parser.ArgName} {
				for ok, to := range want[from{s.String(), v.String(), with}] {
					if got := s.Next(&parser.Command{Verb: v, Args: arg}, ok); got.String() != to {
						t.Errorf("%s, %s %s, success %v: got %s, want %s", s, v, with, ok, got, to)
					}
				}
			}
		}
	}
}

// Each verb is of the dialect that the documents say, and asks for a message or not.
func TestDialects(t *testing.T) {
	for _, v := range parser.Verbs {
		want := table.Dialects[v.String()]
		if want == "" {
			want = "rfc1081"
		}
		if got := v.Dialect().String(); got != want {
			t.Errorf("%s is of %s, want %s", v, got, want)
		}
		if v.AsksContent() != slices.Contains(table.Asking, v.String()) {
			t.Errorf("%s asks for content: %v", v, v.AsksContent())
		}
	}
}
