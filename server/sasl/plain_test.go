package sasl

import (
	"context"
	"testing"

	"popper/server"
)

// secrets are accounts with plain passwords.
type secrets map[string]string

func (m secrets) Authenticate(_ context.Context, name string, secret []byte) (server.Account, error) {
	if s, ok := m[name]; ok && s == string(secret) {
		return server.Account{Name: name}, nil
	}
	return server.Account{}, server.ErrDenied
}

// RFC 4616 section 4, and what lies beside it.
func TestPlain(t *testing.T) {
	accounts := secrets{"tim": "tanstaaftanstaaf", "Kurt": "xipj3plmq", "..": "x", "a b": "x"}
	for _, c := range []struct{ response, want, claimed string }{
		{"\x00tim\x00tanstaaftanstaaf", "", "tim"},
		{"tim\x00tim\x00tanstaaftanstaaf", "", "tim"},
		{"Ursel\x00Kurt\x00xipj3plmq", "denied", "Kurt"}, // nobody acts for another
		{"tim\x00Kurt\x00xipj3plmq", "denied", "Kurt"},
		{"\x00tim\x00wrong", "denied", "tim"},
		{"\x00nobody\x00x", "denied", "nobody"},
		{"\x00..\x00x", "denied", ".."}, // whatever an account source says
		{"\x00a b\x00x", "denied", "a b"},
		{"", "nonsense", ""},
		{"\x00", "nonsense", ""},
		{"tim\x00tanstaaftanstaaf", "nonsense", ""},
		{"\x00tim\x00", "nonsense", ""},
		{"\x00\x00tanstaaftanstaaf", "nonsense", ""},
		{"\x00tim\x00tanstaaftanstaaf\x00", "nonsense", ""},
	} {
		for _, lead := range [][]string{{}, {"<nil>"}} { // with an initial response, and without
			x := Plain(accounts).Begin(t.Context(), nil)
			_, done, err := play(t, x, append(lead, c.response)...)
			t.Logf("%q", c.response)
			want(t, done, err, c.want)
			if x.Claimed() != c.claimed {
				t.Errorf("%q: claimed %q", c.response, x.Claimed())
			}
			if _, done, err := x.Next([]byte("\x00tim\x00tanstaaftanstaaf")); done || err == nil {
				t.Errorf("%q: a second try is let in", c.response)
			}
		}
	}
}

func TestPlainNeedsNothing(t *testing.T) {
	if m := Plain(secrets{}); m.Name() != "PLAIN" || m.Needs() != server.NeedsNothing {
		t.Errorf("%s, %v", m.Name(), m.Needs())
	}
}

// An initial response that never comes is asked for once.
func TestAskedOnce(t *testing.T) {
	for _, m := range append(append(Bearer(nil, nil, Hint{}), Plain(secrets{})), SCRAM(nil, nil)...) {
		_, done, err := play(t, m.Begin(t.Context(), nil), "<nil>", "<nil>")
		t.Log(m.Name())
		want(t, done, err, "nonsense")
	}
}

// SASL with a real file: PASS and PLAIN take the same passwords, of both kinds of hash.
func TestPlainOverPasswd(t *testing.T) {
	f, _ := openUsers(t)
	for response, result := range map[string]string{
		"\x00user\x00pencil": "", "\x00bob\x00secret": "", "\x00user\x00secret": "denied", "\x00locked\x00pencil": "denied",
	} {
		_, done, err := play(t, Plain(f).Begin(t.Context(), nil), response)
		want(t, done, err, result)
	}
}
