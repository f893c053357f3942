package fuzz_test

import (
	"os"
	"path/filepath"
	"testing"

	"popper/fuzz"
)

// The native targets. Plain go test replays the seeds of corpus/, which are
// generated, and what campaigns have found, in testdata/fuzz/.

func native(f *testing.F, corpus string, body func([]byte) int) {
	seeds, err := filepath.Glob(filepath.Join("corpus", corpus, "*"))
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds in corpus/%s: %v", corpus, err)
	}
	for _, s := range seeds {
		data, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { body(data) })
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := fuzz.Clean(); err != nil && code == 0 {
		code = 1
	}
	os.Exit(code)
}

func FuzzCommandLine(f *testing.F) { native(f, "commandline", fuzz.FuzzCommandLine) }
func FuzzSession(f *testing.F)     { native(f, "session", fuzz.FuzzSession) }
func FuzzLogin(f *testing.F)       { native(f, "session", fuzz.FuzzLogin) }
func FuzzMbox(f *testing.F)        { native(f, "mbox", fuzz.FuzzMbox) }
func FuzzDeliver(f *testing.F)     { native(f, "mbox", fuzz.FuzzDeliver) }
func FuzzStuffing(f *testing.F)    { native(f, "stuffing", fuzz.FuzzStuffing) }
func FuzzSeparator(f *testing.F)   { native(f, "separator", fuzz.FuzzSeparator) }
