package grammar_test

import (
	"fmt"
	"strings"
	"testing"

	"popper/grammar"
)

// resolve reads the texts as files one.popper, two.popper and so on.
func resolve(t *testing.T, texts ...string) (*grammar.Model, error) {
	t.Helper()
	var files []*grammar.File
	for i, text := range texts {
		f, err := grammar.Parse([]string{"one", "two", "three"}[i]+".popper", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return grammar.Resolve(files...)
}

// Files are one grammar: names hold across them, in any order.
func TestFilesAreOneGrammar(t *testing.T) {
	texts := []string{
		"rule year = digit{4}\nline l { limit 9  after start  form year \"-\" year }\n",
		"class digit = \"0\"..\"9\"\n",
	}
	for _, order := range [][]string{{texts[0], texts[1]}, {texts[1], texts[0]}} {
		m, err := resolve(t, order...)
		if err != nil {
			t.Fatal(err)
		}
		if !accepts(m.Lines[0], []byte("1989-1990")) || accepts(m.Lines[0], []byte("1989")) {
			t.Errorf("the line is not what was said:\n%s", m.Lines[0].DFA)
		}
	}
}

// A fault says in which of the files it is; one that was declared before, too.
func TestFaultsNameTheirFile(t *testing.T) {
	_, err := resolve(t, "state open start\n", "\nstate open\n")
	const want = "two.popper:2:1: state open is declared twice\n\thint: it was declared first at one.popper:1:1: drop one or rename it"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// The octet that a client writes between words is one of the gap, though the
// first octet named in the class is taken out again.
func TestGapWrittenIsInTheGap(t *testing.T) {
	for class, want := range map[string]byte{
		"SP | HT":              ' ',
		"HT | SP":              '\t',
		`0x20..0x21 - SP | HT`: '!',
		"SP - SP | HT":         '\t',
		"other | SP":           ';',
	} {
		m, err := resolve(t, "class other = \";\"\nclass blank = "+class+"\nframe command { limit 9  end CRLF  gap blank }\n")
		if err != nil {
			t.Fatal(err)
		}
		if m.Command.GapWritten != want || !m.Command.Gap.Has(want) {
			t.Errorf("gap %s: a client writes %q", class, m.Command.GapWritten)
		}
	}
}

// Octets are written alike in rules and classes.
func TestOctetsInRules(t *testing.T) {
	m, err := resolve(t, `line l { limit 9  after start  form 0x41..0x43 "\\" "\""? NUL "x".."z"{2} 0x7E }`)
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]bool{
		"A\\\x00xz~": true, "C\\\"\x00yy~": true, "D\\\x00xz~": false, "@\\\x00xz~": false, "A\\\x00xw~": false, "A\x00xz~": false,
	} {
		if accepts(m.Lines[0], []byte(line)) != want {
			t.Errorf("%q: want %v", line, want)
		}
	}
}

// Documentation goes into the generated code, remarks do not; quotes may hold
// what would else begin a remark.
func TestDocumentation(t *testing.T) {
	m, err := resolve(t, "// a remark\n/// One.\n/// Two.\n// another\nline l { limit 9  after start  form \"//\" }\n")
	if err != nil {
		t.Fatal(err)
	}
	if l := m.Lines[0]; l.Doc != "One.\nTwo." || !accepts(l, []byte("//")) {
		t.Errorf("%q", l.Doc)
	}
}

// All faults are told at once, each once.
func TestAllFaultsAreTold(t *testing.T) {
	_, err := resolve(t, "class a = b\nargument c = token of b\nrule d = b b\nline e { limit 0  after start  form d d }\n")
	if err == nil || strings.Count(err.Error(), "unknown class or rule b") != 4 || strings.Count(err.Error(), "hint:") != 5 {
		t.Errorf("%v", err)
	}
}

// Faults are told as they stand in the files, and these as they were given,
// though the resolver looks at classes before states, and at states before lines.
func TestFaultsAreInTheOrderOfTheFiles(t *testing.T) {
	_, err := resolve(t,
		"line l { limit 0  after start  form x }\nstate open\nclass a = b\n",
		"transducer t { state a { any -> copy b } }\nclass c = 0x100\n")
	var got []string
	for _, e := range err.(grammar.Errors) {
		got = append(got, fmt.Sprintf("%s:%d:%d", e.Pos.Filename, e.Pos.Line, e.Pos.Column))
	}
	want := "one.popper:1:1 one.popper:1:37 one.popper:2:1 one.popper:3:11 two.popper:1:26 two.popper:2:11"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s\n%v", strings.Join(got, " "), want, err)
	}
}

func TestLoadTellsOfFiles(t *testing.T) {
	if _, err := grammar.Load("testdata/none.popper"); err == nil || !strings.Contains(err.Error(), "none.popper") {
		t.Errorf("%v", err)
	}
}
