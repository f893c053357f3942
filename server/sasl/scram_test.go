package sasl

import (
	"bytes"
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/xdg-go/scram"
	"pgregory.net/rapid"

	"popper/server"
	"popper/server/passwd"
)

var key = bytes.Repeat([]byte{7}, keySize)

// RFC 7677 section 3.
const (
	clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
	serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	clientFinal = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
)

func rfcNonce() string { return "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0" }

func TestSCRAMExample(t *testing.T) {
	f, _ := openUsers(t)
	for _, lead := range [][]string{{}, {"<nil>"}} {
		x := scramMechanism(f, key, false, rfcNonce).Begin(t.Context(), nil)
		got, done, err := play(t, x, append(lead, clientFirst, clientFinal, "")...)
		want(t, done, err, "")
		if got := strings.Join(got, " "); !strings.Contains(got, serverFirst+" "+serverFinal) {
			t.Errorf("the server says %q", got)
		}
		if a := x.Account(); a != (server.Account{Name: "user", Maildrop: "/var/mail/user"}) || x.Claimed() != "user" {
			t.Errorf("account %v", a)
		}
		for range 2 {
			if _, done, err := x.Next(nil); done || err == nil {
				t.Error("it goes on after the end")
			}
		}
	}
}

// login has a client of the library log in over p, by the mechanism and with the binding
// that it believes in ("" for none).
func login(t testing.TB, f SCRAMUsers, p *private, name, password, kind, data string) (server.Exchange, []string, bool, error) {
	t.Helper()
	client, err := scram.SHA256.NewClient(name, password, "")
	if err != nil {
		t.Fatal(err)
	}
	plus := kind != ""
	talk := client.NewConversation()
	if plus {
		talk = client.NewConversationWithChannelBinding(scram.ChannelBinding{Type: scram.ChannelBindingType(kind), Data: []byte(data)})
	}
	var private server.Private
	if p != nil {
		private = p
	}
	m := SCRAM(f, key)
	if m[0].Needs() != server.NeedsBinding || m[0].Name() != "SCRAM-SHA-256-PLUS" || m[1].Needs() != server.NeedsNothing || m[1].Name() != "SCRAM-SHA-256" {
		t.Fatal("the mechanisms are others")
	}
	x := m[1].Begin(t.Context(), private)
	if plus {
		x = m[0].Begin(t.Context(), private)
	}
	var said []string
	challenge := ""
	for {
		response, err := talk.Step(challenge)
		if err != nil && !talk.Done() {
			t.Fatalf("the client does not like %q: %v", challenge, err)
		}
		c, done, err := x.Next([]byte(response))
		challenge = string(c)
		said = append(said, challenge)
		if done && !talk.Valid() {
			t.Error("the client has not proof of the server")
		}
		if done || err != nil {
			return x, said, done, err
		}
	}
}

func TestSCRAMLogins(t *testing.T) {
	f, _ := openUsers(t)
	for _, c := range []struct {
		name, password, kind, data, want string
		private                          *private
	}{
		{"user", "pencil", "", "", "", nil},
		{"user", "pencil", "", "", "", bound()}, // a client that knows no bindings says n
		{"user", "pencil", "tls-exporter", "exported", "", bound()},
		{"user", "pencil", "tls-server-end-point", "certificate", "", bound()},
		{"user", "pencil", "tls-exporter", "another", "denied", bound()},
		{"user", "pencil", "tls-exporter", "certificate", "denied", bound()},
		{"user", "pencil", "tls-server-end-point", "another", "denied", bound()},
		{"user", "pencil", "tls-unique", "unique", "nonsense", bound()},
		{"user", "pencil", "tls-exporter", "exported", "nonsense", nil},
		{"user", "pencil", "tls-exporter", "exported", "nonsense", &private{bindings: map[string]string{"tls-server-end-point": "certificate"}}},
		{"user", "Pencil", "", "", "denied", nil},
		{"user", "", "", "", "denied", nil},
		{"user", "Pencil", "tls-exporter", "exported", "denied", bound()},
		{"nobody", "pencil", "", "", "denied", nil},
		{"bob", "secret", "", "", "denied", nil},
		{"locked", "pencil", "", "", "denied", nil},
		{"a=,b", "pencil", "", "", "denied", nil},
		{"User", "pencil", "", "", "denied", nil},
	} {
		x, _, done, err := login(t, f, c.private, c.name, c.password, c.kind, c.data)
		t.Logf("%v", c)
		want(t, done, err, c.want)
		if c.want != "nonsense" && x.Claimed() != c.name {
			t.Errorf("claimed %q", x.Claimed())
		}
	}
}

// An unknown user is answered like a known one: salt and iterations at the first step,
// the same at each try, and the same refusal at the second (R1081-USER-2).
func TestSCRAMUnknown(t *testing.T) {
	f, _ := openUsers(t)
	salts := map[string]bool{}
	for _, name := range []string{"user", "bob", "locked", "nobody", "..", strings.Repeat("x", 500)} {
		var salt string
		for range 2 {
			_, said, _, err := login(t, f, nil, name, "wrong", "", "")
			if err != server.ErrDenied || len(said) != 2 || said[1] != "" {
				t.Fatalf("%s: %v, %q", name, err, said)
			}
			fields := strings.SplitN(said[0], ",", 2)
			if salt != "" && salt != fields[1] {
				t.Errorf("%s: %s, then %s", name, salt, fields[1])
			}
			salt = fields[1]
		}
		if len(salt) != len("s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096") || salts[salt] {
			t.Errorf("%s: %s", name, salt)
		}
		salts[salt] = true
	}
}

func TestSCRAMFlags(t *testing.T) {
	f, _ := openUsers(t)
	bare := "n=user,r=rOprNGfwEbeRWgbNEkqO"
	for _, c := range []struct {
		first        string
		plus, secure bool
		want         string
	}{
		{"n,," + bare, false, false, "goes on"},
		{"y,," + bare, false, false, "goes on"}, // -PLUS was not offered
		{"y,," + bare, false, true, "denied"},   // somebody hid that it was
		{"y,," + bare, true, true, "denied"},
		{"n,," + bare, true, true, "nonsense"},
		{"p=tls-exporter,," + bare, true, true, "goes on"},
		{"p=tls-exporter,," + bare, false, true, "nonsense"}, // RFC 5802 section 6
		{"p=tls-exporter,," + bare, false, false, "nonsense"},
		{"p=tls-exporter,," + bare, true, false, "nonsense"},
		{"p=TLS-EXPORTER,," + bare, true, true, "nonsense"},
		{"p=,," + bare, true, true, "nonsense"},
		{"p,," + bare, true, true, "nonsense"},
		{"x,," + bare, false, false, "nonsense"},
		{",," + bare, false, false, "nonsense"},
		{"n,a=user," + bare, false, false, "goes on"},
		{"n,a=bob," + bare, false, false, "denied"},
		{"n,user," + bare, false, false, "nonsense"},
		{"n,a=us=3Der," + bare, false, false, "denied"},
		{"n,a=us=3der," + bare, false, false, "nonsense"},
		{"n,,m=x," + bare, false, false, "nonsense"}, // an extension that is mandatory
		{"n,,n=us=er,r=abc", false, false, "nonsense"},
		{"n,,n=user", false, false, "nonsense"},
		{"n,,r=abc,n=user", false, false, "nonsense"},
		{"n", false, false, "nonsense"},
		{"", false, false, "nonsense"},
		{"\x00\xff,,,,,", false, false, "nonsense"},
	} {
		var p server.Private
		if c.secure {
			p = bound()
		}
		_, done, err := play(t, scramMechanism(f, key, c.plus, nil).Begin(t.Context(), p), c.first)
		t.Logf("%q, plus %v, secure %v", c.first, c.plus, c.secure)
		want(t, done, err, c.want)
	}
}

// Old messages are no use: the server's part of the nonce is new (RFC 5802 section 5.1).
func TestSCRAMReplay(t *testing.T) {
	f, _ := openUsers(t)
	for range 3 {
		_, done, err := play(t, SCRAM(f, key)[1].Begin(t.Context(), nil), clientFirst, clientFinal, "")
		want(t, done, err, "nonsense")
	}
	// nor in the same exchange once it has failed or ended
	x := scramMechanism(f, key, false, rfcNonce).Begin(t.Context(), nil)
	play(t, x, clientFirst, strings.Replace(clientFinal, "dHzb", "eHzb", 1))
	if _, done, err := x.Next([]byte(clientFinal)); done || err == nil {
		t.Error("a second proof is looked at")
	}
}

func TestSCRAMEnd(t *testing.T) {
	f, _ := openUsers(t)
	for last, result := range map[string]string{"": "", "x": "nonsense", "<nil>": "nonsense"} {
		_, done, err := play(t, scramMechanism(f, key, false, rfcNonce).Begin(t.Context(), nil), clientFirst, clientFinal, last)
		want(t, done, err, result)
	}
	_, done, err := play(t, scramMechanism(f, key, false, rfcNonce).Begin(t.Context(), nil), clientFirst, clientFinal)
	want(t, done, err, "goes on")
	_, done, err = play(t, scramMechanism(f, key, false, rfcNonce).Begin(t.Context(), nil), clientFirst, "<nil>")
	want(t, done, err, "nonsense")
}

// An account that is locked between the two messages does not get in.
func TestSCRAMLockedMeanwhile(t *testing.T) {
	f, path := openUsers(t)
	x := scramMechanism(f, key, false, rfcNonce).Begin(t.Context(), nil)
	play(t, x, clientFirst)
	if err := os.WriteFile(path, []byte(strings.Replace(users, "user:", "user:!", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, done, err := play(t, x, clientFinal)
	want(t, done, err, "denied")
}

// No message with a bit changed gets in.
func TestSCRAMBitFlips(t *testing.T) {
	f, _ := openUsers(t)
	rapid.Check(t, func(rt *rapid.T) {
		first, final := []byte(clientFirst), []byte(clientFinal)
		message := rapid.SampledFrom([][]byte{first, final}).Draw(rt, "message")
		at := rapid.IntRange(0, len(message)-1).Draw(rt, "at")
		message[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		if sameProof(string(final)) && string(first) == clientFirst {
			return // the unused bits of base64
		}
		_, done, _ := play(t, scramMechanism(f, key, false, rfcNonce).Begin(t.Context(), nil), string(first), string(final), "")
		if done {
			rt.Fatalf("let in by %q, %q", first, final)
		}
	})
}

// sameProof tells whether final says nothing else than clientFinal.
func sameProof(final string) bool {
	i := strings.LastIndex(clientFinal, "p=") + 2
	if len(final) < i || final[:i] != clientFinal[:i] {
		return false
	}
	a, _ := base64.StdEncoding.DecodeString(clientFinal[i:])
	b, err := base64.StdEncoding.DecodeString(final[i:])
	return err == nil && bytes.Equal(a, b)
}

// A first message that was refused cannot be mended by another one.
func TestSCRAMFirstOnce(t *testing.T) {
	f, _ := openUsers(t)
	for _, first := range []string{"", "n,,n=user", "y,,n=user,r=x", "n,a=bob,n=user,r=x"} {
		x := scramMechanism(f, key, false, rfcNonce).Begin(t.Context(), bound())
		if _, _, err := x.Next([]byte(first)); err == nil {
			t.Errorf("%q is taken", first)
		}
		if _, _, err := x.Next([]byte(clientFirst)); err == nil {
			t.Errorf("after %q another try is taken", first)
		}
	}
}

// unknown calls everybody unknown, though it hands out the verifier of "user".
type unknown struct{ SCRAMUsers }

func (u unknown) SCRAM(_ string, key []byte) (passwd.Verifier, server.Account, bool) {
	v, account, _ := u.SCRAMUsers.SCRAM("user", key)
	return v, account, false
}

// Who is unknown is denied, whatever a proof against his decoy comes to.
func TestSCRAMDecoyIsDenied(t *testing.T) {
	f, _ := openUsers(t)
	_, done, err := play(t, scramMechanism(unknown{f}, key, false, rfcNonce).Begin(t.Context(), nil), clientFirst, clientFinal, "")
	want(t, done, err, "denied")
}
