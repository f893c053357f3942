package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// letters are what mail programs fetch here. There are no NULs in them: not every program
// takes those.
var letters = []string{
	"Subject: one\nMessage-ID: <1@x>\n\nfirst\n",
	"Subject: two\nMessage-ID: <2@x>\n\n.\n..x\n...\n.\nFrom z\n\n.\n",
	"Subject: =?utf-8?q?=C3=A9?=\nMessage-ID: <3@x>\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" +
		"\u00e9\t" + strings.Repeat("y", 900) + "\n",
	"Subject: big\nMessage-ID: <4@x>\n\n" + strings.Repeat(".23456789 "+strings.Repeat("abcdefghi ", 6)+"\n", 5000), // some twenty records of TLS
	"Subject: empty\nMessage-ID: <5@x>\n\n",
}

// mailbox is the mbox file of letters.
func mailbox(letters []string) string {
	var b strings.Builder
	for _, l := range letters {
		b.WriteString("From a Tue Jan  2 15:04:05 2024\n" + l + "\n")
	}
	return b.String()
}

// fetch is a mail program that fetches all letters over TLS: begun by STLS, or there from
// the first octet on. It returns them with LF as line end.
type fetch func(x *secured, implicit bool) []string

var fetchers = map[string]fetch{
	"openssl TLS 1.2": func(x *secured, implicit bool) []string { return openssl(x, implicit, "-tls1_2") },
	"openssl TLS 1.3": func(x *secured, implicit bool) []string { return openssl(x, implicit, "-tls1_3") },
	"curl":            curl,
	"fetchmail":       fetchmail,
	"poplib":          poplib,
	"mpop":            func(x *secured, implicit bool) []string { return mpop(x, implicit, "auth user") },
	"getmail":         getmail,
	"mutt":            func(x *secured, implicit bool) []string { return mutt(x, implicit, "user") },
	"nmh":             inc,
}

// R2595-STLS-1, R1081-RETR-2: programs that people use get every letter, octet for
// octet, over TLS, and trust the server for its certificate.
func TestMailProgramsOverTLS(t *testing.T) {
	for name, fetch := range fetchers {
		for _, way := range []string{"STLS", "TLS"} {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				s.write(s.mailbox, mailbox(letters))
				x := s.secure("--require-tls", "-d") // it cannot have gone without
				same(t, fetch(x, way == "TLS"), letters)
				x.p.find(`msg=login`)
				if out := x.p.out.String(); strings.Contains(out, "Xyzzy") || strings.Contains(out, plain("ann", secret)) {
					t.Error("the password is in the log")
				}
			})
		}
	}
}

// same compares what came, in any order. Empty lines at the end do not count: few
// programs keep them as they are.
func same(t *testing.T, got, want []string) {
	t.Helper()
	tidy := func(letters []string) []string {
		out := []string{}
		for _, l := range letters {
			out = append(out, strings.TrimRight(strings.ReplaceAll(l, "\r\n", "\n"), "\n"))
		}
		slices.Sort(out)
		return out
	}
	g, w := tidy(got), tidy(want)
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("came: %.300q (%d octets), sent: %.300q (%d)", g[i], len(g[i]), w[i], len(w[i]))
		}
	}
	if len(g) != len(w) {
		t.Errorf("%d letters came, %d were sent", len(g), len(w))
	}
}

// program runs a mail program at home in the site, which trusts the site's authority.
func (x *secured) program(stdin, name string, args ...string) string {
	x.t.Helper()
	var out strings.Builder
	p := start(x.t, func(c *exec.Cmd) {
		c.Dir, c.Stdin, c.Stdout = x.dir, strings.NewReader(stdin), &out
		c.Env = []string{"HOME=" + x.dir, "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TERM=xterm", "USER=ann",
			"SSL_CERT_FILE=" + x.authority}
	}, name, args...)
	if code := p.code(); code != 0 {
		x.t.Errorf("%s: exit code %d: %s %s", name, code, p.out.String(), tail(out.String()))
	}
	return out.String()
}

func tail(s string) string { return s[max(0, len(s)-400):] }

// at is the address of the server: a name that the certificate is for, and the port.
func (x *secured) at(implicit bool) (host, port string) {
	addr := x.plain
	if implicit {
		addr = x.private
	}
	_, port, _ = net.SplitHostPort(addr)
	return "localhost", port
}

// collect gives the content of all files that match.
func (x *secured) collect(pattern string) (all []string) {
	x.t.Helper()
	files, err := filepath.Glob(filepath.Join(x.dir, pattern))
	if err != nil {
		x.t.Fatal(err)
	}
	for _, f := range files {
		all = append(all, x.read(f))
	}
	return all
}

func (x *secured) mkdirs(names ...string) {
	x.t.Helper()
	for _, n := range names {
		if err := os.MkdirAll(filepath.Join(x.dir, n), 0o700); err != nil {
			x.t.Fatal(err)
		}
	}
}

func openssl(x *secured, implicit bool, version string) []string {
	host, port := x.at(implicit)
	args := []string{"s_client", "-quiet", version, "-connect", host + ":" + port, "-CAfile", x.authority,
		"-verify_return_error", "-verify_hostname", host}
	skip := 3 // replies: greeting, USER, PASS
	if !implicit {
		args, skip = append(args, "-starttls", "pop3"), 2
	}
	commands := "USER ann\r\nPASS " + secret + "\r\n"
	for i := range letters {
		commands += fmt.Sprintf("RETR %d\r\n", i+1)
	}
	out := x.program(commands+"QUIT\r\n", need(x.t, "openssl"), args...)
	for range skip {
		var l string
		if l, out, _ = strings.Cut(out, "\r\n"); !strings.HasPrefix(l, "+OK") {
			x.t.Errorf("openssl got %q", l)
		}
	}
	var all []string
	for range letters {
		reply, rest, _ := strings.Cut(out, "\r\n.\r\n")
		_, text, _ := strings.Cut(reply+"\r\n", "\r\n")
		all = append(all, strings.ReplaceAll("\r\n"+text, "\r\n.", "\r\n")[2:])
		out = rest
	}
	if !strings.HasPrefix(out, "+OK") || strings.Count(out, "\n") != 1 {
		x.t.Errorf("at the end openssl got %q", out)
	}
	return all
}

func curl(x *secured, implicit bool) (all []string) {
	host, port := x.at(implicit)
	url, how := "pop3://", "--ssl-reqd"
	if implicit {
		url, how = "pop3s://", "--tlsv1.3"
	}
	url += host + ":" + port + "/"
	program := need(x.t, "curl")
	for i := range letters {
		all = append(all, x.program("", program, "-sS", how, "--cacert", x.authority, "-u", "ann:"+secret, fmt.Sprint(url, i+1)))
	}
	return all
}

func fetchmail(x *secured, implicit bool) []string {
	program := need(x.t, "fetchmail")
	host, port := x.at(implicit)
	x.mkdirs("out")
	x.write(x.dir+"/mda", "#!/bin/sh\nexec cat >$(mktemp "+x.dir+"/out/XXXXXX)\n")
	if err := os.Chmod(x.dir+"/mda", 0o700); err != nil {
		x.t.Fatal(err)
	}
	tls := `sslproto "TLS1.2+"`
	if implicit {
		tls = "ssl " + tls
	}
	x.write(x.dir+"/rc", fmt.Sprintf(`poll %s service %s protocol pop3
  username "ann" password "%s" %s sslcertck sslcertfile "%s" keep fetchall no rewrite
  mda "%s/mda"
`, host, port, secret, tls, x.authority, x.dir))
	x.program("", program, "-f", x.dir+"/rc", "--pidfile", x.dir+"/pid", "--nosyslog", "--nodetach", "--invisible")
	return x.collect("out/*")
}

// poplib checks as well that no end is a truncated one, which Python forgives unless it is
// told not to.
func poplib(x *secured, implicit bool) []string {
	host, port := x.at(implicit)
	x.mkdirs("out")
	x.program(`
import poplib, ssl, sys
host, port, implicit, out, password = sys.argv[1:]
context = ssl.create_default_context()
if implicit == "true":
    m = poplib.POP3_SSL(host, int(port), context=context, timeout=30)
else:
    m = poplib.POP3(host, int(port), timeout=30)
    assert "STLS" in m.capa(), "no STLS announced"
    m.stls(context=context)
assert "STLS" not in m.capa(), "STLS announced within TLS"
m.sock.suppress_ragged_eofs = False
m.user("ann"); m.pass_(password)
for i in range(1, m.stat()[0] + 1):
    with open(f"{out}/{i}", "wb") as f:
        f.write(b"\n".join(m.retr(i)[1]) + b"\n")
m._putcmd("QUIT")
assert m._getline()[0].startswith(b"+OK")
assert m.file.read() == b"", "more behind the reply to QUIT"
`, need(x.t, "python3"), "-", host, port, fmt.Sprint(implicit), x.dir+"/out", secret)
	return x.collect("out/*")
}

// mpopConf is mpop's configuration; login says how to log in.
func (x *secured) mpopConf(host, port, tls, login, password string) []string {
	x.t.Helper()
	x.mkdirs("md/new", "md/cur", "md/tmp")
	x.write(x.dir+"/mpoprc", fmt.Sprintf(`account default
host %s
port %s
user ann
password "%s"
%s
%s
keep on
only_new off
received_header off
uidls_file %s/uidls
delivery maildir %[6]s/md
`, host, port, password, login, tls, x.dir))
	return []string{"-C", x.dir + "/mpoprc", "-Q"}
}

func mpop(x *secured, implicit bool, login string) []string {
	program := need(x.t, "mpop")
	host, port := x.at(implicit)
	tls := "tls on\ntls_starttls " + map[bool]string{true: "off", false: "on"}[implicit] + "\ntls_trust_file " + x.authority
	x.program("", program, x.mpopConf(host, port, tls, login, secret)...)
	return x.collect("md/new/*")
}

// without takes out header lines of these names.
func without(letter string, names ...string) string {
	head, body, _ := strings.Cut(letter, "\n\n")
	head = regexp.MustCompile(`(?m)^(?:`+strings.Join(names, "|")+`): .*(?:\n|\z)`).ReplaceAllString(head+"\n", "")
	return head + "\n" + body
}

// getmail knows no STLS. The pause is for a race of its own: it waits for ever for a
// program that ended before it began to wait.
func getmail(x *secured, implicit bool) (all []string) {
	program := need(x.t, "getmail")
	if !implicit {
		x.t.Skip("getmail knows no STLS")
	}
	host, port := x.at(implicit)
	x.mkdirs("md/new", "md/cur", "md/tmp", "getmail")
	x.write(x.dir+"/getmail/getmailrc", fmt.Sprintf(`[retriever]
type = SimplePOP3SSLRetriever
server = %s
port = %s
username = ann
password = %s
ca_certs = %s
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "sleep 0.3; cat >$(mktemp %s/md/new/XXXXXX)")
allow_root_commands = true
[options]
read_all = true
delete = false
delivered_to = false
received = false
`, host, port, secret, x.authority, x.dir))
	x.program("", program, "--getmaildir", x.dir+"/getmail")
	for _, l := range x.collect("md/new/*") {
		all = append(all, without(l, "Return-Path"))
	}
	return all
}

// mutt wants a terminal.
func mutt(x *secured, implicit bool, login string) (all []string) {
	program := need(x.t, "mutt")
	host, port := x.at(implicit)
	scheme := map[bool]string{true: "pops", false: "pop"}[implicit]
	x.write(x.dir+"/inbox", "")
	x.write(x.dir+"/muttrc", fmt.Sprintf(`set folder="%[1]s" spoolfile="%[1]s/inbox" mbox_type=mbox
set pop_host="%[2]s://ann@%[3]s:%[4]s" pop_pass="%[5]s" pop_delete=no pop_last=no pop_reconnect=no pop_authenticators="%[7]s"
set ssl_starttls=yes ssl_force_tls=yes ssl_ca_certificates_file="%[6]s"
set quit=yes delete=no move=no mark_old=no wait_key=no sort=mailbox-order sleep_time=0 header_cache="" mail_check=1
push "<fetch-mail><sync-mailbox><exit>"
`, x.dir, scheme, host, port, secret, x.authority, login))
	master, slave := terminal(x.t)
	p := start(x.t, func(c *exec.Cmd) {
		c.Stdin, c.Stdout, c.Dir = slave, slave, x.dir
		c.Env = []string{"HOME=" + x.dir, "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TERM=xterm", "LINES=40", "COLUMNS=120"}
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}, program, "-n", "-F", x.dir+"/muttrc", "-f", x.dir+"/inbox")
	var screen output
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			if err != nil {
				return
			}
			_, _ = screen.Write(b[:n])
		}
	}()
	if code := p.code(); code != 0 {
		x.t.Errorf("mutt: exit code %d: %s", code, screen.String())
	}
	for _, l := range regexp.MustCompile(`(?m)^From \S+ .*\d\d:\d\d:\d\d \d{4}\n`).Split(x.read(x.dir+"/inbox"), -1)[1:] {
		l = without(l, "Status", "Content-Length", "Lines")
		all = append(all, regexp.MustCompile(`(?m)^>From `).ReplaceAllString(l, "From "))
	}
	return all
}

func inc(x *secured, implicit bool) []string {
	const program = "/usr/bin/mh/inc"
	if _, err := os.Stat(program); err != nil {
		skip(x.t, "nmh")
	}
	host, port := x.at(implicit)
	x.mkdirs("Mail/inbox")
	x.write(x.dir+"/.mh_profile", "Path: "+x.dir+"/Mail\n")
	x.write(x.dir+"/.netrc", fmt.Sprintf("machine %s login ann password \"%s\"\n", host, secret))
	tls := map[bool]string{true: "-initialtls", false: "-tls"}[implicit]
	x.program("", program, "+inbox", "-host", host, "-port", port, "-user", "ann", tls, "-notruncate", "-noaudit", "-silent")
	return x.collect("Mail/inbox/[0-9]*")
}
