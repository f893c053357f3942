package sasl

import (
	"bytes"
	"strings"
	"testing"

	"popper/server"
)

// FuzzExchange plays what responses says, cut at each newline, with every mechanism: no
// panic, no step after the end, no account before it, and nobody gets in without a proof
// that he could only have from the user.
func FuzzExchange(f *testing.F) {
	for _, s := range []string{
		"\x00bob\x00secret", "bob\x00bob\x00secret", clientFirst + "\n" + clientFinal + "\n",
		"y,,n=user,r=x\nc=eSws,r=x,p=AAAA\n", "p=tls-exporter,,n=user,r=x\nc=cD10bHMtZXhwb3J0ZXIsLA==,r=x,p=AAAA\n",
		"n,a=bob,\x01host=a\x01port=110\x01auth=Bearer bobs\x01\x01", "user=bob\x01auth=Bearer bobs\x01\x01\n", "\x01", "", "=", "\n\n\n",
	} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	users, _ := openUsers(f)
	f.Fuzz(func(t *testing.T, responses []byte, secure bool) {
		var p server.Private
		if secure {
			p = bound()
		}
		all := append(Bearer(users, owners, hint), Plain(secrets{"bob": "secret"}))
		all = append(all, scramMechanism(users, key, false, rfcNonce), scramMechanism(users, key, true, rfcNonce))
		for _, m := range all {
			x, over := m.Begin(t.Context(), p), false
			for i, response := range bytes.Split(responses, []byte("\n")) {
				c, done, err := x.Next(bytes.Clone(response))
				switch {
				case over && (done || err == nil):
					t.Fatalf("%s goes on after its end", m.Name())
				case !over && (done && err != nil || !done && err == nil && c == nil || done != (x.Account() != server.Account{})):
					t.Fatalf("%s: %q, %v, %v, account %v", m.Name(), c, done, err, x.Account())
				case done && !proves(m.Name(), string(responses)):
					t.Fatalf("%s lets in %q", m.Name(), responses)
				case i > 2 && !over:
					t.Fatalf("%s: there is no end", m.Name())
				}
				over = over || done || err != nil
			}
		}
	})
}

// proves tells whether a secret of a user is in what a client has said.
func proves(mechanism, responses string) bool {
	switch mechanism {
	case "PLAIN":
		return strings.Contains(responses, "\x00secret")
	case "SCRAM-SHA-256":
		// The one login for which the proof of the example is good.
		first, rest, _ := strings.Cut(responses, "\n")
		final, _, _ := strings.Cut(rest, "\n")
		return first == clientFirst && sameProof(final)
	case "SCRAM-SHA-256-PLUS":
		return false
	}
	for token := range owners {
		if strings.Contains(responses, " "+token+"\x01") {
			return true
		}
	}
	return false
}
