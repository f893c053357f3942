package main_test

import (
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// BERK-LOG-1: what reaches the syslog service is of facility local0 (16), notices for
// events and debug for debugging, without passwords. The service is this test's, on a
// /dev that only the server sees.
func TestSyslogFacility(t *testing.T) {
	s := newSite(t)
	dev := t.TempDir()
	service, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dev, "log"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	inDev := []string{"--user", "--map-root-user", "--mount", "sh", "-c", `mount --bind "$0" /dev && exec "$@"`, dev}
	if out, err := exec.Command("unshare", append(inDev, "true")...).CombinedOutput(); err != nil {
		t.Skipf("SKIP: no file system of one's own here: %v %s", err, out)
	}
	p := start(t, nil, "unshare", append(append(inDev, binary), s.flags("--syslog", "-d", "--listen", "127.0.0.1:0")...)...)
	log := ""
	await := func(pattern string) []string {
		t.Helper()
		re := regexp.MustCompile(pattern)
		if err := service.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		for b := make([]byte, 4096); ; {
			n, err := service.Read(b)
			if err != nil {
				t.Fatalf("no %s: %v; %s; %s", pattern, err, log, p.out.String())
			}
			log += string(b[:n])
			if m := re.FindStringSubmatch(string(b[:n])); m != nil {
				return m
			}
		}
	}
	c := dial(t, await(`^<133>.* popper\[\d+\]: msg=listening addr=(\S+)`)[1])
	c.ask("USER ann", "+OK")
	c.ask("PASS "+secret+"x", "-ERR")
	await(`^<135>.*PASS \*\*\*\*`)
	await(`^<132>.*login failed`)
	c.login()
	c.ask("QUIT", "+OK")
	await(`^<133>.*session ends`)
	for _, never := range []string{"Xyzzy", "plugh", hash} {
		if strings.Contains(log, never) {
			t.Errorf("%q is in the log: %s", never, log)
		}
	}
}
