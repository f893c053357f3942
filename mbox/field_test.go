package mbox

import (
	"strings"
	"testing"
)

// BERK-XLST-1: fields by name, as they stand, whatever the blocks.
func TestFields(t *testing.T) {
	long := strings.Repeat("x", maxFields)
	data := sepA + "\nReceived: one\n\tfolded\nSubject : blank before the colon\nreceived: two\r\n" +
		"Subjects: no\nNo colon\n Received: a continuation\nX-Long: " + long + "\nX-Short: a\nX-Empty:\n\nReceived: body\n\n" +
		sepB + "\n\nSubject: body\n\n" +
		sepB + "\nLast: no line end"
	for _, block := range []int{1, 2, 3, 7, 64, 0} {
		path := spool(t, data)
		o := options(path)
		o.block = block
		m := open(t, path, o)
		for name, want := range map[string]string{
			"Received": "Received: one\n\tfolded\nreceived: two\r\n",
			"SUBJECT":  "Subject : blank before the colon\n",
			"x-long":   "", // it is longer than what is shown
			"x-short":  "X-Short: a\n",
			"x-empty":  "X-Empty:\n",
			"no colon": "",
			"":         "",
		} {
			got, err := m.Fields(0, name)
			if err != nil || string(got) != want {
				t.Errorf("block %d: %s: %q, %v", block, name, got, err)
			}
		}
		if got, err := m.Fields(1, "subject"); len(got) != 0 || err != nil {
			t.Errorf("%q %v", got, err)
		}
		if got, err := m.Fields(2, "last"); string(got) != "Last: no line end" || err != nil {
			t.Errorf("%q %v", got, err)
		}
	}
}
