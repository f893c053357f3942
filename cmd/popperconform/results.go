package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// results tells what became of the tests that have run: "pass", "fail" or "skip".
type results map[testID]string

// decode reads what go test -json writes. Lines that are no JSON, such as a compiler's,
// are passed over; a stream without any test is an error.
func decode(r io.Reader, module string) (results, error) {
	got := results{}
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		var event struct{ Action, Package, Test string }
		if json.Unmarshal(line, &event) == nil && event.Test != "" && !strings.Contains(event.Test, "/") {
			switch event.Action {
			case "pass", "fail", "skip":
				dir := strings.TrimPrefix(strings.TrimPrefix(event.Package, module), "/")
				got[testID{dir, event.Test}] = event.Action
			}
		}
		switch {
		case errors.Is(err, io.EOF) && len(got) == 0:
			return nil, fmt.Errorf("no results of tests: is this what go test -json ./... wrote?")
		case errors.Is(err, io.EOF):
			return got, nil
		case err != nil:
			return nil, err
		}
	}
}

// cell sums up what became of the tests of one requirement. "pass": some test ran and none
// failed. Those that did otherwise than the rest are named.
func (r results) cell(tests []test) string {
	by := map[string][]string{}
	for _, t := range tests {
		by[r[t.testID]] = append(by[r[t.testID]], t.String())
	}
	var words []string
	if by["pass"] != nil && by["fail"] == nil {
		words = append(words, "pass")
	}
	for _, k := range []struct{ action, word string }{{"fail", "fail"}, {"skip", "skipped"}, {"", "not run"}} {
		switch n := len(by[k.action]); {
		case n == 0:
		case n == len(tests):
			words = append(words, k.word)
		default:
			words = append(words, k.word+": "+strings.Join(by[k.action], ", "))
		}
	}
	return strings.Join(words, "; ")
}
