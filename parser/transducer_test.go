package parser_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"popper/fuzz/table"
	"popper/parser"
)

// The laws of the transducers, against definitions by hand with whole strings.

// pieces cuts m at the places where cuts has a bit.
func pieces(m string, cuts uint) (out []string) {
	from := 0
	for i := 1; i < len(m); i++ {
		if cuts>>(i-1)&1 == 1 {
			out = append(out, m[from:i])
			from = i
		}
	}
	return append(out, m[from:])
}

func stuff(in []string) string {
	var t parser.Stuffer
	var out []byte
	for _, p := range in {
		out = t.Append(out, []byte(p))
	}
	return string(t.End(out))
}

func normalise(in []string) string {
	var t parser.Normaliser
	var out []byte
	for _, p := range in {
		out = t.Append(out, []byte(p))
	}
	return string(t.End(out))
}

func unquote(in []string) string {
	var t parser.Unquoter
	var out []byte
	for _, p := range in {
		out = t.Append(out, []byte(p))
	}
	return string(t.End(out))
}

func quote(in []string) string {
	var t parser.Quoter
	var out []byte
	for _, p := range in {
		out = t.Append(out, []byte(p))
	}
	return string(t.End(out))
}

func oldQuote(in []string) string {
	var t parser.OldQuoter
	var out []byte
	for _, p := range in {
		out = t.Append(out, []byte(p))
	}
	return string(t.End(out))
}

// unstuff gives the message and what is left behind its end.
func unstuff(in []string) (m, rest string, done bool) {
	var t parser.Unstuffer
	var out []byte
	for i, p := range in {
		var n int
		if out, n, done = t.Append(out, []byte(p)); done {
			return string(out), p[n:] + strings.Join(in[i+1:], ""), true
		}
	}
	return string(out), "", false
}

func checkTransducers(t interface{ Fatalf(string, ...any) }, m string, cut func(string) []string) {
	s := stuff(cut(m))
	if want := table.Stuffed(m); s != want {
		t.Fatalf("stuff(%q) = %q, want %q", m, s, want)
	}
	if k := strings.Index("\r\n"+s, "\r\n.\r\n"); k != len(s)-3 {
		t.Fatalf("stuff(%q) = %q ends at %d", m, s, k)
	}
	back, rest, done := unstuff(cut(s + "QUIT\r\n"))
	if back != table.Normal(m) || rest != "QUIT\r\n" || !done {
		t.Fatalf("unstuff(stuff(%q)) = %q, %q, %v", m, back, rest, done)
	}
	if got := normalise(cut(m)); got != table.Normal(m) {
		t.Fatalf("normalise(%q) = %q", m, got)
	}
	checkQuoting(t, m, cut)
}

// checkQuoting: MBOX-4.
func checkQuoting(t interface{ Fatalf(string, ...any) }, m string, cut func(string) []string) {
	if got := unquote(cut(m)); got != table.Unquoted(m) {
		t.Fatalf("unquote(%q) = %q, want %q", m, got, table.Unquoted(m))
	}
	q := quote(cut(m))
	if q != table.Quoted(m) {
		t.Fatalf("quote(%q) = %q, want %q", m, q, table.Quoted(m))
	}
	if back := unquote(cut(q)); back != m {
		t.Fatalf("unquote(quote(%q)) = %q", m, back)
	}
	if got := oldQuote(cut(m)); got != table.OldQuoted(m) {
		t.Fatalf("old_quote(%q) = %q, want %q", m, got, table.OldQuoted(m))
	}
}

// every calls f for each string of at most n octets of alphabet.
func every(alphabet string, n int, f func(string)) {
	var grow func([]byte)
	grow = func(s []byte) {
		f(string(s))
		if len(s) == n {
			return
		}
		for i := range len(alphabet) {
			grow(append(s, alphabet[i]))
		}
	}
	grow(make([]byte, 0, n))
}

func whole(s string) []string { return []string{s} }

func single(s string) []string { return pieces(s, ^uint(0)) }

// R1081-LINE-5: unstuff(stuff(m)) = normal(m), for every m of at most 7 octets
// that matter, in one piece and octet by octet.
func TestStuffingExhaustively(t *testing.T) {
	n := 0
	every(".\r\na", 7, func(m string) {
		n++
		checkTransducers(t, m, whole)
		checkTransducers(t, m, single)
	})
	if n != 21845 {
		t.Errorf("%d strings, want 4^0 + … + 4^7", n)
	}
}

// The same for every way to cut strings of at most 5 octets.
func TestStuffingAtEveryCut(t *testing.T) {
	every(".\r\na", 5, func(m string) {
		for cuts := uint(0); cuts < 1<<max(0, len(m)-1); cuts++ {
			checkTransducers(t, m, func(s string) []string { return pieces(s, cuts) })
		}
	})
}

// MBOX-4
func TestQuotingExhaustively(t *testing.T) {
	tokens := []string{">", "F", "From", "From ", "rom ", "\n", "x", "\r\n"}
	every("01234567", 5, func(key string) {
		m := ""
		for _, k := range key {
			m += tokens[k-'0']
		}
		for _, cut := range []func(string) []string{whole, single} {
			checkQuoting(t, m, cut)
		}
	})
}

func TestTransducersByChance(t *testing.T) {
	parts := rapid.SampledFrom([]string{".", "..", "\r", "\n", "\r\n", "\n.\n", ">", ">From ", "From ", "a", "\x00", "\xff",
		strings.Repeat("long ", 100), strings.Repeat("\r", 300), strings.Repeat(".", 300)})
	rapid.Check(t, func(t *rapid.T) {
		m := strings.Join(rapid.SliceOf(parts).Draw(t, "parts"), "")
		cuts := rapid.SliceOf(rapid.IntRange(0, 600)).Draw(t, "cuts")
		checkTransducers(t, m, func(s string) (out []string) {
			for _, c := range cuts {
				c = min(c, len(s))
				out, s = append(out, s[:c]), s[c:]
			}
			return append(out, s)
		})
	})
}

// The buffers of a session rest on this: stuffing at most doubles.
func TestStuffingAtMostDoubles(t *testing.T) {
	every(".\r\na", 6, func(m string) {
		var s parser.Stuffer
		if out := s.Append(nil, []byte(m)); len(out) > 2*len(m) {
			t.Fatalf("%q became %q", m, out)
		}
	})
}

// A message of CRs must not be searched to its end at each of them. Nothing is
// counted or timed here: with a quadratic search the test would not come back
// before go test gives up.
func TestStuffingOfManyCRsIsLinear(t *testing.T) {
	m := bytes.Repeat([]byte("a\r"), 1<<22)
	var s parser.Stuffer
	if out := s.Append(nil, m); !bytes.Equal(out, m) {
		t.Error("CRs were changed")
	}
}
