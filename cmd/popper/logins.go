package main

import (
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"popper/server"
	"popper/server/apop"
	"popper/server/passwd"
	"popper/server/sasl"
	"popper/server/secure"
)

// tlsFlags are how connections become private.
type tlsFlags struct {
	cert, key  string
	listenTLS  []string
	inetdTLS   bool
	requireTLS bool
}

func (c *tlsFlags) define(f *flag.FlagSet) {
	f.StringVar(&c.cert, "tls-cert", "", "")
	f.StringVar(&c.key, "tls-key", "", "")
	f.Func("listen-tls", "", appendAddr(&c.listenTLS))
	f.BoolVar(&c.inetdTLS, "inetd-tls", false, "")
	f.BoolVar(&c.requireTLS, "require-tls", false, "")
}

func (c *tlsFlags) check() error {
	if c.cert != "" {
		return nil
	}
	switch {
	case c.listenTLS != nil:
		return c.lacksCert("listen-tls")
	case c.inetdTLS:
		return c.lacksCert("inetd-tls")
	case c.requireTLS:
		return c.lacksCert("require-tls")
	case c.key != "":
		return c.lacksCert("tls-key")
	}
	return nil
}

func (c *tlsFlags) lacksCert(name string) error {
	return usageError("--%s needs a certificate: give --tls-cert FILE, and --tls-key FILE if the key is not in it", name)
}

// open adds TLS to what the server does.
func (c *tlsFlags) open(s *server.Config, log *slog.Logger) error {
	if c.cert == "" {
		return nil
	}
	pair, err := secure.Open(c.cert, c.key, log)
	if err != nil {
		return configError("--tls-cert, --tls-key: %w", err)
	}
	s.Security, s.RequireTLS = pair, c.requireTLS
	return nil
}

// loginFlags are how users prove who they are, besides passwords, and what else CAPA
// tells of a site.
type loginFlags struct {
	apop   string
	delay  time.Duration
	expire int // as server.Config has it
	hide   bool
	oauthFlags
}

func (c *loginFlags) define(f *flag.FlagSet) {
	f.StringVar(&c.apop, "apop-secrets", "", "")
	duration(f, &c.delay, "login-delay", 0)
	f.Func("expire", "", c.setExpire)
	f.BoolVar(&c.hide, "hide-version", false, "")
	c.oauthFlags.define(f)
}

func (c *loginFlags) setExpire(s string) error {
	days, err := strconv.Atoi(s)
	switch {
	case s == "never":
		days = 0
	case err != nil || days < 0 || days > maxExpire:
		return fmt.Errorf("it is a number of days from 0 to %d, or never", maxExpire)
	case days == 0:
		days = server.AtOnce
	}
	c.expire = days
	return nil
}

// maxExpire is the longest time that mail may be kept and then be removed, in days: a
// century. Stops a slip of the finger from becoming another time.
const maxExpire = 36500

func (c *loginFlags) check() error {
	if c.delay < 0 {
		return usageError("--login-delay: a time cannot be negative")
	}
	return c.oauthFlags.check()
}

// open adds the ways to log in to what the server does.
func (c *loginFlags) open(s *server.Config, users *passwd.File, log *slog.Logger) error {
	s.LoginDelay, s.Expire = c.delay, c.expire
	if !c.hide {
		s.Implementation = implementation()
	}
	if c.apop != "" {
		digests, err := apop.Open(c.apop, users, log)
		if err != nil {
			return configError("--apop-secrets: %w", err)
		}
		s.Digests, s.Host = digests, hostName()
	}
	key, err := sasl.DecoyKey(filepath.Join(s.Maildrop.State, "decoy.key"))
	if err != nil {
		return configError("--state: %w", err)
	}
	bearer, err := c.mechanisms(users, log)
	if err != nil {
		return err
	}
	scram, others := sasl.SCRAM(users, key), append(bearer, sasl.Plain(users))
	s.Mechanisms = func() []server.Mechanism {
		if users.HasSCRAM() {
			return slices.Concat(scram, others)
		}
		return others
	}
	return nil
}

// implementation is what CAPA calls this program.
func implementation() string {
	return strings.TrimSuffix("popper-"+strings.Trim(version(), "()"), "-devel")
}
