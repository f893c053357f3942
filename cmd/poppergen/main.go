// Command poppergen reads grammar files and writes the code that follows from
// them. It is run by go generate; see parser/generate.go.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"popper/grammar"
	"popper/grammar/emit"
)

func main() {
	root := flag.String("o", ".", "`directory` of the module, below which the files are written")
	show := flag.String("print", "", "print one `stage` instead: nfa, dfa, lines or transducers")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: poppergen [flags] FILE.popper...")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(64) // EX_USAGE
	}
	if err := run(*root, *show, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root, show string, paths []string) error {
	m, err := grammar.Load(paths...)
	if err != nil {
		return err
	}
	if show != "" {
		return printStage(m, show)
	}
	files, err := emit.All(m)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := write(filepath.Join(root, f.Path), f.Text); err != nil {
			return err
		}
	}
	return nil
}

// write leaves a file alone that is as it should be, so that its time tells
// when it last changed.
func write(path string, text []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func printStage(m *grammar.Model, stage string) error {
	switch stage {
	case "nfa":
		fmt.Print(m.CommandNFA)
	case "dfa":
		fmt.Print(m.CommandDFA)
	case "lines":
		for _, l := range m.Lines {
			fmt.Printf("line %s\nregexp %s\n%s", l.Name, l.Regexp, l.DFA)
		}
	case "transducers":
		for _, t := range m.Transducers {
			fmt.Print(t)
		}
	default:
		return fmt.Errorf("poppergen: there is no stage %q: say nfa, dfa, lines or transducers", stage)
	}
	return nil
}
