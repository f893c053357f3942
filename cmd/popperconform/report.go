package main

import (
	"fmt"
	"regexp"
	"strings"
)

const reportHead = `# Which test shows which requirement

Written by ` + "`make conformance`" + ` from [requirements.md](requirements.md), from the ids that tests
cite, and from what became of those tests when it ran last; do not edit. A test that is not
named beside the result has passed.

M: must hold. S: should hold. O: optional feature.
`

// report is the page, with the results given.
func (t *tree) report(r results) string {
	var b strings.Builder
	b.WriteString(reportHead)
	section := ""
	for _, q := range t.requirements {
		if q.section != section {
			section = q.section
			fmt.Fprintf(&b, "\n## %s\n\n| Id | Level | What | Tests | Result |\n|---|---|---|---|---|\n", section)
		}
		var links []string
		for _, test := range t.tests[q.id] {
			links = append(links, fmt.Sprintf("[%s](../%s)", test, test.file))
		}
		result := "not built yet"
		if q.built {
			result = r.cell(t.tests[q.id])
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", q.id, q.level, q.name, strings.Join(links, ", "), result)
	}
	return b.String()
}

var (
	rowShape  = regexp.MustCompile(`(?m)^(\| \S+ \| [MSO] \| .+ \|) (.*) \| ([^|]*) \|$`)
	linkShape = regexp.MustCompile(`\[(\S+)\.([^.\s]+)\]\(`)
)

// resultsOf reads a page that report wrote.
func resultsOf(page string) results {
	r := results{}
	actions := map[string]string{"pass": "pass", "fail": "fail", "skipped": "skip", "not run": ""}
	for _, row := range rowShape.FindAllStringSubmatch(page, -1) {
		links := linkShape.FindAllStringSubmatch(row[2], -1)
		for _, part := range append([]string{"pass"}, strings.Split(row[3], "; ")...) {
			word, list, some := strings.Cut(part, ": ")
			for _, l := range links {
				if !some || strings.Contains(", "+list+", ", ", "+l[1]+"."+l[2]+", ") {
					r[testID{l[1], l[2]}] = actions[word]
				}
			}
		}
	}
	return r
}

// stale tells whether page, of which only the results may differ, is not what was written.
func stale(old, page string) []string {
	was, is := withoutResults(old), withoutResults(page)
	for i, line := range is {
		if i >= len(was) || was[i] != line {
			return []string{fmt.Sprintf("%s:%d: is not what requirements and tests say now: run make conformance, or go run ./cmd/popperconform, which keeps the results", conformancePage, i+1)}
		}
	}
	if len(was) > len(is) {
		return []string{fmt.Sprintf("%s:%d: too long: run make conformance", conformancePage, len(is)+1)}
	}
	return nil
}

func withoutResults(page string) []string {
	return strings.Split(rowShape.ReplaceAllString(page, "$1 $2 |"), "\n")
}
