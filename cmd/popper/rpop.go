package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"syscall"
)

// trust is a line of the file of --rpop:
//
//	HOST REMOTE-USER [LOCAL-USER]
//
// The remote user of the host may read the local one's mail without a password; where
// none is named it is the user of the same name (R1081-RPOP-1). HOST is an address or
// a prefix. The file is read when popper starts.
type trust struct {
	host          netip.Prefix
	remote, local string
}

// readTrust reads the file, and refuses one that others can write.
func readTrust(path string) (func(peer netip.AddrPort, remote, name string) bool, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO must not hold the server up
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Mode().Perm()&0o022 != 0 || !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: others can write it, and so let themselves in, or it is no file: chmod go-w %[1]s", path)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	var all []trust
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		t, some, err := parseTrust(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if some {
			all = append(all, t)
		}
	}
	return func(peer netip.AddrPort, remote, name string) bool {
		for _, t := range all {
			if t.remote == remote && t.local == name && t.host.Contains(peer.Addr()) {
				return true
			}
		}
		return false
	}, nil
}

func parseTrust(line string) (t trust, some bool, err error) {
	words := strings.Fields(line)
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return t, false, nil
	}
	if len(words) < 2 || len(words) > 3 {
		return t, false, fmt.Errorf("it has the form HOST REMOTE-USER [LOCAL-USER]")
	}
	if t.host, err = prefix(words[0]); err != nil {
		return t, false, err
	}
	t.remote, t.local = words[1], words[len(words)-1]
	return t, true, nil
}
