package submit

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"popper/server"
)

// patience bounds every wait. Nothing is asserted about time: a test that reaches it hangs.
const patience = 30 * time.Second

// complete is a message to which nothing need be added.
const complete = "From: ann@example.org\r\nTo: b@c\r\nDate: x\r\nMessage-ID: <y>\r\n\r\nbody\r\n"

// program makes a sendmail of a shell script, which runs in /, and finds its
// directory in $dir.
func program(t *testing.T, script string) (*office, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "sendmail")
	text := "#!/bin/sh\ndir='" + dir + "'\n" + script + "\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := Sendmail(path, Options{Domain: "example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*office), dir
}

func submitTo(s server.Submission, message string) error {
	return s.Submit(context.Background(), "ann", strings.NewReader(message), int64(len(message)))
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// BERK-XMIT-1, BERK-XMIT-2: the program gets the message with the line ends of Unix,
// the sender as an argument, and nothing else of popper's.
func TestProgram(t *testing.T) {
	t.Setenv("POPPER_SECRET", "x")
	t.Setenv("TZ", "UTC")
	t.Setenv("HOME", "/nowhere")
	s, dir := program(t, `printf '<%s>\n' "$@" >"$dir/args"; env >"$dir/env"; pwd >"$dir/pwd"; cat >"$dir/mail"`)
	message := strings.Replace(complete, "body\r\n", ".\r\n..x\r\na\rb\nc\xe4\x00\r\r\nFrom y\r\nno end\r", 1)
	if err := submitTo(s, message); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir+"/args"); got != "<-t>\n<-oem>\n<-oi>\n<-f>\n<ann@example.org>\n" {
		t.Errorf("arguments %q", got)
	}
	want := strings.ReplaceAll(message, "\r\n", "\n")
	if got := read(t, dir+"/mail"); got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	if got := read(t, dir+"/pwd"); got != "/\n" {
		t.Errorf("it runs in %q", got)
	}
	for line := range strings.Lines(read(t, dir+"/env")) {
		name, _, _ := strings.Cut(line, "=")
		switch name {
		case "PATH", "TZ", "LANG":
		case "PWD", "OLDPWD", "SHLVL", "_": // the shell's own
		default:
			t.Errorf("environment: %q", line)
		}
	}
}

// BERK-XMIT-2: what is missing, and whose address is whose. Names that would be
// options, commands of a shell, or paths are nothing but a quoted local part.
func TestProgramSender(t *testing.T) {
	s, dir := program(t, `shift 4; printf '%s' "$*" >"$dir/args"; cat >"$dir/mail"`)
	for user, want := range map[string]string{
		"ann":                 "ann@example.org",
		"ann@other.example":   "ann@other.example",
		"-bp":                 `"-bp"@example.org`,
		"-X/tmp/x@e.example":  `"-X/tmp/x"@e.example`,
		"$(touch x);`id` a|b": "\"$(touch x);`id` a|b\"@example.org",
		`a"b\c`:               `"a\"b\\c"@example.org`,
	} {
		if err := s.Submit(context.Background(), user, strings.NewReader("To: b@c\r\n\r\n"), 11); err != nil {
			t.Errorf("%s: %v", user, err)
			continue
		}
		got, mail := read(t, dir+"/args"), read(t, dir+"/mail")
		if got != want || !strings.Contains(mail, "\nFrom: "+want+"\nDate: ") {
			t.Errorf("%s: %q, message %q", user, got, mail)
		}
	}
	for _, user := range []string{"", "a\nb", "\xff", "@example.org", "ann@", "ann@a b"} {
		var r *server.Refusal
		if err := s.Submit(context.Background(), user, strings.NewReader("To: b@c\r\n\r\n"), 11); !errors.As(err, &r) || r.Temporary {
			t.Errorf("%q: %v", user, err)
		}
	}
}

// The program is not started for a message that cannot be sent.
func TestRefusedBeforeProgram(t *testing.T) {
	s, dir := program(t, `touch "$dir/ran"`)
	s.MaxRecipients = 2
	for message, want := range map[string]string{
		"":                            "names no recipient",
		"Subject: x\r\n\r\nTo: b@c":   "names no recipient",
		"To: <b@c\r\n\r\n":            "the addresses of To cannot be read",
		"To: a@c\r\nCc: b@c, d@c\r\n": "names 3 recipients, and 2 are allowed", // BERK-XMIT-3
		"To: a@c, a@c, a@c\r\n":       "names 3 recipients, and 2 are allowed",
		"X: " + strings.Repeat("x", 300<<10) + "\r\nTo: a@c\r\n": "the header is larger than",
	} {
		var r *server.Refusal
		if err := submitTo(s, message); !errors.As(err, &r) || r.Temporary || !strings.Contains(r.Reason, want) {
			t.Errorf("%.40q: %v, want %q", message, err, want)
		}
	}
	if _, err := os.Stat(dir + "/ran"); err == nil {
		t.Error("the program was started")
	}
}

// Every exit code: whether the client may try again, what it hears, and what only the
// log does.
func TestExitCodes(t *testing.T) {
	const temporary, permanent, hidden = "temporary", "permanent", "hidden"
	s, dir := program(t, `cat >/dev/null; echo "the reason" >&2; exit $(cat "$dir/code")`)
	for code, want := range map[int]string{
		1: permanent, 2: permanent, 64: hidden, 65: permanent, 66: permanent, 67: permanent, 68: permanent,
		69: permanent, 70: hidden, 71: temporary, 72: hidden, 73: temporary, 74: temporary, 75: temporary,
		76: temporary, 77: permanent, 78: hidden, 79: permanent, 126: hidden, 127: hidden, 255: permanent,
	} {
		if err := os.WriteFile(dir+"/code", []byte(strconv.Itoa(code)), 0o600); err != nil {
			t.Fatal(err)
		}
		err := submitTo(s, complete)
		if err == nil {
			t.Errorf("%d: accepted", code)
			continue
		}
		got := hidden
		var r *server.Refusal
		if errors.As(err, &r) {
			got = map[bool]string{true: temporary, false: permanent}[r.Temporary]
			if !strings.HasSuffix(r.Reason, ": the reason") {
				t.Errorf("%d: reason %q", code, r.Reason)
			}
		}
		if text := err.Error(); got != want || !strings.Contains(text, "exit code "+strconv.Itoa(code)+": the reason") {
			t.Errorf("%d: %s, want %s: %s", code, got, want, text)
		}
	}
}

// A program that is killed by something else is no refusal.
func TestProgramKilled(t *testing.T) {
	s, _ := program(t, `echo "ow" >&2; kill -9 $$`)
	var r *server.Refusal
	if err := submitTo(s, complete); err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), "signal: killed: ow") {
		t.Error(err)
	}
}

// gone waits until a process is no more, or only waits for its parent.
func gone(t *testing.T, pid string) {
	t.Helper()
	for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond) {
		b, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || strings.Contains(string(b), ") Z ") {
			return
		}
	}
	n, _ := strconv.Atoi(pid)
	_ = syscall.Kill(n, syscall.SIGKILL)
	t.Errorf("process %s lives", pid)
}

// A program that hangs, and its child, end with the server, or when their time ends.
func TestHangingProgram(t *testing.T) {
	const hang = `sleep 1000 & echo $! >"$dir/new"; mv "$dir/new" "$dir/child"; wait`
	t.Run("server ends", func(t *testing.T) {
		s, dir := program(t, hang)
		ctx, cancel := context.WithCancelCause(context.Background())
		why := errors.New("the server ends")
		go func() {
			for ctx.Err() == nil {
				if _, err := os.Stat(dir + "/child"); err == nil {
					cancel(why)
				}
				time.Sleep(time.Millisecond)
			}
		}()
		if err := s.Submit(ctx, "ann", strings.NewReader(complete), 1); err != why {
			t.Error(err)
		}
		gone(t, strings.TrimSpace(read(t, dir+"/child")))
	})
	t.Run("its time", func(t *testing.T) {
		s, dir := program(t, hang)
		s.carrier.(*sendmail).time = 2 * time.Second
		var r *server.Refusal
		if err := submitTo(s, complete); err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), "took longer than 2s and was killed") {
			t.Error(err)
		}
		gone(t, strings.TrimSpace(read(t, dir+"/child")))
	})
}

// What was accepted is accepted, even if a child that delivers keeps the output open.
func TestChildStays(t *testing.T) {
	s, dir := program(t, `cat >/dev/null; sleep 1000 & echo $! >"$dir/child"`)
	if err := submitTo(s, complete); err != nil {
		t.Error(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(read(t, dir+"/child")))
	if err != nil || syscall.Kill(pid, syscall.SIGKILL) != nil {
		t.Errorf("the child was killed: %v", err)
	}
}

// A program need not read to the end; its exit code counts, and SIGPIPE harms nobody.
func TestProgramReadsNothing(t *testing.T) {
	long := complete + strings.Repeat("0123456789abcdef\r\n", 100_000)
	s, _ := program(t, `exit 0`)
	if err := submitTo(s, long); err != nil {
		t.Error(err)
	}
	s, _ = program(t, `read line; echo "too long" >&2; exit 69`)
	var r *server.Refusal
	if err := submitTo(s, long); !errors.As(err, &r) || r.Reason != "the mail program cannot do it: too long" {
		t.Error(err)
	}
}

// Output without end neither fills the memory nor the client's line, and cannot make
// another line.
func TestProgramOutput(t *testing.T) {
	s, _ := program(t, `cat >/dev/null; printf 'a\r\n+OK \001\033[2J\303\244\n'; head -c 100000000 /dev/zero | tr '\0' x >&2; exit 67`)
	var r *server.Refusal
	if err := submitTo(s, complete); !errors.As(err, &r) || len(err.Error()) > 2*maxReason+200 {
		t.Fatalf("%.1000v", err)
	}
	if !strings.HasPrefix(r.Reason, "a recipient is unknown: a +OK [2J? xxx") || len(r.Reason) > maxReason+30 || strings.ContainsFunc(r.Reason, func(c rune) bool { return c < ' ' || c > '~' }) {
		t.Errorf("%q", r.Reason)
	}
	var h head
	for range 10 {
		if n, err := h.Write(make([]byte, maxOutput/3)); n != maxOutput/3 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(h.String()) != maxOutput {
		t.Errorf("%d octets are kept", len(h.String()))
	}
}

// A message that cannot be read back to its end is not sent: the program must not
// take what there is for all of it.
func TestUnreadableMessage(t *testing.T) {
	s, dir := program(t, `cat >"$dir/mail" && touch "$dir/sent"`)
	broken := struct {
		io.Reader
		io.Seeker
	}{io.MultiReader(strings.NewReader(complete+strings.Repeat("x", 1<<20)), iotest.ErrReader(syscall.EIO)), nil}
	err := s.Submit(context.Background(), "ann", broken, 2<<20)
	if !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	if _, err := os.Stat(dir + "/sent"); err == nil {
		t.Error("it was sent")
	}
}

// A program that goes away later, or was never there.
func TestNoProgram(t *testing.T) {
	s, dir := program(t, "")
	if err := os.Remove(dir + "/sendmail"); err != nil {
		t.Fatal(err)
	}
	var r *server.Refusal
	if err := submitTo(s, complete); !errors.Is(err, os.ErrNotExist) || errors.As(err, &r) || !strings.Contains(err.Error(), "install a mail program") {
		t.Error(err)
	}
	if err := os.WriteFile(dir+"/plain", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"sendmail":        "give the whole path",
		dir + "/sendmail": "install a mail program",
		dir + "/plain":    "must be allowed to execute",
		dir:               "directory",
	} {
		if _, err := Sendmail(path, Options{Domain: "example.org"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if _, err := Sendmail("/bin/true", Options{Domain: "a b"}); err == nil {
		t.Error("a domain with a space")
	}
}

// Many sessions send at one time.
func TestManyPrograms(t *testing.T) {
	s, dir := program(t, `cat >"$dir/$$"`)
	const n = 20
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- submitTo(s, complete+strings.Repeat(strconv.Itoa(i%10)+"\r\n", 10_000)) }()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	files, err := filepath.Glob(dir + "/[0-9]*")
	if err != nil || len(files) != n {
		t.Fatalf("%d messages, %v", len(files), err)
	}
	for _, f := range files {
		_, body, _ := strings.Cut(read(t, f), "\nbody\n")
		if len(body) != 20_000 || strings.Count(body, body[:2]) != 10_000 {
			t.Errorf("%d octets", len(body))
		}
	}
}
