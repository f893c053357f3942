package grammar_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var example = regexp.MustCompile("(?s)```popper\n(.*?)```")

// The examples of the manual are, together, one sound grammar, and show every
// kind of declaration.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("../docs/grammar.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := ""
	for _, m := range example.FindAllStringSubmatch(string(text), -1) {
		manual += m[1]
	}
	m, err := resolve(t, manual)
	if err != nil {
		t.Fatalf("%v\n%s", err, manual)
	}
	if got := interpretLines(m, []byte("ECHO  a b \r\nLIST 7\r\nLIST\nAUTH a b\n")); !slices.Equal(got, []string{`ECHO text=" a b "`, "LIST message=7", "LIST", `AUTH mechanism="a" response="b"`}) {
		t.Errorf("%q", got)
	}
	for _, kind := range []string{"class", "rule", "frame", "argument", "state", "reply", "dialect", "command", "extend", "line", "transducer", "law"} {
		if !strings.Contains(manual, "\n"+kind+" ") {
			t.Errorf("no example of %s", kind)
		}
	}
	for _, property := range []string{"more", "limit", "answer line", "answer list of", "asks content", "asks lines", "capability"} {
		if !strings.Contains(manual, " "+property) {
			t.Errorf("no example of %s", property)
		}
	}
}
