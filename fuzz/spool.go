package fuzz

import (
	"os"
	"path/filepath"
	"sync"
)

// place is where a process keeps the one maildrop that it fuzzes with: in the
// directory that POPPER_FUZZ_DIR names (who sets it also clears it: go-fuzz kills
// its processes, and they cannot), else in memory where the system has a file
// system for that, since an update waits for the disk.
var place = sync.OnceValue(func() string {
	parent := os.Getenv("POPPER_FUZZ_DIR")
	if parent == "" {
		parent = "/dev/shm"
	}
	dir, err := os.MkdirTemp(parent, "popper-fuzz-")
	if err != nil {
		dir, err = os.MkdirTemp("", "popper-fuzz-")
	}
	if err != nil {
		panic(err)
	}
	return dir
})

func spoolPath() string { return filepath.Join(place(), "spool") }
func statePath() string { return filepath.Join(place(), "state") }

// Clean removes what the bodies have left on the disk.
func Clean() error { return os.RemoveAll(place()) }

func writeSpool(data []byte) {
	if err := os.WriteFile(spoolPath(), data, 0o600); err != nil {
		panic(err)
	}
}

func readSpool() []byte {
	data, err := os.ReadFile(spoolPath())
	if err != nil {
		panic(err)
	}
	return data
}
