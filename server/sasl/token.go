package sasl

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"popper/server"
)

// Tokens checks access tokens (RFC 6750). It is called by many sessions at one time.
type Tokens interface {
	// Check returns whose the token is, and ErrDenied, perhaps with a reason for the log,
	// if it is nobody's or not for this server. Any other error is a temporary failure.
	// No error holds any of the token. When ctx ends it returns soon, with any error.
	Check(ctx context.Context, token string) (Owner, error)
}

// Owner is whose a token is.
type Owner struct {
	Name  string // of the account
	Claim string // what the token calls him: clients may, too
}

// Hint is what a client whose token was refused is told, that it may get a better one.
// Both may be empty.
type Hint struct {
	Scope  string // what the token must be good for
	Config string // URL of the provider's OpenID configuration; not in XOAUTH2
}

// Bearer is OAUTHBEARER (RFC 7628) and XOAUTH2 (its forerunner, of Google), in this order:
// who bears a token that tokens takes logs in as its owner, if users has him. A token is
// as good as a password as long as it lives: they are offered on private connections only,
// and to clients on this machine (RFC 7628 section 3).
func Bearer(users server.Directory, tokens Tokens, hint Hint) []server.Mechanism {
	b := &bearer{users, tokens, hint}
	return []server.Mechanism{b.mechanism("OAUTHBEARER", oauthBearer, b.failure), b.mechanism("XOAUTH2", xoauth2, b.oldFailure)}
}

type bearer struct {
	users  server.Directory
	tokens Tokens
	hint   Hint
}

// mechanism makes one whose client's message parse reads, and whose failure is what a
// client gets to hear.
func (b *bearer) mechanism(name string, parse func(string) (user, token string, err error), failure func() any) server.Mechanism {
	return mechanism{name: name, needs: server.NeedsPrivacy, begin: func(ctx context.Context, _ server.Private) server.Exchange {
		return &single{judge: func(s *single, response []byte) ([]byte, error) {
			user, token, err := parse(string(response))
			s.claimed = user
			if err != nil {
				return nil, err
			}
			account, err := b.login(ctx, s, user, token)
			if errors.Is(err, server.ErrDenied) {
				challenge, _ := json.Marshal(failure()) // of strings: it does not fail
				return challenge, err
			}
			s.account = account
			return nil, err
		}}
	}}
}

// login is for user, or for whoever the token's owner is if user is empty.
func (b *bearer) login(ctx context.Context, s *single, user, token string) (server.Account, error) {
	if !wellFormed(token) {
		return server.Account{}, denied("what the client sent as a token is none")
	}
	owner, err := b.tokens.Check(ctx, token)
	if err != nil {
		return server.Account{}, err
	}
	if s.claimed == "" {
		s.claimed = owner.Name
	}
	if user != "" && user != owner.Name && user != owner.Claim {
		return server.Account{}, denied("the token is another user's: %.64q", owner.Claim)
	}
	if err := checkName(owner.Name); err != nil {
		return server.Account{}, err
	}
	account, err := b.users.Lookup(ctx, owner.Name)
	if err != nil {
		return server.Account{}, err
	}
	return account, nil
}

// wellFormed tells whether token is one by RFC 6750 section 2.1, and not too long.
func wellFormed(token string) bool {
	body := strings.TrimRight(token, "=")
	return body != "" && len(token) <= maxToken && !strings.ContainsFunc(body, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-._~+/", r))
	})
}

// pairs reads key=value pairs with ^A behind each, and one more behind all: what both
// mechanisms have. Values are printable or white space (RFC 7628 section 3.1), in any
// language; keys that nobody knows are left to the caller to ignore.
func pairs(text string) (map[string]string, error) {
	text, ok := strings.CutSuffix(text, "\x01")
	if !ok || text != "" && text[len(text)-1] != 1 {
		return nil, server.ErrExchange
	}
	all := make(map[string]string)
	for pair := range strings.SplitAfterSeq(text, "\x01") {
		if pair == "" {
			continue // behind the last one
		}
		key, value, ok := strings.Cut(pair[:len(pair)-1], "=")
		if _, twice := all[key]; !ok || twice || key == "" || strings.ContainsFunc(key, notLetter) || strings.ContainsFunc(value, control) {
			return nil, server.ErrExchange
		}
		all[key] = value
	}
	return all, nil
}

func notLetter(r rune) bool { return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') }
func control(r rune) bool   { return r < ' ' && r != '\t' && r != '\r' && r != '\n' || r == 0x7F }

// bearerToken cuts "Bearer", in any case, off the value of auth.
func bearerToken(auth string) (string, error) {
	scheme, token, ok := strings.Cut(auth, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", server.ErrExchange
	}
	return strings.TrimLeft(token, " "), nil
}
