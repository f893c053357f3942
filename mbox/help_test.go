package mbox

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"popper/mbox/mboxref"
	"popper/parser"
)

const (
	sepA = "From a Tue Jan  2 15:04:05 2024"
	sepB = "From b@example.org Wed Jan  3 15:04 2024"
)

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// spool writes a spool file in a directory of its own.
func spool(t testing.TB, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "user")
	write(t, path, data)
	return path
}

func write(t fataler, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatalf("write: %v", err)
	}
}

func appendTo(t fataler, path, data string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	defer f.Close()
	if _, err := f.WriteString(data); err != nil {
		t.Fatalf("append: %v", err)
	}
}

func contents(t fataler, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return string(b)
}

// options for a spool file: state beside it, hardly any wait.
func options(path string) Options {
	return Options{State: path + ".state", Wait: 30 * time.Millisecond, Stale: time.Hour}
}

func open(t fataler, path string, o Options) *Maildrop {
	t.Helper()
	m, err := Open(path, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if c, ok := t.(interface{ Cleanup(func()) }); ok {
		c.Cleanup(func() { m.Close() })
	}
	return m
}

// drain reads a stream to its end.
func drain(s *Stream) ([]byte, error) {
	var all []byte
	for {
		b, err := s.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, b...)
	}
}

// skim reads a stream to its end and keeps nothing.
func skim(s *Stream) error {
	for {
		if _, err := s.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// agree checks everything that can be read of a maildrop against the reference.
func agree(t fataler, m *Maildrop, data []byte) {
	t.Helper()
	want, err := mboxref.Messages(data, m.options.Unquote)
	if err != nil {
		t.Fatalf("%q: reference: %v", data, err)
	}
	if m.Len() != len(want) {
		t.Fatalf("%q: %d messages, want %d", data, m.Len(), len(want))
	}
	for i, w := range want {
		if from, to := m.extent(i); from != int64(w.Start) || to != int64(w.End) {
			t.Fatalf("%q: message %d is [%d,%d), want [%d,%d)", data, i, from, to, w.Start, w.End)
		}
		got, err := drain(m.Message(i))
		if err != nil || !bytes.Equal(got, w.Body) {
			t.Fatalf("%q: message %d is %q (%v), want %q", data, i, got, err, w.Body)
		}
		normal := mboxref.Normal(w.Body)
		if m.Size(i) != int64(len(normal)) {
			t.Fatalf("%q: message %d: size %d, want %d", data, i, m.Size(i), len(normal))
		}
		if sent := unstuffed(t, got); !bytes.Equal(sent, normal) { // R1081-RETR-2
			t.Fatalf("%q: message %d is sent as %q, want %q", data, i, sent, normal)
		}
	}
}

// unstuffed is what a client makes of what the server sends for b.
func unstuffed(t fataler, b []byte) []byte {
	t.Helper()
	var s parser.Stuffer
	sent := s.End(s.Append(nil, b))
	if !bytes.HasSuffix(sent, []byte(".\r\n")) {
		t.Fatalf("%q is sent as %q", b, sent)
	}
	sent = bytes.TrimSuffix(sent, []byte(".\r\n"))
	for i := 0; i < len(sent); i++ {
		if sent[i] == '.' && (i == 0 || bytes.HasSuffix(sent[:i], []byte("\r\n"))) {
			sent = append(sent[:i:i], sent[i+1:]...)
		}
	}
	return sent
}

// bench scans octets in memory with blocks of one size; it stands on an empty file.
type scanBench struct {
	path    string
	like    os.FileInfo
	block   int
	unquote bool
}

func newScanBench(t testing.TB, block int, unquote bool) *scanBench {
	path := spool(t, "")
	fi, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return &scanBench{path, fi, block, unquote}
}

// compare scans data and compares all there is with the reference.
func (s *scanBench) compare(t fataler, data []byte) {
	t.Helper()
	m := &Maildrop{path: s.path, f: memory{data, s.like}}
	m.options = Options{block: s.block, Unquote: s.unquote}.withDefaults()
	var err error
	m.table, err = scanFile(m.f, m.options, func() {})
	_, wantErr := mboxref.Messages(data, s.unquote)
	if (wantErr != nil) != errors.Is(err, ErrNotMailbox) || err != nil && wantErr == nil {
		t.Fatalf("%q: %v, want %v", data, err, wantErr)
	}
	if err == nil {
		agree(t, m, data)
	}
}

// genLine draws the text of a line, mostly such as matter to the format.
func genLine() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "", "\r", ".", "From ", "From x", ">From x", ">>From ", ">", ">F", "Subject: x",
			"Status: RO", "X-UID: 7", " more", "text", "\x00\xff", sepA, sepB, sepA + " +0100", ">" + sepA, sepA + " x"}),
		rapid.StringMatching(`[a-zF> .\r]{0,40}`))
}

// genText draws lines with either kind of line end, and perhaps without the last one.
func genText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var b []byte
		for _, l := range rapid.SliceOfN(genLine(), 0, 12).Draw(t, "lines") {
			b = append(b, l...)
			b = append(b, rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n"}).Draw(t, "end")...)
		}
		if len(b) > 0 && rapid.IntRange(0, 3).Draw(t, "cut") == 0 {
			b = b[:len(b)-1]
		}
		return string(b)
	})
}

// genBox draws a file that is a mailbox.
func genBox() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		b := rapid.SampledFrom([]string{"", "", "\n", "\r\n\n"}).Draw(t, "preamble")
		for i := range rapid.IntRange(0, 6).Draw(t, "messages") {
			if i > 0 {
				b += rapid.SampledFrom([]string{"\n", "\n\n", "x\n\n", "\r\n\r\n"}).Draw(t, "gap")
			}
			b += rapid.SampledFrom([]string{sepA, sepB}).Draw(t, "separator")
			b += rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end") + genText().Draw(t, "text")
		}
		return b
	})
}
