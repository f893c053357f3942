package mbox

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"popper/mbox/mboxref"
)

func uids(t fataler, path string, o Options) []string {
	t.Helper()
	m := open(t, path, o)
	defer m.Close()
	ids, err := m.UniqueIDs()
	if err != nil || len(ids) != m.Len() {
		t.Fatalf("%d unique-ids of %d messages, %v", len(ids), m.Len(), err)
	}
	if again, _ := m.UniqueIDs(); !slices.Equal(ids, again) {
		t.Fatalf("second call: %v, first %v", again, ids)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] || !regexp.MustCompile(`^[0-9a-f]{30}(-[0-9]+)?$`).MatchString(id) {
			t.Fatalf("unique-id %q in %v", id, ids)
		}
		seen[id] = true
	}
	return ids
}

// The unique-id is this, written in the obvious way; a change of it would make every
// client fetch all mail again.
func refUID(data string, m mboxref.Message) string {
	text := strings.ReplaceAll(data[m.Start:m.End], "\r\n", "\n")
	separator, _, _ := strings.Cut(text, "\n")
	body := strings.ReplaceAll(string(m.Body), "\r\n", "\n")
	if body != "" && !strings.HasSuffix(body, "\n") {
		body += "\n"
	}
	out, header, skip := separator+"\n", true, false
	for line := range strings.Lines(body) {
		if header = header && line != "\n"; header {
			if line[0] != ' ' && line[0] != '\t' {
				skip = refBookkeeping.MatchString(line)
			}
			if skip {
				continue
			}
		}
		out += line
	}
	if header {
		out += "\n" // an open header counts as ended
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(out)))[:30]
}

var refBookkeeping = regexp.MustCompile(`(?i)^(status|x-status|x-keywords|x-uid|x-uidl|x-imap|x-imapbase|content-length|lines|x-mozilla-status2?)[ \t]*:`)

// R1939-UIDL-1, in blocks of all sizes.
func TestUniqueIDsGenerated(t *testing.T) {
	path := spool(t, "")
	o := options(path)
	rapid.Check(t, func(t *rapid.T) {
		data := genBox().Draw(t, "data")
		write(t, path, data)
		o.block = rapid.IntRange(1, 60).Draw(t, "block")
		o.Unquote = rapid.Bool().Draw(t, "unquote")
		ref, _ := mboxref.Messages([]byte(data), false)
		twins := map[string]int{}
		for i, id := range uids(t, path, o) {
			want := refUID(data, ref[i])
			if twins[want]++; twins[want] > 1 {
				want += fmt.Sprintf("-%d", twins[want])
			}
			if id != want {
				t.Fatalf("%q: unique-id %d is %s, want %s", data, i, id, want)
			}
		}
	})
}

// What other programs do to a mailbox, and what deliveries and removals do, leaves
// the unique-ids as they are (R1939-UIDL-1).
func TestUniqueIDsStay(t *testing.T) {
	const first, second = "Subject: 1\nFrom: a\n\nStatus: text\n", "Subject: 2\n\n\nline\n"
	plain := sepA + "\n" + first + "\n" + sepB + "\n" + second
	path := spool(t, plain)
	o := options(path)
	want := uids(t, path, o)
	for name, data := range map[string]string{
		"status":      sepA + "\nStatus: RO\n" + first + "\n" + sepB + "\nSubject: 2\nX-Status: A\nX-UID: 4\n\n\nline\n",
		"case":        sepA + "\nSTATUS: RO\n" + first + "\n" + sepB + "\nSubject: 2\nx-keywords : A\n\n\nline\n",
		"continued":   sepA + "\nX-IMAPbase: 1 2\n a\n\tb\n" + first + "\n" + sepB + "\nSubject: 2\nX-Mozilla-Status2:\n 1\n\n\nline\n",
		"long":        sepA + "\nX-Keywords: " + strings.Repeat("x", 3*blockSize) + "\n" + first + "\n" + sepB + "\n" + second,
		"CRLF":        strings.ReplaceAll(plain, "\n", "\r\n"),
		"no last end": strings.TrimSuffix(plain, "\n"),
		"closed":      plain + "\n",
		"closed CRLF": plain + "\r\n",
		"preamble":    "\n\n" + plain,
	} {
		write(t, path, data)
		if got := uids(t, path, o); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	write(t, path, plain+"\n"+sepA+"\nnew\n")
	if got := uids(t, path, o); !slices.Equal(got[:2], want) {
		t.Errorf("delivery: %v, want %v first", got, want)
	}
	write(t, path, plain)
	m := open(t, path, o)
	if err := m.Remove(set(0)); err != nil {
		t.Fatal(err)
	}
	m.Close()
	if got := uids(t, path, o); !slices.Equal(got, want[1:]) {
		t.Errorf("after removal: %v, want %v", got, want[1:])
	}
}

// mutt (2.2.12) also writes Content-Length and Lines into a message whose flags it
// changes, and ends a header with an empty line that was delivered without one; the
// first edition of the unique-id took both for another message.
func TestUniqueIDsMutt(t *testing.T) {
	const books = "Status: RO\nX-Status: F\n"
	path := spool(t, sepA+"\nSubject: one\n\nbody\nline two\n\n"+sepA+"\nSubject: header only\n\n"+sepA+"\nSubject: three\n\nbody\n\n")
	o := options(path)
	want := uids(t, path, o)
	write(t, path, sepA+"\nSubject: one\n"+books+"Content-Length: 14\nLines: 2\n\nbody\nline two\n\n"+
		sepA+"\nSubject: header only\n"+books+"Content-Length: 0\nLines: 0\n\n\n"+sepA+"\nSubject: three\nStatus: O\nContent-Length: 5\nLines: 1\n\nbody\n\n")
	if got := uids(t, path, o); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// A header that nothing ends, at the end of the file, in the middle of a line, of
// another program's fields alone, or missing altogether.
func TestUniqueIDsOpenHeader(t *testing.T) {
	path := spool(t, "")
	for closed, list := range map[string][]string{
		"Subject: x\n\n\n": {"Subject: x", "Subject: x\n", "Subject: x\n\n", "Subject: x\r\n", "Subject: x\nStatus: RO", "X-UID: 1\nSubject: x\nLines: 0\n a\n"},
		"\n\n":             {"", "\n", "\r\n", "Status: O", "Status: O\n", "Status: O\n\n\n"},
		"no colon\n\n\n":   {"no colon", "no colon\n"},
		" x\n\n\n":         {" x"},
	} {
		write(t, path, sepA+"\n"+closed)
		want := uids(t, path, options(path))
		for _, text := range list {
			write(t, path, sepA+"\n"+text)
			if got := uids(t, path, options(path)); !slices.Equal(got, want) {
				t.Errorf("%q: %v, %q: %v", text, got, closed, want)
			}
		}
	}
}

// What makes another message makes another unique-id.
func TestUniqueIDsDiffer(t *testing.T) {
	path := spool(t, "")
	seen := map[string]string{}
	for _, text := range []string{
		sepA + "\na: 1\n\nx\n", sepB + "\na: 1\n\nx\n", sepA + "\na: 1\n\ny\n", sepA + "\na: 2\n\nx\n",
		sepA + "\na: 1\n\n\nx\n", sepA + "\na: 1\n\nx\nStatus: RO\n", sepA + "\na: 1\n\nx\r\r\n", sepA + "\na: 1\n\nx\x00",
		sepA + "\na: 1\nStatus\n\nx\n", sepA + "\na: 1\nStatusX: 1\n\nx\n", sepA + "\n a: 1\n\nx\n", sepA + "\n", sepA + "\n\n\n\n",
	} {
		write(t, path, text)
		id := uids(t, path, options(path))[0]
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q have the same unique-id", text, other)
		}
		seen[id] = text
	}
}

// Identical twins get different unique-ids, in their order.
func TestUniqueIDsTwins(t *testing.T) {
	one := sepA + "\nSubject: x\n\ny\n\n"
	path := spool(t, one+one+sepB+"\nz\n\n"+one)
	ids := uids(t, path, options(path))
	if ids[1] != ids[0]+"-2" || ids[3] != ids[0]+"-3" || strings.HasPrefix(ids[2], ids[0]) {
		t.Errorf("%v", ids)
	}
}

// A change is found also in blocks that nothing else has read again.
func TestUniqueIDsChanged(t *testing.T) {
	path := spool(t, three)
	m := open(t, path, options(path))
	rewrite(t, path, "two", "owt")
	if ids, err := m.UniqueIDs(); !errors.Is(err, ErrChanged) || ids != nil {
		t.Errorf("%v %v", ids, err)
	}
}

// Sums that agree in all but one octet are told apart, and those that are equal are
// counted, whatever places in a table they ask for.
func TestUniqueIDsAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, uidOctets-1).Draw(t, "at")
		twins := map[byte]int{}
		var sums []uidSum
		var want []string
		for _, c := range rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "octets") {
			var sum uidSum
			sum[at] = c
			id := fmt.Sprintf("%x", sum)
			if twins[c]++; twins[c] > 1 {
				id += fmt.Sprintf("-%d", twins[c])
			}
			sums, want = append(sums, sum), append(want, id)
		}
		l := newIDList(len(sums))
		for len(l.ids) < len(sums) { // in steps
			l.extend(sums[:rapid.IntRange(len(l.ids)+1, len(sums)).Draw(t, "known")])
		}
		if !slices.Equal(l.ids, want) {
			t.Fatalf("%v, want %v", l.ids, want)
		}
	})
}
