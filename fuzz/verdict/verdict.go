// Package verdict writes what became of command lines in the words of the
// hand-written tables and of the oracle, so that they can be compared.
package verdict

import (
	"fmt"
	"reflect"
	"strings"

	"popper/parser"
)

// Of writes what Parse said of one line.
func Of(k *parser.Command, r parser.Result) string {
	if r != parser.Parsed {
		return r.String()
	}
	out := k.Verb.String()
	for _, name := range arguments(k.Verb) {
		field := field(k, name)
		if !k.Has(1 << (field.Index[0] - 2)) { // behind Verb and Args there is one field for each bit of Args
			continue
		}
		switch v := reflect.ValueOf(*k).FieldByIndex(field.Index).Interface().(type) {
		case []byte:
			out += fmt.Sprintf(" %s=%q", name, v)
		default:
			out += fmt.Sprintf(" %s=%d", name, v)
		}
	}
	return out
}

// arguments are the names of v's arguments, in the order in which they are written;
// that of Command's fields is another, since several verbs share them.
func arguments(v parser.Verb) []string {
	words := strings.FieldsFunc(v.Synopsis(), func(c rune) bool { return strings.ContainsRune(" []", c) })
	return words[len(strings.Fields(v.String())):]
}

// field is the one in which k holds the argument name.
func field(k *parser.Command, name string) reflect.StructField {
	exported := strings.ReplaceAll(name, "_", "")
	f, ok := reflect.TypeOf(*k).FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, exported) })
	if !ok {
		panic("verdict: parser.Command has no field for " + name)
	}
	return f
}

// Lines parses in, which comes in pieces of the given sizes and, when these
// are used up, in one last piece. What Parse does not discard stays at the
// front of the buffer, as a session keeps it.
func Lines(in []byte, sizes ...int) (verdicts []string) {
	var p parser.CommandParser
	var buf []byte
	for len(in) > 0 {
		k := len(in)
		if len(sizes) > 0 {
			k, sizes = min(k, sizes[0]), sizes[1:]
		}
		buf = append(buf, in[:k]...)
		in = in[k:]
		for {
			n, r := p.Parse(buf)
			buf = buf[n:]
			if r == parser.More {
				break
			}
			verdicts = append(verdicts, Of(&p.Command, r))
		}
	}
	return verdicts
}

// Each is sizes for pieces of k octets each, enough for n octets.
func Each(k, n int) []int {
	sizes := make([]int, n/k+1)
	for i := range sizes {
		sizes[i] = k
	}
	return sizes
}
