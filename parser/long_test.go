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

// bounded parses in with a buffer of so many octets, which is filled by pieces of the given
// sizes, the last of them again and again. It is stuck if the buffer is full of a line
// that Parse neither reads nor discards.
func bounded(in []byte, size int, sizes ...int) (verdicts []string, stuck []byte) {
	var p parser.CommandParser
	buf := make([]byte, 0, size)
	for len(in) > 0 {
		k := min(len(in), cap(buf)-len(buf), sizes[0])
		if k == 0 {
			return verdicts, buf
		}
		if len(sizes) > 1 {
			sizes = sizes[1:]
		}
		buf, in = append(buf, in[:k]...), in[k:]
		for {
			n, r := p.Parse(buf)
			if r != parser.More {
				verdicts = append(verdicts, verdict.Of(&p.Command, r))
			}
			buf = buf[:copy(buf, buf[n:])]
			if r == parser.More {
				break
			}
		}
	}
	return verdicts, nil
}

// lines draws some lines, each valid, nearly, or of octets that are long in the wrong place.
func lines(t *rapid.T) []byte {
	long := rapid.Custom(func(t *rapid.T) []byte {
		n := rapid.OneOf(rapid.IntRange(200, 300), rapid.IntRange(300, 20000), rapid.IntRange(16350, 16400)).Draw(t, "octets")
		line := append([]byte("AUTH PLAIN "), bytes.Repeat([]byte("x"), n)...)
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			line[rapid.IntRange(0, len(line)-1).Draw(t, "at")] = rapid.SampledFrom([]byte(" \t\r\n\x00=!x")).Draw(t, "octet")
		}
		return append(line, rapid.SampledFrom([]string{"\r\n", "\n", "\r\r\n", ""}).Draw(t, "end")...)
	})
	some := rapid.SliceOfN(rapid.OneOf(gen.Line(), gen.NearLine(), long), 0, 4).Draw(t, "lines")
	return append(bytes.Join(some, nil), "QUIT\r\n"...)
}

// R1081-LINE-4, R2449-LINE-8, R5034-AUTH-1: a buffer of MaxLine octets is enough for any
// line, however it comes, and makes no difference to what is read.
func TestMaxLineIsEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := lines(t)
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(1, 20000), rapid.Just(parser.MaxLine)), 1, -1).Draw(t, "sizes")
		sizes = append(sizes, max(100, sizes[len(sizes)-1]))
		got, stuck := bounded(in, parser.MaxLine, sizes...)
		if want := oracle.Lines(in); stuck != nil || !slices.Equal(got, want) {
			t.Fatalf("%.300q\n got %.300q\nwant %.300q\nstuck with %d octets", in, got, want, len(stuck))
		}
	})
}

// A buffer of MaxCommand octets is enough for all but the verbs with a limit of their own.
func TestMaxCommandIsEnoughForMost(t *testing.T) {
	stuck := false
	for _, c := range table.Lines {
		got, rest := bounded([]byte(c.In), parser.MaxCommand, 100)
		if rest == nil {
			if !slices.Equal(got, c.Want) {
				t.Errorf("%s: got %.300q, want %.300q", c.Name, got, c.Want)
			}
			continue
		}
		stuck = true
		if word, _, _ := strings.Cut(strings.ReplaceAll(string(rest), "\t", " "), " "); table.Limits[strings.ToUpper(word)] == 0 {
			t.Errorf("%s: stuck with %.60q", c.Name, rest)
		}
	}
	if !stuck {
		t.Error("no line was longer: the test shows nothing")
	}
}

// R1081-LINE-4: the longest line, one octet after the other, is read once, when its end
// has come; one octet more, and it is discarded as it comes.
func TestLongestLineOctetByOctet(t *testing.T) {
	for over, want := range map[int]string{0: "AUTH", 1: "toolong"} {
		line := []byte("AUTH PLAIN " + strings.Repeat("x", parser.MaxLine-len("AUTH PLAIN \r\n")+over) + "\r\n")
		got, stuck := bounded(append(line, "NOOP\r\n"...), parser.MaxLine, 1)
		if stuck != nil || len(got) != 2 || !strings.HasPrefix(got[0], want) || got[1] != "NOOP" {
			t.Errorf("%d octets: %.40q, stuck with %d", len(line), got, len(stuck))
		}
	}
}

// What stands behind a long line in the buffer is neither read nor written over.
func TestTextsOfALongLineEndWithIt(t *testing.T) {
	in := []byte("AUTH PLAIN " + strings.Repeat("x", 400) + "\r\nQUIT\r\n")
	var p parser.CommandParser
	n, r := p.Parse(in)
	if r != parser.Parsed || n != 413 || len(p.Response) != 400 || cap(p.Response) != 400 || cap(p.Mechanism) != len("PLAIN") {
		t.Fatalf("%v after %d octets, a response of %d octets and room for %d", r, n, len(p.Response), cap(p.Response))
	}
	_ = append(p.Response, "STAT"...)
	if !bytes.HasSuffix(in, []byte("\r\nQUIT\r\n")) {
		t.Errorf("%q", in[400:])
	}
}
