// Package oracle says, slowly and in another way, what the generated parsers
// should say: with regular expressions, big numbers and whole lines in memory.
// It shares no code with package parser. An octet is looked at as the rune of
// the same number, so that regular expressions can speak of octets.
package oracle

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

type command struct {
	verb  string
	limit int    // octets of a line of its own; 0: maxCommand
	known string // matches a line that begins with the verb as a word
	line  string // matches a whole line
	args  []argument
}

type argument struct {
	name     string
	min, max string // decimal limits of a number; empty for a text
}

// Verdicts on lines that are no command.
const (
	Unknown   = "unknown"
	Malformed = "malformed"
	TooLong   = "toolong"
)

type compiled struct {
	command
	knownRE, lineRE *regexp.Regexp
}

var (
	table     = compile()
	separator = regexp.MustCompile(separatorLine)
)

func compile() (out []compiled) {
	for _, c := range commands {
		out = append(out, compiled{c, regexp.MustCompile(c.known), regexp.MustCompile(c.line)})
	}
	return out
}

// Lines gives a verdict on each complete line of in: TooLong, Unknown,
// Malformed, or the command with its arguments, such as
//
//	TOP message=1 lines=10
//	PASS secret="tanstaaf"
func Lines(in []byte) (verdicts []string) {
	lines := strings.SplitAfter(string(in), "\n")
	for _, l := range lines[:len(lines)-1] {
		verdicts = append(verdicts, verdict(l))
	}
	return verdicts
}

func verdict(line string) string {
	text := runes(line)
	known := false
	for _, c := range table {
		if len(line) > max(maxCommand, c.limit) {
			continue
		}
		known = known || c.knownRE.MatchString(text)
		if m := c.lineRE.FindStringSubmatch(text); m != nil {
			if s, ok := c.render(m[1:]); ok {
				return s
			}
		}
	}
	if len(line) > maxCommand {
		return TooLong
	}
	if known {
		return Malformed
	}
	return Unknown
}

// render writes c with its arguments. It is not ok if a number is out of its range.
func (c compiled) render(values []string) (s string, ok bool) {
	s = c.verb
	for i, a := range c.args {
		switch {
		case values[i] == "":
		case a.max == "":
			s += fmt.Sprintf(" %s=%q", a.name, octets(values[i]))
		default:
			n := number(values[i])
			if n.Cmp(number(a.min)) < 0 || n.Cmp(number(a.max)) > 0 {
				return "", false
			}
			s += fmt.Sprintf(" %s=%s", a.name, n)
		}
	}
	return s, true
}

func number(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic("oracle: the expression let " + s + " pass as a number")
	}
	return n
}

// Separator tells whether line is a separator line; its line end is left out.
func Separator(line []byte) bool {
	return len(line) <= maxSeparator && separator.MatchString(runes(string(line)))
}

func runes(s string) string {
	out := make([]rune, len(s))
	for i := range len(s) {
		out[i] = rune(s[i])
	}
	return string(out)
}

func octets(s string) string {
	var out []byte
	for _, r := range s {
		out = append(out, byte(r))
	}
	return string(out)
}
