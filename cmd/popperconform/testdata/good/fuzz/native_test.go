package fuzz_test

import (
	"testing"

	"example/fuzz"
)

func FuzzUpdate(f *testing.F) { f.Fuzz(func(t *testing.T, data []byte) { fuzz.FuzzUpdate(data) }) }
