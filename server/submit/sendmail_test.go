package submit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"popper/server"
)

const message = "To: bob@example.net\r\nBcc: eve@example.net\r\nSubject: x\r\n\r\n.\r\nFrom y\r\n"

// program is a sendmail of the test's own: it keeps what it gets in its directory, and
// then does what script says.
func program(t *testing.T, script string) (path, dir string) {
	t.Helper()
	dir = t.TempDir()
	path = filepath.Join(dir, "sendmail")
	text := "#!/bin/sh\ncd '" + dir + "'\nprintf '%s\\n' \"$@\" >args\nenv >env\n" + script + "\n"
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path, dir
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func through(t *testing.T, path string) server.Submission {
	t.Helper()
	s, err := Sendmail(path, Options{Domain: "example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func submitTo(s server.Submission, user, text string) error {
	return s.Submit(context.Background(), user, strings.NewReader(text), int64(len(text)))
}

// BERK-XMIT-1, BERK-XMIT-2: arguments, environment, line ends, what was added.
func TestSendmail(t *testing.T) {
	t.Setenv("POPPER_SECRET", "x")
	path, dir := program(t, "cat >message")
	if err := submitTo(through(t, path), "ann", message); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir+"/args"); got != "-t\n-oem\n-oi\n-f\nann@example.org\n" {
		t.Errorf("arguments %q", got)
	}
	if got := read(t, dir+"/env"); strings.Contains(got, "POPPER_SECRET") || !strings.Contains(got, "PATH=") {
		t.Errorf("environment %q", got)
	}
	got := read(t, dir+"/message")
	if strings.Contains(got, "\r") || !strings.HasSuffix(got, "\n\n.\nFrom y\n") || !strings.HasPrefix(got, "To: bob@example.net\nBcc: eve@example.net\n") {
		t.Errorf("message %q", got)
	}
	for _, field := range []string{"\nFrom: ann@example.org\n", "\nDate: ", "\nMessage-ID: <"} {
		if !strings.Contains(got, field) {
			t.Errorf("no %q in %q", field, got)
		}
	}
}

// A user name cannot become an option, nor a sender of its own making.
func TestSendmailHostileUser(t *testing.T) {
	path, dir := program(t, "cat >/dev/null")
	if err := submitTo(through(t, path), "-C/etc/passwd", message); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir+"/args"); !strings.HasSuffix(got, "-f\n\"-C/etc/passwd\"@example.org\n") {
		t.Errorf("arguments %q", got)
	}
}

// BERK-XMIT-1: each exit code, as the client hears of it.
func TestSendmailExitCodes(t *testing.T) {
	for _, c := range []struct {
		script    string
		reason    string // "": the client is told nothing
		temporary bool
	}{
		{"cat >/dev/null; echo 'no user bob' >&2; exit 67", "a recipient is unknown: no user bob", false},
		{"cat >/dev/null; exit 75", "cannot take it now", true},
		{"exit 69", "cannot do it", false}, // it has not read a word
		{"cat >/dev/null; echo /etc/secret.cf is broken; exit 78", "", false},
		{"cat >/dev/null; exit 3", "refused", false},
		{"cat >/dev/null; kill -9 $$", "", false},
		{"cat >/dev/null; yes x | head -c 1000000 >&2; exit 65", "x x x", false},
	} {
		path, _ := program(t, c.script)
		err := submitTo(through(t, path), "ann", message)
		var r *server.Refusal
		switch {
		case err == nil:
			t.Errorf("%s: accepted", c.script)
		case errors.As(err, &r) != (c.reason != ""):
			t.Errorf("%s: %v", c.script, err)
		case r != nil && (!strings.Contains(r.Reason, c.reason) || r.Temporary != c.temporary || len(r.Reason) > 2*maxReason):
			t.Errorf("%s: %q, temporary %v", c.script, r.Reason, r.Temporary)
		}
	}
}

// A program that hangs is killed, with its children, when nobody waits any more.
func TestSendmailHangs(t *testing.T) {
	path, dir := program(t, "sleep 1000 & echo $! >child; cat >/dev/null; wait")
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for {
			if _, err := os.Stat(dir + "/child"); err == nil {
				cancel()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	s := through(t, path)
	if err := s.Submit(ctx, "ann", strings.NewReader(message), int64(len(message))); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	child := strings.TrimSpace(read(t, dir+"/child"))
	for range 500 { // it may be a zombie for a moment
		stat, err := os.ReadFile("/proc/" + child + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("its child %s lives", child)
}

// What cannot be started, with what mends it.
func TestSendmailMissing(t *testing.T) {
	path, dir := program(t, "exit 0")
	for name, want := range map[string]string{"sendmail": "whole path", dir + "/none": "install", dir + "/args": "install"} {
		if _, err := Sendmail(name, Options{Domain: "example.org"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := through(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	var r *server.Refusal
	if err := submitTo(s, "ann", message); err == nil || errors.As(err, &r) {
		t.Errorf("%v", err)
	}
}

// BERK-XMIT-3 and messages that cannot be sent: refused before anything is started.
func TestRefusedBefore(t *testing.T) {
	path, dir := program(t, "exit 0")
	s, err := Sendmail(path, Options{Domain: "example.org", MaxRecipients: 2})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"Subject: x\r\n\r\nTo: b@c\r\n":    "names no recipient",
		"To: a@b, c@d\r\nCc: e@f\r\n":      "names 3 recipients, and 2 are allowed",
		"To: nobody at all\r\n\r\n":        "addresses of To",
		"":                                 "names no recipient",
		"X: " + strings.Repeat("x", 1<<20): "",
	} {
		var r *server.Refusal
		if err := submitTo(s, "ann", text); !errors.As(err, &r) || !strings.Contains(r.Reason, want) || r.Temporary {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	if _, err := os.Stat(dir + "/args"); err == nil {
		t.Error("the program was started")
	}
}
