package mbox

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"popper/mbox/mboxref"
)

// R1081-TOP-1
func TestTop(t *testing.T) {
	for _, c := range []struct {
		content string
		lines   uint64
		want    string
	}{
		{"a: b\n\n1\n2\n3\n", 0, "a: b\n\n"},
		{"a: b\n\n1\n2\n3\n", 2, "a: b\n\n1\n2\n"},
		{"a: b\n\n1\n2\n3\n", 3, "a: b\n\n1\n2\n3\n"},
		{"a: b\n\n1\n2\n3\n", 4, "a: b\n\n1\n2\n3\n"},
		{"a: b\n\n1\n2\n3\n", ^uint64(0), "a: b\n\n1\n2\n3\n"},
		{"a: b\r\n\r\n1\r\n2\r\n", 1, "a: b\r\n\r\n1\r\n"},
		{"a: b\n\r\n\r\n\n3\n", 2, "a: b\n\r\n\r\n\n"},
		{"a: b\n\r\r\n\nx\n", 0, "a: b\n\r\r\n\n"},
		{"a: b\n\n", 5, "a: b\n\n"},
		{"a: b\n", 0, "a: b\n"},
		{"a: b", 0, "a: b"},
		{"\n1\n2", 1, "\n1\n"},
		{"\n1\n2", 2, "\n1\n2"},
		{"", 1, ""},
	} {
		for _, block := range []int{1, 2, 3, 5, blockSize} {
			path := spool(t, sepA+"\n"+c.content+"\n")
			o := options(path)
			o.block = block
			if !strings.HasSuffix(c.content, "\n") && c.content != "" {
				write(t, path, sepA+"\n"+c.content)
			}
			m := open(t, path, o)
			if got, err := drain(m.Top(0, c.lines)); string(got) != c.want || err != nil {
				t.Errorf("top %d of %q in blocks of %d: %q (%v), want %q", c.lines, c.content, block, got, err, c.want)
			}
		}
	}
}

// The top is the beginning of the message, up to a line, whatever the block size.
func TestTopGenerated(t *testing.T) {
	path := spool(t, "")
	o := options(path)
	rapid.Check(t, func(t *rapid.T) {
		data := genBox().Draw(t, "data")
		write(t, path, data)
		o.block = rapid.IntRange(1, 40).Draw(t, "block")
		o.Unquote = rapid.Bool().Draw(t, "unquote")
		n := rapid.Uint64Range(0, 8).Draw(t, "lines")
		m := open(t, path, o)
		defer m.Close()
		ref, _ := mboxref.Messages([]byte(data), o.Unquote)
		for i := range ref {
			if got, err := drain(m.Top(i, n)); string(got) != refTop(string(ref[i].Body), n) || err != nil {
				t.Fatalf("top %d of %q: %q (%v)", n, ref[i].Body, got, err)
			}
		}
	})
}

func refTop(body string, n uint64) (top string) {
	header := true
	for line := range strings.Lines(body) {
		if !header {
			if n == 0 {
				break
			}
			n--
		}
		top += line
		header = header && line != "\n" && line != "\r\n"
	}
	return top
}
