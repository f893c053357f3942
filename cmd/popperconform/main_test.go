package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("AS_POPPERCONFORM") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Each requirement of what is built has a test that cites it, nothing cites what is no
// requirement, and the report names the tests that there are.
func TestRepository(t *testing.T) {
	faults, err := run("../..", true, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Error(f)
	}
}

// copied is a copy of a tree of testdata.
func copied(t *testing.T, name string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS("testdata/"+name)); err != nil {
		t.Fatal(err)
	}
	return root
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// change edits a file of the tree.
func change(t *testing.T, path, from, to string) {
	t.Helper()
	text := read(t, path)
	if !strings.Contains(text, from) {
		t.Fatalf("no %q in %s", from, path)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, from, to)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// faultless runs the tool on a tree in which nothing is amiss.
func faultless(t *testing.T, root string, check bool, results string) {
	t.Helper()
	faults, err := run(root, check, results)
	if err != nil || len(faults) > 0 {
		t.Fatalf("%q %v", faults, err)
	}
}

// What is cited where, what became of it, and that results are kept.
func TestGoodTree(t *testing.T) {
	root := copied(t, "good")
	page := filepath.Join(root, conformancePage)
	want := read(t, page)
	if err := os.Remove(page); err != nil {
		t.Fatal(err)
	}
	faultless(t, root, false, filepath.Join(root, "results.json"))
	if got := read(t, page); got != want {
		t.Fatalf("got %s\nwant %s", got, want)
	}
	faultless(t, root, true, "")
	faultless(t, root, false, "")
	if got := read(t, page); got != want {
		t.Fatalf("without new results: got %s\nwant %s", got, want)
	}
}

// A report is stale when tests come, go, or move, or a requirement is worded anew, and
// not when results differ.
func TestStale(t *testing.T) {
	for name, c := range map[string]struct{ file, from, to string }{
		"test renamed":     {"code/code_test.go", "TestBody", "TestBodies"},
		"citation gone":    {"code/code_test.go", ",BERK-BODY", ",XBERK-BODY"},
		"name of a rule":   {requirementsPage, "**body**", "**bodies**"},
		"level":            {requirementsPage, "-BODY-1 S", "-BODY-1 O"},
		"section":          {requirementsPage, "## Tables", "## Lists"},
		"row taken out":    {conformancePage, "-BODY-1 | S", "-BODY-1 | X"},
		"text of the page": {conformancePage, "do not edit", "do edit"},
		"too long":         {conformancePage, "| not built yet |\n", "| not built yet |\n\nmore\n"},
	} {
		root := copied(t, "good")
		change(t, filepath.Join(root, c.file), c.from, c.to)
		faults, err := run(root, true, "")
		if err != nil || len(faults) != 1 || !strings.HasPrefix(faults[0], conformancePage+":") {
			t.Errorf("%s: %q %v", name, faults, err)
		}
		faultless(t, root, false, "")
		faultless(t, root, true, "")
	}
	root := copied(t, "good")
	change(t, filepath.Join(root, conformancePage), "| pass |", "| fail |")
	faultless(t, root, true, "")
}

// A test of which nothing is known yet has not passed.
func TestNewTest(t *testing.T) {
	root := copied(t, "good")
	page := filepath.Join(root, conformancePage)
	change(t, filepath.Join(root, "code/code_test.go"), "func TestTable", "func TestTables")
	change(t, filepath.Join(root, "code/code_test.go"), "func Testing", "func TestNew")
	faultless(t, root, false, "")
	for _, want := range []string{
		"| table | [code.TestNew](../code/code_test.go), [code.TestTables](../code/code_test.go) | not run |",
		"| doc comment | [code.TestDoc](../code/code_test.go), [code.TestNew](../code/code_test.go) | fail: code.TestDoc; not run: code.TestNew |",
	} {
		if text := read(t, page); !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

// Every fault is told, each in a line.
func TestFaults(t *testing.T) {
	faults, err := run("testdata/faulty", true, "")
	if got, want := strings.Join(faults, "\n")+"\n", read(t, "testdata/faulty/want.txt"); err != nil || got != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

// Trouble is an error, and leaves the page as it was.
func TestErrors(t *testing.T) {
	for name, c := range map[string]struct{ file, text, results string }{
		"no module":       {"go.mod", "", ""},
		"not Go":          {"code/code_test.go", "package", ""},
		"no results":      {"results.json", "popper is fine\n", "results.json"},
		"results missing": {"go.mod", "module example\n", "nowhere.json"},
	} {
		root := copied(t, "good")
		if err := os.WriteFile(filepath.Join(root, c.file), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if c.results != "" {
			c.results = filepath.Join(root, c.results)
		}
		if _, err := run(root, false, c.results); err == nil {
			t.Errorf("%s: no error", name)
		}
		if read(t, filepath.Join(root, conformancePage)) != read(t, "testdata/good/"+conformancePage) {
			t.Errorf("%s: the page was changed", name)
		}
	}
}

// Exit codes: 0, 1 for a fault, 64 for a wrong command line.
func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		code int
		args []string
	}{
		{0, []string{"-root", "testdata/good", "-check"}},
		{1, []string{"-root", "testdata/faulty", "-check"}},
		{1, []string{"-root", "testdata/nowhere", "-check"}},
		{64, []string{"-check", "-results", "x"}},
		{64, []string{"x"}},
	} {
		cmd := exec.Command(os.Args[0], c.args...)
		cmd.Env = append(os.Environ(), "AS_POPPERCONFORM=1")
		out, err := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != c.code || c.code != 0 && len(out) == 0 {
			t.Errorf("%q: exit %d, want %d: %v %s", c.args, got, c.code, err, out)
		}
	}
}

// Results come through a pipe too.
func TestPipe(t *testing.T) {
	root := copied(t, "good")
	cmd := exec.Command(os.Args[0], "-root", root, "-results", "-")
	cmd.Env = append(os.Environ(), "AS_POPPERCONFORM=1")
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(read(t, "testdata/good/results.json"), `"skip"`, `"fail"`))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if got := read(t, filepath.Join(root, conformancePage)); !strings.Contains(got, "| behind a test of one line | [code.TestBehind](../code/code_test.go) | fail |") {
		t.Error(got)
	}
}
