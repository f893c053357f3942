package mbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"popper/mbox/mboxref"
	"popper/parser"
)

// What a file looks like, what is shown of it, and how long that is.
func TestScanCases(t *testing.T) {
	longest := "From " + strings.Repeat("x", parser.MaxSeparator-len(sepA)+len("a")) + sepA[len("From a"):]
	tooLong := "From x" + longest[5:]
	internal := sepA + "\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\ntext\n\n"
	for _, c := range []struct {
		name, data string
		want       []string
		size       []int64
	}{
		{"MBOX-1 one", sepA + "\na: b\n\nc\n", []string{"a: b\n\nc\n"}, []int64{11}},
		{"MBOX-1 two", sepA + "\na\n\n" + sepB + "\nb\n", []string{"a\n", "b\n"}, []int64{3, 3}},
		{"MBOX-1 only after an empty line", sepA + "\na\n" + sepB + "\nb\n", []string{"a\n" + sepB + "\nb\n"}, []int64{int64(len(sepB)) + 8}},
		{"MBOX-1 not after a separator", sepA + "\n" + sepB + "\n", []string{sepB + "\n"}, []int64{int64(len(sepB)) + 2}},
		{"MBOX-1 not in a line", sepA + "\n\nx" + sepB + "\n", []string{"\nx" + sepB + "\n"}, []int64{int64(len(sepB)) + 5}},
		{"MBOX-1 From is text", sepA + "\n\nFrom me to you\n", []string{"\nFrom me to you\n"}, []int64{18}},
		{"MBOX-1 longest", longest + "\na\n\n" + longest + "\r\nb\n", []string{"a\n", "b\n"}, []int64{3, 3}},
		{"MBOX-1 too long is text", sepA + "\na\n\n" + tooLong + "\n", []string{"a\n\n" + tooLong + "\n"}, []int64{parser.MaxSeparator + 1 + 7}},
		{"MBOX-1 separator after CR CR LF is text", sepA + "\na\r\r\n" + sepB + "\n", []string{"a\r\r\n" + sepB + "\n"}, []int64{int64(len(sepB)) + 6}},
		{"MBOX-2 no closing line", sepA + "\na\n", []string{"a\n"}, []int64{3}},
		{"MBOX-2 closing line at the end", sepA + "\na\n\n", []string{"a\n"}, []int64{3}},
		{"MBOX-2 two closing lines", sepA + "\na\n\n\n" + sepA + "\n", []string{"a\n\n", ""}, []int64{5, 0}},
		{"MBOX-2 closing line CRLF", sepA + "\na\n\r\n" + sepA + "\n\r\n", []string{"a\n", ""}, []int64{3, 0}},
		{"MBOX-2 empty", sepA + "\n\n" + sepB + "\n", []string{"", ""}, []int64{0, 0}},
		{"MBOX-2 separator without line end", sepA + "\n\n" + sepB, []string{"", ""}, []int64{0, 0}},
		{"MBOX-2 a lone CR closes nothing", sepA + "\na\n\r", []string{"a\n\r"}, []int64{6}},
		{"MBOX-3 CRLF", sepA + "\r\na\r\n\r\nb\r\n\r\n" + sepB + "\r\nc\r\n", []string{"a\r\n\r\nb\r\n", "c\r\n"}, []int64{8, 3}},
		{"MBOX-3 mixed", sepA + "\r\na\n\r\nb\r\n\n", []string{"a\n\r\nb\r\n"}, []int64{8}},
		{"MBOX-3 lone CR stays", sepA + "\na\rb\r\r\n", []string{"a\rb\r\r\n"}, []int64{6}},
		{"MBOX-3 no last line end", sepA + "\na", []string{"a"}, []int64{3}},
		{"MBOX-3 last octet CR", sepA + "\na\r", []string{"a\r"}, []int64{4}},
		{"MBOX-4 quoted", sepA + "\n\n>From a\n>>From \n", []string{"\n>From a\n>>From \n"}, []int64{20}},
		{"MBOX-5 empty", "", nil, nil},
		{"MBOX-5 preamble", "\n\r\n" + sepA + "\na", []string{"a"}, []int64{3}},
		{"MBOX-5 preamble only", "\n\n", nil, nil},
		{"MBOX-6 alone", internal, nil, nil},
		{"MBOX-6 first", internal + sepB + "\nb\n", []string{"b\n"}, []int64{3}},
		{"MBOX-6 not second", sepB + "\nb\n\n" + strings.TrimSuffix(internal, "text\n\n"), []string{"b\n", internal[len(sepA)+1 : len(internal)-7]}, nil},
		{"MBOX-6 not by its subject alone", strings.Replace(internal, "X-IMAP:", "X-IMAPbase:", 1), []string{strings.Replace(internal[len(sepA)+1:len(internal)-1], "X-IMAP:", "X-IMAPbase:", 1)}, nil},
		{"MBOX-6 not in the body", sepA + "\n\n" + internal[len(sepA)+1:], []string{"\n" + internal[len(sepA)+1:len(internal)-1]}, nil},
		{"MBOX-7 NUL and 8 bit", sepA + "\n\x00\xff\x80\n", []string{"\x00\xff\x80\n"}, []int64{5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := spool(t, c.data)
			m := open(t, path, options(path))
			agree(t, m, []byte(c.data))
			if m.Len() != len(c.want) {
				t.Fatalf("%d messages, want %d", m.Len(), len(c.want))
			}
			for i, want := range c.want {
				if got, err := drain(m.Message(i)); string(got) != want || err != nil {
					t.Errorf("message %d is %q (%v), want %q", i, got, err, want)
				}
				if c.size != nil && m.Size(i) != c.size[i] {
					t.Errorf("message %d has size %d, want %d", i, m.Size(i), c.size[i])
				}
			}
			if got := contents(t, path); got != c.data {
				t.Errorf("file became %q", got)
			}
		})
	}
}

// MBOX-5
func TestNotAMailbox(t *testing.T) {
	for _, data := range []string{"x", "x\n", "\nx\n" + sepA + "\n", " " + sepA + "\n", "From me\n", "\r", "\n\r", "\x00",
		strings.Repeat("x", 3*blockSize), "F" + strings.Repeat("x", 3*blockSize), "\r" + sepA + "\n"} {
		path := spool(t, data)
		if _, err := Open(path, options(path)); !errors.Is(err, ErrNotMailbox) {
			t.Errorf("%.20q: %v, want ErrNotMailbox", data, err)
		}
		if contents(t, path) != data {
			t.Errorf("%.20q: file was touched", data)
		}
	}
}

// All short files made of the tokens that matter, at block sizes that put a border
// everywhere.
func TestScanExhaustive(t *testing.T) {
	tokens := []string{sepA, "From x", "\n", "\r\n", "\r", "a", ">From ", "."}
	most := 6
	if testing.Short() {
		most = 4
	}
	for _, unquote := range []bool{false, true} {
		small, whole := newScanBench(t, 7, unquote), newScanBench(t, 4096, unquote)
		var extend func(data string, n int)
		extend = func(data string, n int) {
			whole.compare(t, []byte(data))
			small.compare(t, []byte(data))
			if n == most || hopeless(data) {
				return
			}
			for _, tok := range tokens {
				extend(data+tok, n+1)
			}
		}
		extend("", 0)
	}
}

// hopeless: what is not a mailbox now cannot become one by more octets.
func hopeless(data string) bool {
	_, err := mboxref.Messages([]byte(data), false)
	return err != nil && (strings.HasSuffix(data, "\n") || !strings.HasPrefix(strings.TrimLeft(data, "\r\n"), "From "))
}

// MBOX-1, MBOX-2, MBOX-3, MBOX-4, MBOX-5, MBOX-6, MBOX-7 on generated files, cut into
// blocks of every size.
func TestScanGenerated(t *testing.T) {
	benches := map[bool][]*scanBench{}
	for _, unquote := range []bool{false, true} {
		for block := 1; block <= 64; block++ {
			benches[unquote] = append(benches[unquote], newScanBench(t, block, unquote))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(genBox().Draw(t, "data"))
		for range rapid.IntRange(0, 3).Draw(t, "mutations") {
			if len(data) > 0 {
				data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] = rapid.SampledFrom([]byte("\n\r>F \x00x")).Draw(t, "octet")
			}
		}
		for _, unquote := range []bool{false, true} {
			rapid.SampledFrom(benches[unquote]).Draw(t, "bench").compare(t, data)
		}
	})
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(sepA+"\na\n\n"+sepB+"\r\nb\r\n"), byte(16), false)
	f.Add([]byte("\n"+sepA+"\n>From \n>>From"), byte(3), true)
	path := spool(f, "")
	fi, err := os.Lstat(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, block byte, unquote bool) {
		s := scanBench{path, fi, int(block) + 1, unquote}
		s.compare(t, data)
	})
}

// A file that cannot be read to its end is not scanned in part.
func TestScanErrors(t *testing.T) {
	data := sepA + "\na\n\n" + sepB + "\nb\n"
	path := spool(t, data)
	fi, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	wrong := errors.New("wrong")
	for calls := range 6 {
		f := &faulty{file: memory{[]byte(data), fi}, left: calls, err: wrong}
		_, err := scanFile(f, Options{block: 32}.withDefaults(), func() {})
		if f.left < 0 && !errors.Is(err, wrong) {
			t.Errorf("after %d calls: %v", calls, err)
		}
	}
	short := memory{[]byte(data), longer{fi}}
	if _, err := scanFile(cut{short}, Options{}.withDefaults(), func() {}); !errors.Is(err, ErrChanged) {
		t.Errorf("file shorter than its size: %v", err)
	}
}

// cut is a file that says it is longer than it is.
type cut struct{ file }

func (c cut) Stat() (os.FileInfo, error) {
	fi, err := c.file.Stat()
	return longer{fi}, err
}

type longer struct{ os.FileInfo }

func (l longer) Size() int64 { return l.FileInfo.Size() + 1 }

// MBOX-7: a line longer than all buffers, in a message longer than all buffers.
func TestLongLine(t *testing.T) {
	line := strings.Repeat("0123456789abcdef", blockSize/4)
	for _, start := range []string{"", ">", ">From ", "From ", "F", "\r", "."} {
		data := sepA + "\nSubject: " + line + "\n\n" + start + line + "\n\n" + sepB + "\nb\n"
		path := spool(t, data)
		for _, unquote := range []bool{false, true} {
			o := options(path)
			o.Unquote = unquote
			m := open(t, path, o)
			agree(t, m, []byte(data))
			m.Close()
		}
	}
}

// MBOX-7: the memory that a message takes does not grow with it.
func TestConstantMemory(t *testing.T) {
	const size = 256 << 20
	path := spool(t, sepA+"\n")
	if err := os.Truncate(path, size); err != nil { // one line of NULs
		t.Skipf("SKIP: no sparse files here: %v", err)
	}
	sent := 0
	taken := allocated(func() {
		m := open(t, path, options(path))
		s := m.Message(0)
		for {
			b, err := s.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				break
			}
			sent += len(b)
		}
	})
	if want := size - len(sepA) - 1; sent != want {
		t.Errorf("%d octets, want %d", sent, want)
	}
	if taken > 8<<20 {
		t.Errorf("%d octets of memory", taken)
	}
}

func TestStreamAfterClose(t *testing.T) {
	path := spool(t, sepA+"\na\n")
	m := open(t, path, options(path))
	s := m.Message(0)
	m.Close()
	if err := m.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := s.Next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("Next after Close: %v", err)
	}
}

func ExampleMaildrop_Message() {
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	os.WriteFile(dir+"/ann", []byte(sepA+"\nSubject: hello\n\nAnn\n"), 0o600)
	m, err := Open(dir+"/ann", Options{State: dir + "/state"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	b, err := m.Message(0).Next()
	fmt.Printf("%d octets: %q %v", m.Size(0), b, err)
	// Output: 23 octets: "Subject: hello\n\nAnn\n" <nil>
}
