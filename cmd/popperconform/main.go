// Command popperconform tells which test shows which requirement.
//
//	popperconform -check                  says what is amiss, and writes nothing
//	popperconform                         writes docs/conformance.md, with the results that it had
//	popperconform -results build/x.json   ... with those that go test -json gave ("-": standard input)
//
// The requirements are those of docs/requirements.md. Tests name them by their ids; cite.go
// says where. A requirement of what is built that no test names is a fault, and so is an
// id that is no requirement, wherever it stands in the source.
//
// Residual risk: that a test names a requirement does not prove that it shows it. Whoever
// reads the report can look, since each test is named.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// pages of the documentation, in a tree.
const (
	requirementsPage = "docs/requirements.md"
	conformancePage  = "docs/conformance.md"
)

func main() {
	root := flag.String("root", ".", "`directory` of the module")
	check := flag.Bool("check", false, "only say what is amiss")
	from := flag.String("results", "", "`file` with what go test -json wrote, or - for standard input")
	flag.Parse()
	if flag.NArg() > 0 || *check && *from != "" {
		flag.Usage()
		os.Exit(64) // EX_USAGE
	}
	faults, err := run(*root, *check, *from)
	if err != nil {
		fmt.Fprintln(os.Stderr, "popperconform:", err)
		os.Exit(1)
	}
	for _, f := range faults {
		fmt.Fprintln(os.Stderr, f)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
}

// run returns the faults of the tree, having written the report unless check.
func run(root string, check bool, from string) (faults []string, err error) {
	t, err := readTree(root)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, conformancePage)
	old, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	result := resultsOf(string(old))
	if from != "" {
		if result, err = readResults(from, t.module); err != nil {
			return nil, err
		}
	}
	page := t.report(result)
	if check {
		return append(t.faults(), stale(string(old), page)...), nil
	}
	return t.faults(), os.WriteFile(path, []byte(page), 0o644)
}

// readResults reads the file, or standard input.
func readResults(from, module string) (results, error) {
	if from == "-" {
		return decode(os.Stdin, module)
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return decode(f, module)
}
