package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// agent is a program that delivers mail to a spool file, with the locks that it
// has when nobody configures them.
type agent struct {
	name   string
	in     []string // where it is, if not in PATH
	conf   string   // its configuration; %[1]s is the directory
	args   []string // likewise; the configuration is the file "conf" there
	quotes bool     // "From " in a body gets a ">"
	edits  bool     // it writes into the header of messages that are there already
	forced string   // what its log says when it takes a lock that is held
}

// brief makes an agent give up, or take the lock by force, after 5 s.
const brief = "LOCKTIMEOUT=5\n"

var agents = []agent{
	{
		name:   "procmail",
		conf:   "DEFAULT=%[1]s/ann\nORGMAIL=%[1]s/ann\nLOGFILE=%[1]s/log\nLOCKSLEEP=0\n",
		args:   []string{"-f", "a@example.org", "%[1]s/conf"},
		quotes: true,
		forced: "Forcing lock",
	},
	{
		name:   "maildrop",
		conf:   "LOCKSLEEP=0\nto \"%[1]s/ann\"\n",
		args:   []string{"-f", "a@example.org", "%[1]s/conf"},
		quotes: true,
	},
	{
		name: "dovecot-lda",
		in:   []string{"/usr/lib/dovecot", "/usr/libexec/dovecot"},
		conf: "base_dir = %[1]s/run\nstate_dir = %[1]s/run\nlog_path = %[1]s/log\nmail_fsync = never\n" +
			"mail_location = mbox:%[1]s/mail:INBOX=%[1]s/ann\n",
		args:   []string{"-c", "%[1]s/conf", "-f", "a@example.org", "-k"},
		edits:  true,
		forced: "Our dotlock file", // "... was overridden"
	},
	{
		name:   own,
		args:   []string{"deliver", "--file", "%[1]s/ann", "-f", "a@example.org", "--lock-wait", "2m"},
		quotes: true,
	},
}

// own is popper's own agent.
const own = "popper deliver"

// agentPatience bounds a delivery: it may find the disk slow, and a lock that is held.
const agentPatience = 4 * patience

// post is a site where letters, numbered from 1, are delivered to ann. popper and
// the agent run as one user, who is not root: dovecot-lda does not deliver as root.
type post struct {
	*site
	agent
	program string
	as      *syscall.SysProcAttr
	wrote   int // the number of the last letter that newPost wrote
	sent    int // the number of the last letter
	size    int // the most octets of a letter's body, about
}

// newPost makes a site with a spool of so many letters. more is added to the
// agent's configuration.
func newPost(t *testing.T, a agent, letters, size int, more string) *post {
	t.Helper()
	p := &post{site: newSite(t), agent: a, size: size, as: new(syscall.SysProcAttr)}
	p.program = p.find()
	p.write(p.dir+"/conf", more+fmt.Sprintf(a.conf, p.dir))
	var spool strings.Builder
	for range letters {
		p.sent++
		fmt.Fprintf(&spool, "From a Tue Jan  2 15:04:05 2024\n%s\n", p.letter(p.sent))
	}
	p.wrote = p.sent
	p.write(p.mailbox, spool.String())
	if os.Geteuid() == 0 {
		p.giveAway("nobody")
	}
	return p
}

func (p *post) find() string {
	p.t.Helper()
	if p.name == own {
		return binary
	}
	for _, dir := range p.in {
		if path, err := exec.LookPath(filepath.Join(dir, p.name)); err == nil {
			return path
		}
	}
	return need(p.t, p.name)
}

// giveAway makes all there is the user's, and runs what follows as him.
func (p *post) giveAway(name string) {
	p.t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		p.t.Skipf("SKIP %s: as root, this test needs the user %s: %v", p.name, name, err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	p.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if err := os.Chmod(filepath.Dir(p.dir), 0o755); err != nil {
		p.t.Fatal(err)
	}
	for _, path := range []string{p.dir, p.passwd, p.mailbox, p.dir + "/conf"} {
		if err := os.Chown(path, uid, gid); err != nil {
			p.t.Fatal(err)
		}
	}
}

// serve starts a server that cuts nobody off.
func (p *post) serve() (*process, string) {
	p.t.Helper()
	flags := p.flags("--listen", "127.0.0.1:0", "--idle-timeout", "1h", "--lock-wait", agentPatience.String())
	s := start(p.t, func(c *exec.Cmd) { c.SysProcAttr = p.as }, binary, flags...)
	return s, s.find(`msg=listening addr=(\S+)`)[1]
}

// enter logs in.
func (p *post) enter(addr string) *client {
	p.t.Helper()
	c := dial(p.t, addr)
	c.stay()
	c.login()
	return c
}

// stay gives the connection time for what an agent or the disk may take.
func (c *client) stay() {
	_ = c.ReadWriteCloser.(net.Conn).SetDeadline(time.Now().Add(2 * agentPatience))
}

// leave ends a session; the next one finds the maildrop free.
func (c *client) leave() {
	c.t.Helper()
	c.stay()
	c.ask("QUIT", "+OK")
	c.end()
	c.Close()
}

// letter is the text of a letter. Each line of it is like no other.
func (p *post) letter(n int) string {
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	var b strings.Builder
	fmt.Fprintf(&b, "From: a@example.org\nMessage-ID: <%d@example.org>\nSubject: %[1]d\n\n.\nFrom %[1]d\n", n)
	for line, end := 0, b.Len()+rnd.IntN(p.size); b.Len() < end; line++ {
		fmt.Fprintf(&b, "%d:%d \xe4%s\n", n, line, strings.Repeat("-", rnd.IntN(90)))
	}
	return b.String()
}

// deliver delivers the next letter. It may run beside sessions.
func (p *post) deliver() error {
	p.sent++
	return p.deliverLetter(p.sent)
}

// deliverLetter delivers letter n. It may run beside others.
func (p *post) deliverLetter(n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), agentPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.program)
	for _, a := range p.args {
		if strings.Contains(a, "%") {
			a = fmt.Sprintf(a, p.dir)
		}
		cmd.Args = append(cmd.Args, a)
	}
	cmd.Stdin = strings.NewReader(p.letter(n))
	cmd.Dir, cmd.Env = p.dir, []string{"HOME=" + p.dir, "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr, cmd.WaitDelay = p.as, patience
	out, err := cmd.CombinedOutput()
	log, _ := os.ReadFile(p.dir + "/log")
	switch {
	case err != nil:
		return fmt.Errorf("%s, letter %d: %w: %s\n%s", p.name, n, err, out, log)
	case p.forced != "" && strings.Contains(string(log), p.forced):
		return fmt.Errorf("%s, letter %d, took a lock by force: %s", p.name, n, log)
	}
	return nil
}

// added are header fields that dovecot-lda adds, with their lines.
var added = regexp.MustCompile(`(?m)^(Content-Length|Status|X-IMAPbase|X-Keywords|X-UID):.*\r\n`)

var messageID = regexp.MustCompile(`(?m)^Message-ID: <(\d+)@`)

// retr fetches message i, which must be a letter octet for octet, and gives its number.
func (p *post) retr(c *client, i int) int {
	p.t.Helper()
	c.ask(fmt.Sprint("RETR ", i), "+OK")
	text := c.lines()
	header, body, _ := strings.Cut(text, "\r\n\r\n")
	got := added.ReplaceAllString(header+"\r\n", "") + "\r\n" + body
	m := messageID.FindStringSubmatch(header)
	if m == nil {
		p.t.Fatalf("message %d is no letter: %.2000q", i, text)
	}
	n, _ := strconv.Atoi(m[1])
	want := crlf(p.letter(n))
	if n > p.wrote && p.quotes {
		want = strings.Replace(want, "\r\nFrom ", "\r\n>From ", 1)
	}
	if got != want {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		p.t.Fatalf("message %d, letter %d: %d octets, want %d, and at %d %.300q, want %.300q, header %q",
			i, n, len(got), len(want), at, got[at:], want[at:], header)
	}
	return n
}

// count asks how many messages there are.
func (c *client) count() (n int) {
	c.t.Helper()
	if _, err := fmt.Sscanf(c.ask("STAT", "+OK "), "+OK %d", &n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

// retrAll fetches everything, and gives the numbers of the letters.
func (p *post) retrAll(c *client) (numbers []int) {
	p.t.Helper()
	for i := range c.count() {
		numbers = append(numbers, p.retr(c, i+1))
	}
	return numbers
}

// upTo are the numbers from first to last.
func upTo(first, last int) (numbers []int) {
	for n := first; n <= last; n++ {
		numbers = append(numbers, n)
	}
	return numbers
}

// times is how often a test repeats, from the environment if that says so.
func times(t *testing.T, env string, n int) int {
	t.Helper()
	if s := os.Getenv(env); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 {
			t.Fatalf("%s=%s: a number from 1 on", env, s)
		}
	}
	return n
}

// nobody is how a program is run as that user.
func nobody(t *testing.T) *syscall.SysProcAttr {
	t.Helper()
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Skipf("SKIP: this test needs the user nobody: %v", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}
