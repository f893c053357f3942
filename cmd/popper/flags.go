package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"popper/mbox"
	"popper/parser"
	"popper/server"
	"popper/server/passwd"
)

const usage = `popper: a POP3 server for mbox spools

  popper --listen ADDR --passwd FILE [flags]   a server of its own
  popper --inetd --passwd FILE [flags]         one session on standard input and output
  popper passwd [--algorithm A] FILE USER      sets a password, read from the terminal
  popper deliver [flags] [USER]                appends a message to a maildrop
  popper archive --groups DIR [flags] GROUP... moves messages to a group's archive
  popper demo [--listen ADDR] [-d]             a server with a made-up spool, to try

One dash does as well as two. Without --listen, and with a socket as standard
input, popper does as with --inetd.

  --listen ADDR          host:port or :port to listen on; may be given several times
  --inetd                serve the client on standard input and output, then end
  --passwd FILE          users: lines of user:hash[:maildrop]
  --tls-cert FILE        certificate, and those that lead to its authority: offers STLS
  --tls-key FILE         its private key (in the file of --tls-cert)
  --listen-tls ADDR      listen for TLS from the first octet on, as on port 995
  --inetd-tls            as --inetd, for TLS from the first octet on
  --require-tls          nobody logs in without TLS
  --oauth-introspect URL tokens (OAUTHBEARER, XOAUTH2) are checked by this endpoint,
  --oauth-client NAME    where popper has this name,
  --oauth-secret FILE    and this secret
  --oauth-keys KEYS      or they are signed by these keys: a JWK set, a file or a URL
  --oauth-issuer ISSUER  who must have issued a token
  --oauth-audience NAME  whom it must be for
  --oauth-scope WORDS    what it must be good for
  --oauth-claim CLAIM    which claim is the user (sub)
  --oauth-domain DOMAIN  what is left out behind the @ of it
  --oauth-config URL     OpenID configuration, told to clients whose token was refused
  --apop-secrets FILE    lines of user:secret, for old programs that log in by APOP
  --login-delay DURATION the least time from one login of a user to the next (0s)
  --expire DAYS          remove older messages when a session ends; 0: those that were
                         fetched in it (never)
  --hide-version         CAPA does not tell what this server is
  --maildrop PATTERN     where the mail is; %u is the user (/var/mail/%u)
  --state DIR            popper's own directory: session locks, indexes, what LAST
                         tells (/var/lib/popper)
  --journal DIR          where the journals of updates are (beside each spool file)
  --locks KINDS          delivery locks in the order they are taken, of dotlock,
                         fcntl, flock (dotlock,fcntl)
  --lock-wait DURATION   how long to wait for them (20s)
  --mboxrd               undo the quoting of ">From " lines
  --groups DIR           discussion groups: files NAME.group, or MH's bboards
  --anonymous            "anonymous" may log in, and read what everybody may
  --anonymous-from LIST  only from these addresses or prefixes, with commas between
  --rpop FILE            who may log in by RPOP: lines of HOST REMOTE-USER [LOCAL-USER]
  --sendmail PATH        send clients' mail (XTND XMIT) through this program
  --submission URL       or to this server: smtp://HOST, smtps://USER@HOST
  --submission-password FILE  the password of that user
  --mail-domain DOMAIN   that of the users' addresses (this machine's)
  --max-message SIZE     a longer message is not sent (50M)
  --max-recipients N     nor one to more addresses (100)
  --dialects LIST        which commands are known besides RFC 1081's, of rfc1939,
                         rfc1082, berkeley, rfc2449 (CAPA), rfc2595 (STLS), rfc5034
                         (AUTH), rfc6856 (UTF8, LANG) and popper (HELP) (all)
  --idle-timeout DURATION  a client that is silent longer is cut off (10m)
  --login-failures N     failed logins that end a session (10)
  --max-sessions N       sessions at the same time, when listening (1024)
  --grace DURATION       time for running sessions when popper is stopped (30s)
  --syslog               log to syslog, facility local0, when listening
  -d                     log each command, without passwords
  -t FILE                log to FILE instead; SIGHUP opens it again
  --version              print the version
`

// config is the command line.
type config struct {
	listen   []string
	inetd    bool
	passwd   string
	maildrop string
	state    string
	journal  string
	lockFlags
	dialectFlags
	submitFlags
	tlsFlags
	loginFlags
	mboxrd   bool
	idle     time.Duration
	failures int
	sessions int
	grace    time.Duration
	syslog   bool
	debug    bool
	trace    string
	version  bool
}

func (c *config) flags() *flag.FlagSet {
	f := flag.NewFlagSet("popper", flag.ContinueOnError)
	f.SetOutput(io.Discard) // errors are reported by exit, which knows where to
	f.Func("listen", "", appendAddr(&c.listen))
	f.BoolVar(&c.inetd, "inetd", false, "")
	f.StringVar(&c.passwd, "passwd", "", "")
	f.StringVar(&c.maildrop, "maildrop", defaultMaildrop, "")
	f.StringVar(&c.state, "state", defaultState, "")
	f.StringVar(&c.journal, "journal", "", "")
	c.lockFlags.define(f)
	c.dialectFlags.define(f)
	c.submitFlags.define(f)
	c.tlsFlags.define(f)
	c.loginFlags.define(f)
	f.BoolVar(&c.mboxrd, "mboxrd", false, "")
	duration(f, &c.idle, "idle-timeout", server.DefaultIdleTimeout)
	f.IntVar(&c.failures, "login-failures", server.DefaultLoginFailures, "")
	f.IntVar(&c.sessions, "max-sessions", server.DefaultMaxSessions, "")
	duration(f, &c.grace, "grace", server.DefaultGrace)
	f.BoolVar(&c.syslog, "syslog", false, "")
	f.BoolVar(&c.debug, "d", false, "")
	f.StringVar(&c.trace, "t", "", "")
	f.BoolVar(&c.version, "version", false, "")
	return f
}

// appendAddr reads an address to listen on.
func appendAddr(to *[]string) func(string) error {
	return func(s string) error {
		if _, _, err := net.SplitHostPort(s); err != nil {
			return fmt.Errorf("%w; it has the form host:port, for instance 127.0.0.1:110", err)
		}
		*to = append(*to, s)
		return nil
	}
}

// duration defines a flag for a time. Many forget the unit.
func duration(f *flag.FlagSet, to *time.Duration, name string, value time.Duration) {
	*to = value
	f.Func(name, "", func(s string) (err error) {
		if *to, err = time.ParseDuration(s); err == nil {
			return nil
		}
		if _, err := strconv.Atoi(s); err == nil {
			return fmt.Errorf("the unit is missing: %ss, %[1]sm or %[1]sh", s)
		}
		return errors.New("it is a number with a unit, for instance 90s or 10m")
	})
}

const (
	defaultMaildrop = "/var/mail/%u"
	defaultState    = "/var/lib/popper"
)

// size defines a flag for a number of octets; K, M and G are those of 1024.
func size(f *flag.FlagSet, to *int64, name string) {
	f.Func(name, "", func(s string) error {
		digits := strings.TrimRight(s, "KMG")
		n, err := strconv.ParseInt(digits, 10, 64)
		shift, ok := map[string]int{"": 0, "K": 10, "M": 20, "G": 30}[s[len(digits):]]
		if err != nil || !ok || n < 1 || n > 1<<(62-shift) {
			return errors.New("it is a number of octets, for instance 500K, 50M or 1G")
		}
		*to = n << shift
		return nil
	})
}

// lockFlags are how delivery locks are taken.
type lockFlags struct {
	kinds []mbox.LockKind // nil: as mbox.Options has it
	wait  time.Duration
}

func (c *lockFlags) define(f *flag.FlagSet) {
	f.Func("locks", "", c.setLocks)
	duration(f, &c.wait, "lock-wait", mbox.DefaultWait)
}

func (c *lockFlags) check() error {
	if c.wait <= 0 {
		return usageError("--lock-wait: more than zero; 1ns makes one attempt")
	}
	return nil
}

// lockKinds are the words of --locks.
var lockKinds = map[string]mbox.LockKind{"dotlock": mbox.Dotlock, "fcntl": mbox.Fcntl, "flock": mbox.Flock}

func (c *lockFlags) setLocks(s string) error {
	c.kinds = []mbox.LockKind{}
	for word := range strings.SplitSeq(s, ",") {
		kind, ok := lockKinds[word]
		if !ok {
			return fmt.Errorf("no lock is called %q; there are dotlock, fcntl and flock", word)
		}
		if slices.Contains(c.kinds, kind) {
			return fmt.Errorf("%s is named twice, and would wait for itself", word)
		}
		c.kinds = append(c.kinds, kind)
	}
	return nil
}

// parse reads the command line and decides between listening and inetd.
func parse(args []string) (*config, error) {
	c := new(config)
	f := c.flags()
	if err := f.Parse(args); err == flag.ErrHelp {
		return c, err
	} else if err != nil {
		return c, usageError("%w", err)
	}
	if c.version {
		return c, nil
	}
	if c.inetdTLS || !c.listens() && isSocket(0) {
		c.inetd = true // as the Berkeley server: no flag says so in old inetd.conf files
	}
	switch {
	case f.NArg() > 0:
		return c, usageError("what is %q? popper takes flags only, or passwd, deliver, archive or demo as first word", f.Arg(0))
	case c.inetd && c.listens():
		return c, usageError("--inetd and --listen exclude one another")
	case !c.inetd && !c.listens():
		return c, usageError("give --listen ADDR, or --inetd to serve a client on standard input")
	case c.passwd == "":
		return c, usageError("give --passwd FILE: without it nobody can log in")
	case c.idle <= 0:
		return c, usageError("--idle-timeout: more than zero")
	case c.grace < 0:
		return c, usageError("--grace: a time cannot be negative")
	case c.sessions < 1:
		return c, usageError("--max-sessions %d: at least 1", c.sessions)
	case c.failures < 1:
		return c, usageError("--login-failures %d: at least 1", c.failures)
	case c.requireTLS && c.startsClear() && !c.knows(parser.DialectRfc2595):
		return c, usageError("--require-tls: without rfc2595 among the --dialects there is no STLS, and nobody could log in; " +
			"add it, or serve TLS only, by --listen-tls or --inetd-tls")
	}
	if err := errors.Join(c.lockFlags.check(), c.submitFlags.check(), c.tlsFlags.check(), c.loginFlags.check()); err != nil {
		return c, err
	}
	if err := passwd.CheckPattern(c.maildrop); err != nil {
		return c, configError("--maildrop: %w", err)
	}
	return c, nil
}

// listens tells whether clients connect to this program itself.
func (c *config) listens() bool { return len(c.listen)+len(c.listenTLS) > 0 }

// startsClear tells whether there are connections that begin without TLS.
func (c *config) startsClear() bool { return len(c.listen) > 0 || c.inetd && !c.inetdTLS }

// server is the configuration of the sessions.
func (c *config) server() server.Config {
	grace := c.grace
	if grace == 0 {
		grace = -1 // zero means the default there, and none here
	}
	return server.Config{
		Maildrop:      mbox.Options{State: c.state, Journal: c.journal, Locks: c.kinds, Wait: c.wait, Unquote: c.mboxrd},
		IdleTimeout:   c.idle,
		LoginFailures: c.failures,
		MaxSessions:   c.sessions,
		Grace:         grace,
		Dialects:      c.dialects,
		Guests:        c.guests(),
		MaxContent:    c.maxMessage,
	}
}
