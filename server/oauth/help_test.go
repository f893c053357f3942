package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"popper/server"
	"popper/server/sasl"
)

// The keys of the tests: two of the issuer, and a stranger's.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { k, _ := rsa.GenerateKey(rand.Reader, 2048); return k })
	ecKey    = sync.OnceValue(newEC)
	stranger = sync.OnceValue(newEC)
)

func newEC() *ecdsa.PrivateKey {
	k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return k
}

type object map[string]any

// with is o with some members changed; those that are nil are left out.
func (o object) with(changes object) object {
	o = maps.Clone(o)
	maps.Copy(o, changes)
	maps.DeleteFunc(o, func(_ string, v any) bool { return v == nil })
	return o
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// jwk is a public key in a JWK set.
func jwk(key crypto.PublicKey, kid, use, alg string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key, KeyID: kid, Use: use, Algorithm: alg}
}

func jwks(keys ...jose.JSONWebKey) []byte { return marshal(jose.JSONWebKeySet{Keys: keys}) }

func issuerKeys() []byte {
	return jwks(jwk(rsaKey().Public(), "rsa", "sig", "RS256"), jwk(ecKey().Public(), "ec", "", ""))
}

// sign makes a token with that header.
func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, header object, payload []byte) string {
	t.Helper()
	o := &jose.SignerOptions{}
	for name, value := range header {
		o.WithHeader(jose.HeaderKey(name), value)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signature.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var rules = Rules{Issuer: "https://id.example.org/", Audience: "popper"}

// goodClaims are those of a token of ann's.
func goodClaims() object {
	now := time.Now().Unix()
	return object{"iss": "https://id.example.org/", "aud": "popper", "sub": "ann", "exp": now + 300, "nbf": now - 5, "iat": now - 5,
		"email": "ann@example.org", "scope": "openid mail"}
}

func write(t testing.TB, text []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// check compares what a check says: "" and the owner, or a part of the reason for which it
// is denied; with a ! before it, of the error that is no denial.
func check(t testing.TB, tokens sasl.Tokens, token, owner, want string) {
	t.Helper()
	got, err := tokens.Check(t.Context(), token)
	trouble := strings.HasPrefix(want, "!")
	switch {
	case want == "" && (err != nil || got.Name != owner):
		t.Errorf("owner %v, %v; want %s", got, err, owner)
	case want != "" && (got != sasl.Owner{} || err == nil):
		t.Errorf("owner %v, %v; want %q", got, err, want)
	case want != "" && (errors.Is(err, server.ErrDenied) == trouble || !strings.Contains(err.Error(), strings.TrimPrefix(want, "!"))):
		t.Errorf("%v; want %q", err, want)
	}
	if err != nil && len(token) > 8 && strings.Contains(err.Error(), token[len(token)-8:]) {
		t.Errorf("the token is in the error: %v", err)
	}
}
