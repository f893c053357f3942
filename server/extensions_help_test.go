package server

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// withConfig runs a test in a session that has just begun, on a server of its own.
func withConfig(t *testing.T, change func(*Config), test func(t *testing.T, s *site, p *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, two, change)
		test(t, s, s.connect(t))
	})
}

// riddle is a mechanism for tests: it asks for a name, and then for the secret, and says
// "no" before it denies. It is as simple as a mechanism with several steps can be.
type riddle struct {
	name     string
	needs    Protection
	accounts Accounts
}

func (r riddle) Name() string      { return r.name }
func (r riddle) Needs() Protection { return r.needs }

func (r riddle) Begin(ctx context.Context, _ Private) Exchange {
	return &riddling{ctx: ctx, riddle: r}
}

type riddling struct {
	riddle
	ctx     context.Context
	claimed string
	account Account
}

func (r *riddling) Account() Account { return r.account }
func (r *riddling) Claimed() string  { return r.claimed }

func (r *riddling) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("name?"), false, nil
	case r.claimed == "" && len(response) == 0:
		return nil, false, ErrExchange
	case r.claimed == "":
		r.claimed = string(response)
		return []byte("secret of " + r.claimed + "?"), false, nil
	}
	r.account, err = r.accounts.Authenticate(r.ctx, r.claimed, response)
	if err != nil {
		return []byte("no"), false, err
	}
	return nil, true, nil
}

// riddles gives a server the mechanism, and one that needs TLS.
func riddles(c *Config) {
	accounts := c.Accounts
	c.Mechanisms = func() []Mechanism {
		return []Mechanism{riddle{"RIDDLE-PLUS", NeedsBinding, accounts}, riddle{"RIDDLE", NeedsNothing, accounts}}
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// more checks that a line asks for more, with that challenge.
func (p *client) more(line, challenge string) {
	p.tb.Helper()
	p.exact(line, "+ "+b64(challenge))
}

// shared is a source of secrets for APOP.
type shared struct {
	people
	secrets map[string]string
}

func (s shared) HasSecrets() bool { return len(s.secrets) > 0 }

func (s shared) Check(_ context.Context, name, stamp string, digest []byte) (Account, error) {
	secret, ok := s.secrets[name]
	if !ok || fmt.Sprintf("%x", md5.Sum([]byte(stamp+secret))) != string(digest) {
		return Account{}, ErrDenied
	}
	return Account{Name: name, Maildrop: s.people[name]}, nil
}

func sharing(c *Config) {
	c.Digests = shared{c.Accounts.(people), map[string]string{"mrose": "tanstaaf"}}
	c.Host = "dewey.udel.edu"
}

// capabilities are what CAPA lists now.
func (p *client) capabilities() string {
	p.tb.Helper()
	return strings.Join(p.lines("CAPA"), ", ")
}
