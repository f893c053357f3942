package oauth

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"popper/server"
	"popper/server/sasl"
)

func open(t testing.TB, s Settings) sasl.Tokens {
	t.Helper()
	tokens, err := Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func TestSigned(t *testing.T) {
	tokens := open(t, Settings{Keys: write(t, issuerKeys(), 0o644), Rules: rules})
	good := marshal(goodClaims())
	at := object{"kid": "rsa", "typ": "at+jwt"}
	for _, c := range []struct{ token, want string }{
		{sign(t, jose.RS256, rsaKey(), at, good), ""},
		{sign(t, jose.ES256, ecKey(), object{"kid": "ec", "typ": "JWT"}, good), ""},
		{sign(t, jose.ES256, ecKey(), object{"kid": "ec", "typ": "application/at+JWT"}, good), ""},
		{sign(t, jose.ES256, ecKey(), nil, good), ""}, // no kid, no typ: all keys are tried

		// RFC 8725 section 2: what has been done to verifiers.
		{sign(t, jose.ES256, stranger(), object{"kid": "ec"}, good), "signature is wrong"}, // names a key that is not his
		{sign(t, jose.ES256, ecKey(), object{"kid": "rsa"}, good), "signature is wrong"},
		{sign(t, jose.RS256, rsaKey(), object{"kid": "ec"}, good), "signature is wrong"},
		{sign(t, jose.ES256, stranger(), object{"kid": "other"}, good), "not known"},
		{sign(t, jose.ES256, stranger(), nil, good), "signature is wrong"},
		{sign(t, jose.ES256, stranger(), object{"jwk": jwk(stranger().Public(), "", "", "")}, good), "signature is wrong"}, // brings his own
		{sign(t, jose.PS256, rsaKey(), at, good), "signature is wrong"},                                                    // the set says RS256
		{sign(t, jose.HS256, publicPEM(t), at, good), "not a JWT"},
		{sign(t, jose.HS256, rsaKey().N.Bytes(), at, good), "not a JWT"},
		{none(good), "not a JWT"},
		{none(good) + "x", "not a JWT"},
		{strings.TrimSuffix(none(good), "."), "not a JWT"},
		{sign(t, jose.RS256, rsaKey(), object{"kid": "rsa", "typ": "logout+jwt"}, good), "something else"},
		{sign(t, jose.RS256, rsaKey(), object{"kid": "rsa", "typ": "dpop+jwt"}, good), "something else"},
		{sign(t, jose.RS256, rsaKey(), object{"kid": "rsa", "crit": []string{"exp"}}, good), "wrong"},
		{"", "not a JWT"}, {"a.b.c", "not a JWT"}, {"....", "not a JWT"}, {strings.Repeat("a", 9000), "not a JWT"},

		{sign(t, jose.RS256, rsaKey(), at, []byte("[]")), "no sense"},
		{sign(t, jose.RS256, rsaKey(), at, []byte("null")), "expires"},
		{sign(t, jose.RS256, rsaKey(), at, []byte(strings.Replace(string(good), `"sub"`, `"sub":"bob","sub"`, 1))), "no sense"}, // which of both?
		{sign(t, jose.RS256, rsaKey(), at, []byte(strings.Replace(string(good), `"sub"`, `"Sub"`, 1))), `no claim "sub"`},
	} {
		t.Logf("%.60s…", c.token)
		check(t, tokens, c.token, "ann", c.want)
	}
}

// publicPEM is what a verifier that takes HS256 would use as its secret.
func publicPEM(t *testing.T) []byte {
	der, err := x509.MarshalPKIXPublicKey(rsaKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// none is a token without a signature.
func none(payload []byte) string {
	b := base64.RawURLEncoding.EncodeToString
	return b([]byte(`{"alg":"none","kid":"rsa"}`)) + "." + b(payload) + "."
}

func TestSignedClaims(t *testing.T) {
	keys := write(t, issuerKeys(), 0o600)
	now := int64(goodClaims()["iat"].(int64) + 5)
	for _, c := range []struct {
		change object
		want   string
	}{
		{object{}, ""},
		{object{"aud": []string{"other", "popper"}}, ""},
		{object{"aud": "other"}, "audience"},
		{object{"aud": []string{"other"}}, "audience"},
		{object{"aud": []string{}}, "audience"},
		{object{"aud": nil}, "audience"},
		{object{"aud": "Popper"}, "audience"},
		{object{"aud": 1}, "no sense"},
		{object{"iss": "https://evil.example.org/"}, "issuer"},
		{object{"iss": "https://id.example.org"}, "issuer"},
		{object{"iss": nil}, "issuer"},
		{object{"exp": now - 61}, "expired"},
		{object{"exp": 0}, "expired"},
		{object{"exp": nil}, "never expires"},
		{object{"exp": "tomorrow"}, "no sense"},
		{object{"exp": 1e300}, "no sense"},
		{object{"nbf": now + 120}, "not valid yet"},
		{object{"nbf": nil, "iat": nil}, ""},
		{object{"iat": now + 120}, "not valid yet"},
		{object{"sub": nil}, `no claim "sub"`},
		{object{"sub": ""}, `no claim "sub"`},
		{object{"sub": 7}, "no sense"},
		{object{"sub": []string{"ann"}}, "no sense"},
		{object{"sub": "../ann"}, "not the name"},
		{object{"sub": "ann\x00"}, "not the name"},
		{object{"sub": "änn"}, "not the name"},
	} {
		tokens := open(t, Settings{Keys: keys, Rules: rules})
		t.Log(c.change)
		check(t, tokens, sign(t, jose.ES256, ecKey(), object{"kid": "ec"}, marshal(goodClaims().with(c.change))), "ann", c.want)
	}
}

// A token with any bit changed is nobody's.
func TestSignedBitFlips(t *testing.T) {
	tokens := open(t, Settings{Keys: write(t, issuerKeys(), 0o600), Rules: rules})
	good := sign(t, jose.ES256, ecKey(), object{"kid": "ec"}, marshal(goodClaims()))
	rapid.Check(t, func(rt *rapid.T) {
		bad := []byte(good)
		at := rapid.IntRange(0, len(bad)-1).Draw(rt, "at")
		bad[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		if same(good, string(bad)) {
			return // the unused bits of base64
		}
		if owner, err := tokens.Check(t.Context(), string(bad)); err == nil {
			rt.Fatalf("%s is %v's", bad, owner)
		}
	})
}

// same tells whether two tokens say the same: the last digit of each part of Base64 can have
// bits that mean nothing.
func same(a, b string) bool {
	parts := func(token string) (out []string) {
		for part := range strings.SplitSeq(token, ".") {
			octets, err := base64.RawURLEncoding.DecodeString(part)
			if err != nil {
				return nil
			}
			out = append(out, string(octets))
		}
		return out
	}
	return slices.Equal(parts(a), parts(b))
}

func TestNoSuchSettings(t *testing.T) {
	keys := write(t, issuerKeys(), 0o600)
	secret := write(t, []byte("s3cret\n"), 0o600)
	asked := Settings{Introspect: "https://id.example.org/introspect", Client: "popper", Secret: secret, Rules: rules}
	for _, c := range []struct {
		change func(*Settings)
		want   string
	}{
		{func(s *Settings) { *s = Settings{} }, "not set"},
		{func(s *Settings) { s.Keys = keys }, "one of both"},
		{func(s *Settings) { s.Client = "" }, "client name"},
		{func(s *Settings) { s.Secret = "" }, "client name"},
		{func(s *Settings) { s.Audience = "" }, "audience or the scope"},
		{func(s *Settings) { s.Secret = secret + "x" }, "in one line"},
		{func(s *Settings) { s.Secret = write(t, []byte("s3cret"), 0o644) }, "chmod go-w,o-r"},
		{func(s *Settings) { s.Secret = write(t, []byte("s3cret\nmore"), 0o600) }, "one line"},
		{func(s *Settings) { s.Secret = write(t, nil, 0o600) }, "one line"},
		{func(s *Settings) { s.Introspect = "http://id.example.org/s3cret" }, "https://"},
		{func(s *Settings) { s.Introspect = "http://127.0.0.1.example.org/s3cret" }, "https://"},
		{func(s *Settings) { s.Introspect = "ftp://localhost/s3cret" }, "https://"},
		{func(s *Settings) { s.Introspect = "https://ann:s3cret@id.example.org/" }, "every user"},
		{func(s *Settings) { s.Introspect = "s3cret" }, "form"},
		{func(s *Settings) { s.Introspect = "https://id.example.org/#s3cret" }, "form"},
		{func(s *Settings) { s.Introspect = "http://[::1" }, "form"},
		{func(s *Settings) { s.Domain = "@example.org" }, "follows the @"},
		{func(s *Settings) { s.Introspect, s.Keys, s.Issuer = "", keys, "" }, "issuer and the audience"},
		{func(s *Settings) { s.Introspect, s.Keys, s.Audience = "", keys, "" }, "issuer and the audience"},
		{func(s *Settings) { s.Introspect, s.Keys = "", "http://id.example.org/keys" }, "https://"},
		{func(s *Settings) { s.Introspect, s.Keys = "", keys+"x" }, "as a JWK set"},
		{func(s *Settings) { s.Introspect, s.Keys = "", write(t, issuerKeys(), 0o622) }, "chmod go-w"},
		{func(s *Settings) { s.Introspect, s.Keys = "", write(t, []byte("{}"), 0o600) }, "not a JWK set"},
		{func(s *Settings) { s.Introspect, s.Keys = "", write(t, []byte(`{"keys":[]}`), 0o600) }, "no public key"},
	} {
		s := asked
		c.change(&s)
		if _, err := Open(s); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v; want %q", err, c.want)
		}
	}
	for _, u := range []string{"http://localhost:8080/x", "http://127.0.0.1/x", "http://[::1]:1/x", "https://id.example.org"} {
		if err := checkURL(u); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// Only public keys for signatures count, and one that is not understood harms no other.
func TestParseKeys(t *testing.T) {
	secret := jose.JSONWebKey{Key: []byte("a secret of thirty-two octets ok"), KeyID: "oct"}
	odd := `{"keys":[{"kty":"XYZ","kid":"new"},{"kty":"RSA","kid":"broken"},17,` + strings.TrimPrefix(string(issuerKeys()), `{"keys":[`)
	for _, c := range []struct {
		text []byte
		want int
	}{
		{issuerKeys(), 2},
		{[]byte(odd), 2},
		{jwks(secret, jwk(ecKey().Public(), "ec", "", "")), 1},
		{jwks(secret), 0},
		{jwks(jwk(ecKey(), "private", "", "")), 0},
		{jwks(jwk(ecKey().Public(), "ec", "enc", "")), 0},
		{jwks(jwk(&rsa.PublicKey{N: new(big.Int).Rsh(rsaKey().N, 1024), E: 65537}, "short", "", "")), 0},
		{[]byte("<html>"), 0},
		{[]byte("{}"), 0},
	} {
		keys, err := parseKeys(c.text)
		if len(keys) != c.want || (err == nil) != (c.want > 0) {
			t.Errorf("%.80s: %d keys, %v; want %d", c.text, len(keys), err, c.want)
		}
	}
	many := `{"keys":[` + strings.Repeat("1,", maxKeys) + "1]}"
	if _, err := parseKeys([]byte(many)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("many keys: %v", err)
	}
}

// The file of keys is read again when it changes: a key that was taken out is good no more.
func TestKeysFileIsReread(t *testing.T) {
	path := write(t, issuerKeys(), 0o600)
	tokens := open(t, Settings{Keys: path, Rules: rules})
	token := sign(t, jose.ES256, ecKey(), object{"kid": "ec"}, marshal(goodClaims()))
	check(t, tokens, token, "ann", "")
	if err := os.WriteFile(path, jwks(jwk(stranger().Public(), "ec", "", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, tokens, token, "", "signature is wrong")
}

// All the way from the client's message to the account.
func TestMechanism(t *testing.T) {
	keys := write(t, issuerKeys(), 0o600)
	token := sign(t, jose.ES256, ecKey(), object{"kid": "ec"}, marshal(goodClaims()))
	tokens := open(t, Settings{Keys: keys, Rules: Rules{Issuer: rules.Issuer, Audience: rules.Audience, Claim: "email", Domain: "example.org"}})
	for _, m := range sasl.Bearer(accounts{}, tokens, sasl.Hint{}) {
		for _, user := range []string{"ann", "ann@example.org", "bob", "bob@example.org", "ann@"} {
			response := "n,a=" + user + ",\x01auth=Bearer " + token + "\x01\x01"
			if m.Name() == "XOAUTH2" {
				response = "user=" + user + "\x01auth=Bearer " + token + "\x01\x01"
			}
			x := m.Begin(t.Context(), nil)
			_, done, err := x.Next([]byte(response))
			if want := user == "ann" || user == "ann@example.org"; done != want || done && x.Account().Name != "ann" {
				t.Errorf("%s for %s: %v, %v, %v", m.Name(), user, done, err, x.Account())
			}
		}
	}
}

// accounts has everybody.
type accounts struct{}

func (accounts) Lookup(_ context.Context, name string) (server.Account, error) {
	return server.Account{Name: name}, nil
}

// FuzzSigned: no token but one that is signed is anybody's, and none makes a panic.
func FuzzSigned(f *testing.F) {
	tokens := open(f, Settings{Keys: write(f, issuerKeys(), 0o600), Rules: rules})
	good := marshal(goodClaims())
	for _, token := range []string{"", "..", none(good), sign(f, jose.ES256, stranger(), object{"kid": "ec", "typ": "at+jwt"}, good),
		"eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoxfQ.e30.AA", "eyJhbGciOiJFUzI1NiIsImNyaXQiOlsiYjY0Il0sImI2NCI6ZmFsc2V9.e30.AA"} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if owner, err := tokens.Check(t.Context(), token); !errors.Is(err, server.ErrDenied) {
			t.Fatalf("%q: %v, %v", token, owner, err)
		}
	})
}
