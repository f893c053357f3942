// Package verdict writes what became of command lines in the words of the
// hand-written tables and of the oracle, so that they can be compared.
package verdict

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"popper/parser"
)

// Of writes what Parse said of one line.
func Of(k *parser.Command, r parser.Result) string {
	if r != parser.Parsed {
		return r.String()
	}
	fields := reflect.ValueOf(*k)
	var args []string
	// behind Verb and Args there is one field for each bit of Args
	for i := 2; i < fields.NumField(); i++ {
		if !k.Has(1 << (i - 2)) {
			continue
		}
		name := strings.ToLower(fields.Type().Field(i).Name)
		if text, ok := fields.Field(i).Interface().([]byte); ok {
			args = append(args, fmt.Sprintf("%s=%q", name, text))
		} else {
			args = append(args, fmt.Sprintf("%s=%d", name, fields.Field(i).Uint()))
		}
	}
	if k.Verb == parser.VerbXtndXlst { // the one whose arguments are in another order than the fields
		slices.Reverse(args)
	}
	return strings.Join(append([]string{k.Verb.String()}, args...), " ")
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
