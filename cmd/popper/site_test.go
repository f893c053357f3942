package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait. Nothing is asserted about time: a test that
// reaches it hangs.
const patience = 30 * time.Second

const secret = "Xyzzy  plugh"

// hash is bcrypt of secret at the lowest cost, by crypt(3).
const hash = "$2b$04$abcdefghijklmnopqrstuuMyfSIZG/MI6vIgkkdZDqfpRc0c78SSi"

// The mail of every test.
var (
	messages = []string{
		"Subject: one\n\nfirst\n",
		"Subject: two\n\n.\n..x\n>From y\nFrom z\n",
		"Subject: three\n\n\xe4\x00\xff no end",
	}
	mail = "From a Tue Jan  2 15:04:05 2024\n" + messages[0] + "\n" +
		"From b Tue Jan  2 15:04:05 2024\n" + messages[1] + "\n" +
		"From c Tue Jan  2 15:04:05 2024\n" + messages[2]
)

// site is a machine's mail system for one test.
type site struct {
	t                           *testing.T
	dir, passwd, mailbox, trace string
}

func newSite(t *testing.T) *site { return newSiteIn(t, t.TempDir()) }

func newSiteIn(t *testing.T, dir string) *site {
	s := &site{t, dir, filepath.Join(dir, "passwd"), filepath.Join(dir, "ann"), filepath.Join(dir, "trace")}
	s.write(s.passwd, "ann:"+hash+"\n")
	s.write(s.mailbox, mail)
	return s
}

func (s *site) write(path, text string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) read(path string) string {
	s.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// unchanged asserts that no mail was removed.
func (s *site) unchanged() {
	s.t.Helper()
	if got := s.read(s.mailbox); got != mail {
		s.t.Errorf("the mailbox became %q", got)
	}
}

// flags are those that every server of the site needs.
func (s *site) flags(more ...string) []string {
	return append([]string{"--passwd", s.passwd, "--maildrop", s.dir + "/%u", "--state", s.dir + "/state"}, more...)
}

// process is a program that a test has started.
type process struct {
	*exec.Cmd
	t      *testing.T
	out    output
	exited chan struct{}
}

// start runs a program until it ends or the test does.
func start(t *testing.T, prepare func(*exec.Cmd), name string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(name, args...), t: t, exited: make(chan struct{})}
	p.out.changed = make(chan struct{}, 1)
	p.Stdout, p.Stderr = &p.out, &p.out
	if prepare != nil {
		prepare(p.Cmd)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.exited
	})
	return p
}

// code waits for the end and gives the exit code, -1 for death by a signal.
func (p *process) code() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatalf("%q does not end: %s", p.Args, p.out.String())
	}
	return p.ProcessState.ExitCode()
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// find waits until the program has written what matches and returns the groups.
func (p *process) find(pattern string) []string {
	p.t.Helper()
	re, late := regexp.MustCompile(pattern), time.After(patience)
	for {
		if m := re.FindStringSubmatch(p.out.String()); m != nil {
			return m
		}
		select {
		case <-p.out.changed:
		case <-p.exited:
			if m := re.FindStringSubmatch(p.out.String()); m != nil {
				return m
			}
			p.t.Fatalf("ended without %q: %s", pattern, p.out.String())
		case <-late:
			p.t.Fatalf("no %q in %s", pattern, p.out.String())
		}
	}
}

// output collects what a program writes.
type output struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return o.b.Write(b)
}

// reset forgets what was written.
func (o *output) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b.Reset()
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// listen starts a standalone server and gives its address.
func (s *site) listen(more ...string) (*process, string) {
	s.t.Helper()
	p := start(s.t, nil, binary, s.flags(append([]string{"--listen", "127.0.0.1:0"}, more...)...)...)
	return p, p.find(`msg=listening addr=(\S+)`)[1]
}

// crlf is a message as it travels, dot-stuffing undone.
func crlf(m string) string {
	m = strings.ReplaceAll(m, "\n", "\r\n")
	if !strings.HasSuffix(m, "\n") {
		m += "\r\n"
	}
	return m
}
