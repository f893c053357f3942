package sasl

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	sasl "github.com/emersion/go-sasl"
	"pgregory.net/rapid"

	"popper/server"
)

const rfcToken = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="

// owners: the users of the passwd file, one of them by an address, and who has no account.
var owners = tokens{
	rfcToken:   {"user", "user@example.com"},
	"bobs":     {"bob", "bob"},
	"strange":  {"nobody", "nobody"},
	"lockedup": {"locked", "locked"},
	"path":     {"../user", "../user"},
}

var hint = Hint{"example_scope", "https://example.com/.well-known/openid-configuration"}

func decode(t testing.TB, text string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// RFC 7628 section 4.1 (the token is good) and 4.3 (it is not).
func TestOAuthBearerExamples(t *testing.T) {
	f, _ := openUsers(t)
	good := decode(t, "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB")
	m := Bearer(f, owners, hint)[0]
	x := m.Begin(t.Context(), nil)
	_, done, err := play(t, x, good)
	want(t, done, err, "")
	if x.Account().Name != "user" || x.Claimed() != "user@example.com" {
		t.Errorf("account %v, claimed %q", x.Account(), x.Claimed())
	}
	said, done, err := play(t, m.Begin(t.Context(), nil), strings.Replace(good, "vF9", "wF9", 1))
	want(t, done, err, "denied")
	if want := decode(t, "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0="); said[0] != want {
		t.Errorf("the server says %s, want %s", said[0], want)
	}
}

func TestOAuthBearer(t *testing.T) {
	f, _ := openUsers(t)
	auth := "\x01auth=Bearer " + rfcToken + "\x01\x01"
	for _, c := range []struct{ response, want, claimed string }{
		{"n,," + auth, "", "user"},
		{"y,," + auth, "", "user"},
		{"n,a=user," + auth, "", "user"},
		{"n,a=user@example.com," + auth, "", "user@example.com"},
		{"n,a=user@example.org," + auth, "denied", "user@example.org"},
		{"n,a=user@," + auth, "denied", "user@"},
		{"n,a=bob," + auth, "denied", "bob"}, // another's token
		{"n,a=u=3Ds=2Cr," + auth, "denied", "u=s,r"},
		{"n,,\x01host=a\x01port=1\x01unknown=\tx\r\n\x01auth=bEARER   " + rfcToken + "\x01\x01", "", "user"},
		{"n,,\x01auth=Bearer bobs\x01\x01", "", "bob"},
		{"n,,\x01auth=Bearer strange\x01\x01", "denied", "nobody"},
		{"n,,\x01auth=Bearer lockedup\x01\x01", "denied", "locked"},
		{"n,,\x01auth=Bearer path\x01\x01", "denied", "../user"},
		{"n,,\x01auth=Bearer trouble\x01\x01", "trouble", ""},
		{"n,,\x01auth=Bearer \x01\x01", "denied", ""},
		{"n,,\x01auth=Bearer a b\x01\x01", "denied", ""},
		{"n,,\x01auth=Bearer a=b\x01\x01", "denied", ""},
		{"n,,\x01auth=Bearer ==\x01\x01", "denied", ""},
		{"n,,\x01auth=Bearer " + strings.Repeat("x", maxToken+1) + "\x01\x01", "denied", ""},
		{"n,,\x01auth=Bearer bobs\x01auth=Bearer " + rfcToken + "\x01\x01", "nonsense", ""},
		{"n,,\x01auth=Basic bobs\x01\x01", "nonsense", ""},
		{"n,,\x01auth=bobs\x01\x01", "nonsense", ""},
		{"n,,\x01auth\x01\x01", "nonsense", ""},
		{"n,,\x01=x" + auth, "nonsense", ""},
		{"n,,\x01a1=x" + auth, "nonsense", ""},
		{"n,,\x01x=\x00" + auth, "nonsense", ""},
		{"n,,\x01\x01", "nonsense", ""},
		{"n,,", "nonsense", ""},
		{"n,,\x01auth=Bearer bobs\x01", "nonsense", ""},
		{"n,,\x01auth=Bearer bobs", "nonsense", ""},
		{"n,,auth=Bearer bobs\x01\x01", "nonsense", ""}, // as an early Kafka sent it
		{"p=tls-exporter,," + auth, "nonsense", ""},
		{"n,user," + auth, "nonsense", ""},
		{"n,a=," + auth, "nonsense", ""},
		{"n,a=u=ser," + auth, "nonsense", ""},
		{"n,a==3=2CD," + auth, "nonsense", ""},
		{"n,a=user" + auth, "nonsense", ""},
		{"n,a=us,er," + auth, "nonsense", ""},
		{"n" + auth, "nonsense", ""},
		{"\x01", "nonsense", ""},
		{"", "nonsense", ""},
	} {
		for _, lead := range [][]string{{}, {"<nil>"}} {
			x := Bearer(f, owners, hint)[0].Begin(t.Context(), nil)
			said, done, err := play(t, x, append(lead, c.response)...)
			t.Logf("%.99q", c.response)
			want(t, done, err, c.want)
			if got := x.Claimed(); c.want != "nonsense" && got != c.claimed {
				t.Errorf("claimed %q", got)
			}
			if json.Valid([]byte(said[len(said)-1])) != (c.want == "denied") {
				t.Errorf("the server says %q", said)
			}
			if err != nil && strings.Contains(err.Error(), rfcToken) {
				t.Errorf("the token is in the log: %v", err)
			}
		}
	}
}

// The example of Google's description, and the error that it describes.
func TestXOAUTH2(t *testing.T) {
	f, _ := openUsers(t)
	const token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
	example := decode(t, "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==")
	m := Bearer(f, tokens{token: {"bob", "someuser@example.com"}}, Hint{Scope: "https://mail.example.com/"})[1]
	if m.Name() != "XOAUTH2" || m.Needs() != server.NeedsPrivacy {
		t.Error(m.Name())
	}
	for _, c := range []struct{ response, want string }{
		{example, ""},
		{strings.Replace(example, "someuser", "other", 1), "denied"},
		{strings.Replace(example, "ya29", "ya28", 1), "denied"},
		{"auth=Bearer " + token + "\x01user=bob\x01\x01", ""},
		{"user=\x01auth=Bearer " + token + "\x01\x01", "nonsense"},
		{"auth=Bearer " + token + "\x01\x01", "nonsense"},
		{"user=bob\x01\x01", "nonsense"},
		{"user=bob\x01user=bob\x01auth=Bearer " + token + "\x01\x01", "nonsense"},
		{"user=bob\x01auth=Bearer trouble\x01\x01", "trouble"},
		{"\x01", "nonsense"},
		{"", "nonsense"},
	} {
		x := m.Begin(t.Context(), nil)
		said, done, err := play(t, x, c.response)
		t.Logf("%q", c.response)
		want(t, done, err, c.want)
		if c.want == "denied" && said[0] != `{"status":"401","schemes":"bearer","scope":"https://mail.example.com/"}` {
			t.Errorf("the server says %s", said[0])
		}
		if c.want == "" && x.Account().Name != "bob" {
			t.Errorf("account %v", x.Account())
		}
	}
}

// What a widespread client library sends is understood.
func TestClientLibrary(t *testing.T) {
	f, _ := openUsers(t)
	for _, c := range []struct {
		client sasl.Client
		m      server.Mechanism
	}{
		{sasl.NewPlainClient("", "user", "pencil"), Plain(f)},
		{sasl.NewPlainClient("user", "user", "pencil"), Plain(f)},
		{sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: "user", Token: rfcToken, Host: "localhost", Port: 110}), Bearer(f, owners, hint)[0]},
		{sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Token: rfcToken}), Bearer(f, owners, hint)[0]},
	} {
		name, response, err := c.client.Start()
		if name != c.m.Name() || err != nil {
			t.Fatal(name, err)
		}
		_, done, err := play(t, c.m.Begin(t.Context(), nil), string(response))
		want(t, done, err, "")
	}
	client := sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: "user", Token: "wrong"})
	_, response, _ := client.Start()
	said, done, err := play(t, Bearer(f, owners, hint)[0].Begin(t.Context(), nil), string(response))
	want(t, done, err, "denied")
	if _, err := client.Next([]byte(said[0])); err == nil || !strings.Contains(err.Error(), "invalid_token") {
		t.Errorf("the client understands %v", err)
	}
}

// A token with a bit changed gets nobody in, and a name with a bit changed is another's.
func TestTokenBitFlips(t *testing.T) {
	f, _ := openUsers(t)
	rapid.Check(t, func(rt *rapid.T) {
		token := []byte("user@example.com " + rfcToken)
		token[rapid.IntRange(0, len(token)-1).Draw(rt, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		if token[len("user@example.com")] != ' ' {
			return
		}
		name, changed, _ := strings.Cut(string(token), " ")
		for i, response := range []string{"n,a=" + name + ",\x01auth=Bearer " + changed + "\x01\x01", "user=" + name + "\x01auth=Bearer " + changed + "\x01\x01"} {
			if _, done, _ := play(t, Bearer(f, owners, hint)[i].Begin(t.Context(), nil), response); done {
				rt.Fatalf("let in by %q", response)
			}
		}
	})
}

// everybody has an account for each name.
type everybody struct{}

func (everybody) Lookup(_ context.Context, name string) (server.Account, error) {
	return server.Account{Name: name, Maildrop: "/var/mail/" + name}, nil
}

// Neither a name that is a path nor a token without end comes through, whatever tokens
// and accounts say of them.
func TestTokenLimits(t *testing.T) {
	long := strings.Repeat("x", maxToken)
	all := tokens{"path": {"../user", "../user"}, long: {"ann", "ann"}, long + "x": {"ann", "ann"}}
	for token, result := range map[string]string{"path": "denied", long: "", long + "x": "denied"} {
		_, done, err := play(t, Bearer(everybody{}, all, hint)[0].Begin(t.Context(), nil), "n,,\x01auth=Bearer "+token+"\x01\x01")
		want(t, done, err, result)
	}
}
