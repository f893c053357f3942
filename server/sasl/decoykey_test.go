package sasl

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestDecoyKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "decoy-key")
	keys := make([][]byte, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			var err error
			if keys[i], err = DecoyKey(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range keys {
		if len(k) != keySize || !bytes.Equal(k, keys[0]) || bytes.Equal(k, make([]byte, keySize)) {
			t.Errorf("keys %x and %x", k, keys[0])
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if k, _ := DecoyKey(filepath.Join(dir, "another")); bytes.Equal(k, keys[0]) {
		t.Error("two keys are the same")
	}
}

func TestDecoyKeyRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "decoy-key")
	for _, c := range []struct {
		size int
		mode os.FileMode
		want string
	}{
		{keySize, 0o640, "chmod go= " + path}, {keySize, 0o604, "chmod"}, {keySize - 1, 0o600, "remove it"}, {0, 0o600, "remove it"}, {keySize + 1, 0o600, "larger"},
	} {
		os.Remove(path)
		os.WriteFile(path, make([]byte, c.size), 0o600)
		os.Chmod(path, c.mode)
		if _, err := DecoyKey(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if _, err := DecoyKey(filepath.Join(dir, "no", "key")); err == nil || !strings.Contains(err.Error(), "write to the directory") {
		t.Errorf("no directory: %v", err)
	}
}
