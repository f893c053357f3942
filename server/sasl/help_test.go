package sasl

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"popper/server"
	"popper/server/passwd"
)

// The user of RFC 7677 section 3 with the password "pencil", one with a hash of another
// kind (password "secret"), and one who is locked.
const users = "user:$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=$wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\n" +
	"bob:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n" +
	"locked:!$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=$wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\n"

func openUsers(t testing.TB) (*passwd.File, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(path, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := passwd.Open(path, "/var/mail/%u", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return f, path
}

// private is a connection with these bindings.
type private struct {
	net.Conn
	bindings map[string]string
}

func (p *private) Describe() string { return "test" }

func (p *private) Binding(kind string) []byte {
	if b, ok := p.bindings[kind]; ok {
		return []byte(b)
	}
	return nil
}

func bound() *private {
	return &private{bindings: map[string]string{"tls-exporter": "exported", "tls-server-end-point": "certificate", "tls-unique": "unique"}}
}

// play lets a client say all of that and returns what the server says; "<nil>" is an
// initial response that does not come. It is over with the first error.
func play(t testing.TB, x server.Exchange, responses ...string) (challenges []string, done bool, err error) {
	t.Helper()
	for _, r := range responses {
		if done {
			t.Fatal("more is to come after the end")
		}
		response := []byte(r)
		if r == "<nil>" {
			response = nil
		}
		var c []byte
		c, done, err = x.Next(response)
		clear(response) // as the session does
		challenges = append(challenges, string(c))
		if err == nil && !done && c == nil {
			t.Errorf("no challenge after %q", r)
		}
		if done != (x.Account() != server.Account{}) || done && err != nil {
			t.Errorf("done %v with account %v, %v", done, x.Account(), err)
		}
		if err != nil {
			break
		}
	}
	return challenges, done, err
}

// want is what an exchange comes to: "" for done, "denied", "nonsense" or "trouble".
func want(t testing.TB, done bool, err error, want string) {
	t.Helper()
	got := "goes on"
	switch {
	case done && err == nil:
		got = ""
	case errors.Is(err, server.ErrDenied):
		got = "denied"
	case errors.Is(err, server.ErrExchange):
		got = "nonsense"
	case err != nil:
		got = "trouble"
	}
	if got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

// tokens are the tokens of some owners.
type tokens map[string]Owner

func (m tokens) Check(_ context.Context, token string) (Owner, error) {
	if strings.HasPrefix(token, "trouble") {
		return Owner{}, errors.New("the server does not answer")
	}
	if o, ok := m[token]; ok {
		return o, nil
	}
	return Owner{}, denied("unknown")
}
