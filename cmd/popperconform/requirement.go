package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// requirement is an entry of docs/requirements.md.
type requirement struct {
	id      string
	level   string // M, S or O
	name    string
	section string
	built   bool
}

// idShape is what an id looks like: the document, the subject, a number. A new kind of
// document has to be added here.
const idShape = `(?:R[0-9]{4}|BERK|UPD|MBOX|LOCK)(?:-[A-Z][A-Z0-9]*)*-[0-9]+`

var (
	entryShape = regexp.MustCompile(`^- (` + idShape + `) ([MSO])( \(not built yet\))? \*\*([^*|]+)\*\*: .`)

	// A letter, digit or hyphen in front belongs to another word.
	idInText = regexp.MustCompile(`(?:^|[^-A-Za-z0-9])(` + idShape + `)\b`)

	// What a search for the id would not find.
	shortened = regexp.MustCompile(idShape + `(?:(?:, ?| and | or )-[0-9]+|(?: to |\.\.)(?:-?[0-9]+|` + idShape + `))\b`)
)

// readRequirements returns the entries in their order, and what is wrong with the page.
func readRequirements(root string) (list []requirement, faults []string, err error) {
	text, err := os.ReadFile(filepath.Join(root, requirementsPage))
	if err != nil {
		return nil, nil, err
	}
	section, seen := "", map[string]bool{}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		wrong := func(what string) { faults = append(faults, fmt.Sprintf("%s:%d: %s", requirementsPage, n, what)) }
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = strings.TrimSpace(title)
		}
		if !strings.HasPrefix(line, "- ") {
			continue
		}
		m := entryShape.FindStringSubmatch(line)
		switch {
		case m == nil:
			wrong("not of the form - ID LEVEL [(not built yet)] **name**: text")
		case section == "":
			wrong(m[1] + " stands before the first heading with ##")
		case seen[m[1]]:
			wrong(m[1] + " is there twice")
		default:
			seen[m[1]] = true
			list = append(list, requirement{m[1], m[2], m[4], section, m[3] == ""})
		}
	}
	return list, faults, nil
}

// ids returns those that text names, each once for each place.
func ids(text string) (found []string) {
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "-") {
			continue // most lines: regular expressions are slow
		}
		for _, m := range idInText.FindAllStringSubmatch(line, -1) {
			found = append(found, m[1])
		}
	}
	return found
}
