package oauth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"popper/server/adminfile"
	"popper/server/sasl"
)

// signed takes tokens that say all of themselves, by a signature (RFC 7519, RFC 8725, RFC
// 9068). No server is asked about them: a token is good until it expires, even if it is
// withdrawn. That is why it must expire.
type signed struct {
	rules Rules
	find  func(ctx context.Context, kid string) ([]jose.JSONWebKey, error)
}

// algorithms are those whose verifier cannot sign. Never "none", never HS256: with that, a
// public key would be the secret.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA}

func openSigned(s Settings) (*signed, error) {
	if s.Issuer == "" || s.Audience == "" {
		return nil, errors.New("for signed tokens the issuer and the audience must be set: otherwise a token for any other service would do")
	}
	if strings.Contains(s.Keys, "://") {
		if err := checkURL(s.Keys); err != nil {
			return nil, fmt.Errorf("the URL of the keys: %w", err)
		}
		r := &remote{url: s.Keys, http: newClient(), log: s.Log}
		return &signed{s.Rules, r.find}, nil
	}
	live, err := adminfile.Open(adminfile.Source[[]jose.JSONWebKey]{
		What: "file of keys for tokens", Path: s.Keys, Log: s.Log,
		Rule: adminfile.Rule{Max: maxAnswer, Closed: 0o022, Why: "others can write it, and so log in as anybody: chmod go-w"},
		Made: "the public keys of the authorization server belong in it, as a JWK set",
		Parse: func(data []byte) ([]jose.JSONWebKey, error) {
			keys, err := parseKeys(data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.Keys, err)
			}
			return keys, nil
		}})
	if err != nil {
		return nil, err
	}
	return &signed{s.Rules, func(_ context.Context, kid string) ([]jose.JSONWebKey, error) {
		return named(live.Current(), kid), nil
	}}, nil
}

// Check implements sasl.Tokens.
func (s *signed) Check(ctx context.Context, token string) (sasl.Owner, error) {
	t, err := jwt.ParseSigned(token, algorithms)
	if err != nil || len(t.Headers) != 1 {
		return sasl.Owner{}, denied("it is not a JWT with a signature of public keys")
	}
	header := t.Headers[0]
	if !accessToken(header) {
		return sasl.Owner{}, denied("it is a JWT for something else than access")
	}
	keys, err := s.find(ctx, header.KeyID)
	if err != nil {
		return sasl.Owner{}, err
	}
	if len(keys) == 0 {
		return sasl.Owner{}, denied("it is signed by a key that is not known")
	}
	for _, k := range keys {
		var payload json.RawMessage
		if (k.Algorithm == "" || k.Algorithm == header.Algorithm) && t.Claims(k.Key, &payload) == nil {
			return s.judge(payload)
		}
	}
	return sasl.Owner{}, denied("its signature is wrong")
}

// judge reads what a token says whose signature is good.
func (s *signed) judge(payload []byte) (sasl.Owner, error) {
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return sasl.Owner{}, denied("its claims make no sense")
	}
	if c.Expiry == nil {
		return sasl.Owner{}, denied("it never expires")
	}
	return s.rules.owner(&c)
}

// accessToken tells whether the type of a JWT is one of access tokens, or not told (RFC
// 8725 section 3.11). Tokens of other kinds (logout, DPoP proofs) come from the same
// issuer, and some are for everybody to see.
func accessToken(h jose.Header) bool {
	kind, some := h.ExtraHeaders[jose.HeaderType]
	if !some {
		return true
	}
	text, _ := kind.(string)
	switch strings.TrimPrefix(strings.ToLower(text), "application/") {
	case "jwt", "at+jwt":
		return true
	}
	return false
}
