// Package gen draws inputs for property tests: valid command lines, made from
// the grammar, and lines that are nearly valid, made from those.
package gen

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

type framing struct {
	limit, longest int // octets of a line of most commands, and of any
	end, tolerated string
	gap            class
	caseless       bool
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

// piece is a gap and an argument. Its first octet may be repeated without making the line
// invalid; its last one too, if it is elastic.
type piece struct {
	octets  []byte
	elastic bool
}

// part draws the pieces that follow the words of a command.
type part func(t *rapid.T) []piece

const (
	longestArgument = 40 // octets of most; one is stretched in some lines
	longestGap      = 3
)

func token(c class) part {
	return func(t *rapid.T) []piece {
		return []piece{{append(frame.gap.octets(longestGap).Draw(t, "gap"), c.octets(longestArgument).Draw(t, "token")...), true}}
	}
}

func rest(c class) part {
	return func(t *rapid.T) []piece {
		return []piece{{append([]byte{frame.gap.octet().Draw(t, "gap")}, c.octets(longestArgument).Draw(t, "rest")...), true}}
	}
}

func number(low, high uint64) part {
	return func(t *rapid.T) []piece {
		zeros := strings.Repeat("0", rapid.IntRange(0, 3).Draw(t, "zeros"))
		n := rapid.OneOf(rapid.Uint64Range(low, high), rapid.Uint64Range(low, min(high, low+20)), rapid.Just(low), rapid.Just(high)).Draw(t, "number")
		gap := frame.gap.octets(longestGap).Draw(t, "gap")
		return []piece{{append(gap, zeros+strconv.FormatUint(n, 10)...), false}}
	}
}

// optional is an argument that may be missing, and then those within its brackets are.
func optional(p part, inner ...part) part {
	return func(t *rapid.T) (out []piece) {
		if !rapid.Bool().Draw(t, "given") {
			return nil
		}
		for _, p := range append([]part{p}, inner...) {
			out = append(out, p(t)...)
		}
		return out
	}
}

// trailing are blanks before the line end, or none.
func trailing() part {
	return func(t *rapid.T) []piece {
		if rapid.IntRange(0, 2).Draw(t, "trailing blanks") > 0 {
			return nil
		}
		return []piece{{frame.gap.octets(longestGap).Draw(t, "blanks"), true}}
	}
}

// command draws lines of a command of so many octets at most.
func command(limit int, words []string, parts ...part) *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		line := []byte(casing(t, words[0]))
		for _, w := range words[1:] {
			line = append(line, frame.gap.octets(longestGap).Draw(t, "gap")...)
			line = append(line, casing(t, w)...)
		}
		var pieces []piece
		for _, p := range parts {
			pieces = append(pieces, p(t)...)
		}
		end := frame.end
		if frame.tolerated != "" && rapid.Bool().Draw(t, "tolerated end") {
			end = frame.tolerated
		}
		room := limit - len(line) - len(end)
		for _, p := range pieces {
			room -= len(p.octets)
		}
		if len(pieces) > 0 && rapid.IntRange(0, 3).Draw(t, "stretched") == 0 {
			stretch(t, &pieces[rapid.IntRange(0, len(pieces)-1).Draw(t, "piece")], room, limit)
		}
		for _, p := range pieces {
			line = append(line, p.octets...)
		}
		return append(line, end...)
	})
}

// stretch repeats an octet of p. There is room for so many, and the lines that matter have
// nearly as many octets as they may have, or a few more than others may have.
func stretch(t *rapid.T, p *piece, room, limit int) {
	beyond := max(0, room-(limit-frame.limit)) // would fill a line of any other command
	n := rapid.OneOf(rapid.IntRange(0, room), rapid.IntRange(max(0, room-3), room),
		rapid.IntRange(max(0, beyond-3), min(room, beyond+3))).Draw(t, "more octets")
	if p.elastic && rapid.Bool().Draw(t, "the last") {
		p.octets = append(p.octets, bytes.Repeat(p.octets[len(p.octets)-1:], n)...)
	} else {
		p.octets = append(bytes.Repeat(p.octets[:1], n), p.octets...)
	}
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
		short, long := rapid.IntRange(1, frame.limit), rapid.IntRange(frame.longest-frame.limit, frame.longest+frame.limit)
		times := rapid.OneOf(short, short, short, long).Draw(t, "times")
		out = append(out, bytes.Repeat(line[at:at+1], times)...)
	}
	return append(out, line[at+1:]...)
}
