// Package fuzz holds the bodies of the fuzz targets. Each is a function of
// octets that panics when a rule is broken, so that three engines can share it:
// go test replays the corpus through it, go test -fuzz and go-fuzz search with
// it (the native targets are in native_test.go; go-fuzz calls the bodies as they
// are). The result is what go-fuzz wants: 1 for an input worth keeping, else 0.
package fuzz

import (
	"bytes"
	"fmt"
	"slices"

	"popper/fuzz/oracle"
	"popper/fuzz/verdict"
	"popper/parser"
)

// must panics if a rule is broken.
func must(ok bool, format string, args ...any) {
	if !ok {
		panic(fmt.Sprintf(format, args...))
	}
}

func worth(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

// FuzzCommandLine compares the parser with the oracle, in one piece and in
// pieces whose sizes the input decides, and parses again what it writes. R1081-LINE-1,
// R1081-LINE-2, R1081-NUM-1, R2449-LINE-8.
func FuzzCommandLine(data []byte) int {
	want := oracle.Lines(data)
	got := verdict.Lines(data)
	must(slices.Equal(got, want), "%q: parser says %q, oracle %q", data, got, want)
	sizes := make([]int, len(data))
	for i, c := range data {
		sizes[i] = int(c)%7 + 1
	}
	got = verdict.Lines(data, sizes...)
	must(slices.Equal(got, want), "%q in pieces of %v: parser says %q, oracle %q", data, sizes, got, want)
	good := false
	for rest := data; len(rest) > 0; {
		var p, q parser.CommandParser
		n, r := p.Parse(rest)
		if r == parser.More {
			break
		}
		if rest = rest[n:]; r == parser.Parsed {
			good = true
			again := parser.AppendCommand(nil, &p.Command)
			if n == p.Verb.Limit() && len(again) == n+1 {
				continue // it ended with LF, and with CRLF it is too long
			}
			_, r = q.Parse(again)
			a, b := verdict.Of(&p.Command, parser.Parsed), verdict.Of(&q.Command, r)
			must(a == b, "%s, written as %q, was read as %s", a, again, b)
		}
	}
	return worth(good)
}

// FuzzSeparator compares the recogniser of separator lines with the oracle. MBOX-1.
func FuzzSeparator(data []byte) int {
	line, _, _ := bytes.Cut(data, []byte{'\n'})
	got, want := parser.IsSeparator(line), oracle.Separator(line)
	must(got == want, "%q: recogniser says %v, oracle %v", line, got, want)
	return worth(got)
}

// FuzzStuffing checks the laws of the transducers, the message being cut in
// pieces whose sizes its octets decide. R1081-LINE-5, MBOX-4.
func FuzzStuffing(data []byte) int {
	var stuff parser.Stuffer
	var normal parser.Normaliser
	var stuffed, want []byte
	for rest := data; len(rest) > 0; {
		k := min(int(rest[0])%9+1, len(rest))
		stuffed = stuff.Append(stuffed, rest[:k])
		rest = rest[k:]
	}
	stuffed = stuff.End(stuffed)
	want = normal.End(normal.Append(nil, data))
	lines := append([]byte("\r\n"), stuffed...)
	must(bytes.Index(lines, []byte("\r\n.\r\n")) == len(stuffed)-3, "%q: stuffed as %q, ends early", data, stuffed)
	must(!bytes.Contains(bytes.ReplaceAll(stuffed, []byte("\r\n"), nil), []byte("\n")), "%q: a bare LF was sent: %q", data, stuffed)

	var unstuff parser.Unstuffer
	var got []byte
	done := false
	for rest := stuffed; len(rest) > 0; {
		k := min(int(rest[0])%5+1, len(rest))
		var n int
		got, n, done = unstuff.Append(got, rest[:k])
		must(n == k || done, "the un-stuffer left octets: %d of %d", n, k)
		rest = rest[n:]
		must(!done || len(rest) == 0, "%q: %q ends before %q", data, stuffed, rest)
	}
	must(done, "%q: %q does not end", data, stuffed)
	must(bytes.Equal(got, want), "unstuff(stuff(%q)) = %q, want %q", data, got, want)
	checkQuoting(data)
	return worth(len(stuffed) > len(want)+3)
}

// checkQuoting: un-quoting undoes quoting, and pieces make no difference (MBOX-4).
func checkQuoting(data []byte) {
	var q, r parser.Quoter
	whole := q.End(q.Append(nil, data))
	pieces := r.End(inPieces(data, r.Append))
	must(bytes.Equal(pieces, whole), "%q quoted in pieces: %q, whole: %q", data, pieces, whole)
	must(!bytes.Contains(append([]byte("\n"), whole...), []byte("\nFrom ")), "%q quoted: %q", data, whole)

	var u, v, w parser.Unquoter
	back := u.End(inPieces(whole, u.Append))
	must(bytes.Equal(back, data), "unquote(quote(%q)) = %q", data, back)
	once := v.End(inPieces(data, v.Append))
	want := w.End(w.Append(nil, data))
	must(bytes.Equal(once, want), "%q un-quoted in pieces: %q, whole: %q", data, once, want)

	var o parser.OldQuoter
	var x parser.Unquoter
	old := o.End(inPieces(data, o.Append))
	old = x.End(x.Append(nil, old))
	must(bytes.Equal(old, want), "unquote(old_quote(%q)) = %q, want %q", data, old, want)
}

// inPieces puts data through a transducer in pieces whose sizes its octets decide.
func inPieces(data []byte, step func(dst, src []byte) []byte) (out []byte) {
	for rest := data; len(rest) > 0; {
		k := min(int(rest[0])%6+1, len(rest))
		out = step(out, rest[:k])
		rest = rest[k:]
	}
	return out
}
