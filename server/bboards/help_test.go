package bboards

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"popper/mbox"
	"popper/server"
)

const groupText = "maildrop: MAIL/system\narchive: MAIL/old\n"

// letterText is a message of the mailbox format; stamp 0 is none.
func letterText(subject string, stamp uint64) string {
	s := "From ann@example.org Tue Jan  2 15:04:05 2024\n"
	if stamp > 0 {
		s += fmt.Sprintf("BBoard-ID: %d\n", stamp)
	}
	return s + "Subject: " + subject + "\n\ntext of " + subject + "\n\n"
}

// append delivers behind popper's back.
func (x *fixture) append(t fataler, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatalf("append: %v", err)
	}
}

// deliver delivers with popper.
func (x *fixture) deliver(t fataler, text string) {
	t.Helper()
	l := mbox.Letter{Separator: "From bob Wed Jan  3 15:04:05 2024", Text: strings.NewReader(text)}
	o := x.options
	o.Create = &mbox.Creation{Mode: 0o644}
	if err := x.Deliver("system", l, mbox.Mboxrd, o); err != nil {
		t.Fatalf("Deliver: %v", err)
	}
}

// numbers are those of the messages of one of the group's files, by subject.
func (x *fixture) numbers(t fataler, archived bool) map[string]uint64 {
	t.Helper()
	m, numbers, err := x.group(t, "system").Open(archived, x.options)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer m.Close()
	all := map[string]uint64{}
	for i, n := range numbers {
		all[subject(t, m, i)] = n
	}
	if len(all) != len(numbers) {
		t.Fatalf("%d messages, %d of them different", len(numbers), len(all))
	}
	return all
}

func subject(t fataler, m *mbox.Maildrop, i int) string {
	t.Helper()
	b, err := m.Fields(i, "Subject")
	if err != nil {
		t.Fatalf("Fields: %v", err)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(b), "Subject:"))
}

// show is subject and number of each message, in the order of numbers.
func show(m map[string]uint64) string {
	var words []string
	for s, n := range m {
		words = append(words, fmt.Sprintf("%03d %s", n, s))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

var _ server.Group = (*group)(nil)

func letterOf(subject string) mbox.Letter {
	return mbox.Letter{Text: strings.NewReader("Subject: " + subject + "\n\n")}
}
