package main

import (
	"flag"
	"os"
	"strings"

	"popper/server"
	"popper/server/submit"
)

// submitFlags are how mail is sent for clients (XTND XMIT).
type submitFlags struct {
	sendmail, submission, passwordFile, domain string
	recipients                                 int
	maxMessage                                 int64
}

func (c *submitFlags) define(f *flag.FlagSet) {
	f.StringVar(&c.sendmail, "sendmail", "", "")
	f.StringVar(&c.submission, "submission", "", "")
	f.StringVar(&c.passwordFile, "submission-password", "", "")
	f.StringVar(&c.domain, "mail-domain", hostDomain(), "")
	f.IntVar(&c.recipients, "max-recipients", submit.DefaultMaxRecipients, "")
	c.maxMessage = server.DefaultMaxContent
	size(f, &c.maxMessage, "max-message")
}

func (c *submitFlags) check() error {
	switch {
	case c.sendmail != "" && c.submission != "":
		return usageError("--sendmail and --submission exclude one another")
	case c.passwordFile != "" && c.submission == "":
		return usageError("--submission-password belongs to --submission smtp://USER@HOST")
	case c.recipients < 1:
		return usageError("--max-recipients %d: at least 1", c.recipients)
	}
	return nil
}

// hostName is this machine's name.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return strings.TrimSuffix(name, ".")
}

// hostDomain is the domain of this machine's name: what follows its first dot, or all
// of it if there is none.
func hostDomain() string {
	name := hostName()
	if _, domain, ok := strings.Cut(name, "."); ok {
		return domain
	}
	return name
}

// open is the way in which mail is sent; nil if it is not.
func (c *submitFlags) open() (server.Submission, error) {
	o := submit.Options{Domain: c.domain, MaxRecipients: c.recipients}
	switch {
	case c.sendmail != "":
		s, err := submit.Sendmail(c.sendmail, o)
		if err != nil {
			return nil, configError("--sendmail: %w", err)
		}
		return s, nil
	case c.submission != "":
		password := ""
		if c.passwordFile != "" {
			var err error
			if password, err = submit.ReadPassword(c.passwordFile); err != nil {
				return nil, configError("--submission-password: %w", err)
			}
		}
		s, err := submit.SMTP(c.submission, password, o)
		if err != nil {
			return nil, configError("--submission: %w", err)
		}
		return s, nil
	}
	return nil, nil
}
