package main

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"strings"

	"popper/server/adminfile"
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
	text, _, err := adminfile.Read(path, adminfile.Rule{
		Max: math.MaxInt64, Closed: 0o022, Why: "others can write it, and so let themselves in: chmod go-w"})
	if errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("%w: let the user that popper runs as read it (chgrp GROUP %[2]s; chmod g+r %[2]s)", err, path)
	}
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
