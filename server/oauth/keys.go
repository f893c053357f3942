package oauth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// parseKeys reads a JWK set (RFC 7517 section 5). Keys that are not understood, or not for
// signatures, are skipped, as it says; so is any that is not public: a secret that
// signs as well as it verifies would make everybody an issuer who can read it.
func parseKeys(data []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil || set.Keys == nil {
		return nil, errors.New(`not a JWK set ({"keys":[…]})`)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("more than %d keys", maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(raw) == nil && usable(&k) {
			keys = append(keys, k)
		}
	}
	if keys == nil {
		return nil, errors.New("no public key for signatures (RSA of 2048 bits or more, EC, Ed25519) is in the JWK set")
	}
	return keys, nil
}

func usable(k *jose.JSONWebKey) bool {
	if k.Use != "" && k.Use != "sig" || !k.Valid() {
		return false
	}
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= minRSA
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// named are the keys of that name; all for a token that names none (RFC 7515 section 4.1.4).
func named(keys []jose.JSONWebKey, kid string) []jose.JSONWebKey {
	if kid == "" {
		return keys
	}
	var found []jose.JSONWebKey
	for _, k := range keys {
		if k.KeyID == kid {
			found = append(found, k)
		}
	}
	return found
}
