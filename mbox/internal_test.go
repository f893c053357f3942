package mbox

import (
	"testing"

	"popper/mbox/mboxref"
)

// MBOX-6: what hides a first message is two whole header fields, nothing less.
// Each of these once had the scanner and the slow reader disagree.
func TestInternalNeedsWholeFields(t *testing.T) {
	const subject = "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
	for name, c := range map[string]struct {
		header string
		hidden bool
	}{
		"both fields":           {subject + "X-IMAP: 1 2\n", true},
		"CRLF":                  {"X-IMAP: 1\r\n" + subject[:len(subject)-1] + " \r\n", true},
		"X-IMAP without colon":  {subject + "X-IMAP\n", false},
		"second Subject right":  {"Subject: hello\n" + subject + "X-IMAP: 1\n", false},
		"second Subject wrong":  {subject + "Subject: hello\nX-IMAP: 1\n", true},
		"CR CR LF is not blank": {"A: b\n\r\r\n" + subject + "X-IMAP: 1\n", true},
		"vertical tab":          {"Subject:\v" + subject[9:] + "X-IMAP: 1\n", false},
		"in the body":           {"A: b\n\n" + subject + "X-IMAP: 1\n", false},
	} {
		file := "From MAILER-DAEMON Tue Jan  2 15:04:05 2024\n" + c.header + "\ntext\n\n"
		path := spool(t, file)
		m := open(t, path, options(path))
		if hidden := m.Len() == 0; hidden != c.hidden {
			t.Errorf("%s: hidden %v", name, hidden)
		}
		want, err := mboxref.Messages([]byte(file), false)
		if err != nil || len(want) != m.Len() {
			t.Errorf("%s: slow reader: %d messages, %v", name, len(want), err)
		}
		m.Close()
	}
}
