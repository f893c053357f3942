// Black-box tests: the program is built and run as its users run it.
package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var binary string // the built popper

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "popper-test-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	// inetd may start the program as another user
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Println(err)
		return 1
	}
	binary = filepath.Join(dir, "popper")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Printf("go build: %v\n%s", err, out)
		return 1
	}
	code := m.Run()
	if n := len(missing.tools); n > 0 {
		fmt.Printf("cmd/popper: %d tests skipped, for lack of %v\n", n, missing.tools)
	}
	return code
}

var missing struct {
	sync.Mutex
	tools []string
}

// need finds a program in PATH or where superservers live, or skips the test.
func need(t *testing.T, tool string) string {
	t.Helper()
	for _, name := range []string{tool, filepath.Join("/usr/sbin", tool)} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	skip(t, tool)
	return ""
}

func skip(t *testing.T, tool string) {
	t.Helper()
	missing.Lock()
	missing.tools = append(missing.tools, tool)
	missing.Unlock()
	t.Skipf("SKIP %s: not installed", tool)
}
