// Package gen draws inputs for property tests: valid command lines, made from
// the grammar, and lines that are nearly valid, made from those.
package gen

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

type framing struct {
	limit              int
	end, tolerated     string
	gap                class
	trailing, caseless bool
}

// class is a set of octets as spans, both ends included.
type class [][2]byte

func (c class) octet() *rapid.Generator[byte] {
	return rapid.Custom(func(t *rapid.T) byte {
		span := rapid.SampledFrom(c).Draw(t, "span")
		return rapid.ByteRange(span[0], span[1]).Draw(t, "octet")
	})
}

func (c class) octets(most int) *rapid.Generator[[]byte] {
	return rapid.SliceOfN(c.octet(), 1, most)
}

// part draws what follows the words of a command: the gap and an argument.
type part func(t *rapid.T) []byte

const (
	longestArgument = 40 // octets; longer ones are made by mutation
	longestGap      = 3
)

func token(c class) part {
	return func(t *rapid.T) []byte {
		return append(frame.gap.octets(longestGap).Draw(t, "gap"), c.octets(longestArgument).Draw(t, "token")...)
	}
}

func rest(c class) part {
	return func(t *rapid.T) []byte {
		return append([]byte{frame.gap.octet().Draw(t, "gap")}, c.octets(longestArgument).Draw(t, "rest")...)
	}
}

func number(low, high uint64) part {
	return func(t *rapid.T) []byte {
		zeros := strings.Repeat("0", rapid.IntRange(0, 3).Draw(t, "zeros"))
		n := rapid.OneOf(rapid.Uint64Range(low, high), rapid.Uint64Range(low, min(high, low+20)), rapid.Just(low), rapid.Just(high)).Draw(t, "number")
		gap := frame.gap.octets(longestGap).Draw(t, "gap")
		return append(gap, zeros+strconv.FormatUint(n, 10)...)
	}
}

// optional is an argument that may be missing, and then those within its brackets are.
func optional(p part, inner ...part) part {
	return func(t *rapid.T) (out []byte) {
		if !rapid.Bool().Draw(t, "given") {
			return nil
		}
		for _, p := range append([]part{p}, inner...) {
			out = append(out, p(t)...)
		}
		return out
	}
}

func command(words []string, parts ...part) *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		line := []byte(casing(t, words[0]))
		for _, w := range words[1:] {
			line = append(line, frame.gap.octets(longestGap).Draw(t, "gap")...)
			line = append(line, casing(t, w)...)
		}
		for _, p := range parts {
			line = append(line, p(t)...)
		}
		end := frame.end
		if frame.tolerated != "" && rapid.Bool().Draw(t, "tolerated end") {
			end = frame.tolerated
		}
		return append(line, end...)
	})
}

func casing(t *rapid.T, word string) string {
	if !frame.caseless {
		return word
	}
	out := []byte(word)
	for i := range out {
		if rapid.Bool().Draw(t, "small") {
			out[i] = strings.ToLower(word[i : i+1])[0]
		}
	}
	return string(out)
}

// Line draws a valid command line.
func Line() *rapid.Generator[[]byte] {
	var all []*rapid.Generator[[]byte]
	for _, k := range slices.Sorted(maps.Keys(Lines)) { // in order, so that a draw can be repeated
		all = append(all, Lines[k])
	}
	return rapid.OneOf(all...)
}

// NearLine draws a line with a few octets changed, doubled or taken out, so
// that most are wrong, by little.
func NearLine() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		line := Line().Draw(t, "line")
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			line = mutate(t, line)
		}
		return line
	})
}

func mutate(t *rapid.T, line []byte) []byte {
	if len(line) == 0 {
		return line
	}
	at := rapid.IntRange(0, len(line)-1).Draw(t, "at")
	out := append([]byte(nil), line[:at]...)
	switch rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		out = append(out, rapid.Byte().Draw(t, "octet"))
	case 1:
		out = append(out, rapid.SampledFrom([]byte(" \t\r\n\x000919")).Draw(t, "octet"), line[at])
	case 2: // taken out
	case 3:
		for range rapid.IntRange(1, frame.limit).Draw(t, "times") {
			out = append(out, line[at])
		}
	}
	return append(out, line[at+1:]...)
}
