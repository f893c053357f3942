package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// tokenServer is an authorization server: it issues tokens, signed ones and such that
// only it can tell about, publishes its keys, answers introspection, and takes tokens
// back.
type tokenServer struct {
	*httptest.Server
	t   *testing.T
	key *ecdsa.PrivateKey

	mu     sync.Mutex
	opaque map[string]map[string]any // what introspection tells of a token
}

const clientSecret = "introspect me"

func newTokenServer(t *testing.T) *tokenServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &tokenServer{t: t, key: key, opaque: map[string]map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /keys", s.keys)
	mux.HandleFunc("POST /introspect", s.introspect)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func b64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// keys answers a JWK set (RFC 7517).
func (s *tokenServer) keys(w http.ResponseWriter, _ *http.Request) {
	point, err := s.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		s.t.Error(err)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
		"kty": "EC", "crv": "P-256", "kid": "1", "alg": "ES256", "use": "sig", "x": b64url(point[1:33]), "y": b64url(point[33:])}}})
}

// introspect answers as RFC 7662 has it.
func (s *tokenServer) introspect(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// RFC 6749, 2.3.1: encoded as in a form
	if name, secret, ok := r.BasicAuth(); !ok || name != "popper" || secret != url.QueryEscape(clientSecret) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer, ok := s.opaque[r.FormValue("token")]
	if !ok {
		answer = map[string]any{"active": false}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// claims are those of a token for user, good for an hour.
func (s *tokenServer) claims(user string) map[string]any {
	return map[string]any{"iss": s.URL, "aud": "popper", "sub": user, "scope": "mail", "active": true,
		"exp": time.Now().Add(time.Hour).Unix(), "padding": strings.Repeat("x", 2000)} // as long as today's are
}

// issue makes an opaque token.
func (s *tokenServer) issue(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := "opaque-" + rand.Text()
	s.opaque[token] = s.claims(user)
	return token
}

func (s *tokenServer) withdraw(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.opaque, token)
}

// sign makes a JWT (RFC 7519) with ES256 (RFC 7518), without a library's help.
func (s *tokenServer) sign(claims map[string]any) string {
	s.t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	text := b64url([]byte(`{"alg":"ES256","typ":"at+jwt","kid":"1"}`)) + "." + b64url(payload)
	sum := sha256.Sum256([]byte(text))
	r, z, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		s.t.Fatal(err)
	}
	return text + "." + b64url(append(r.FillBytes(make([]byte, 32)), z.FillBytes(make([]byte, 32))...))
}

// curlToken fetches the first message by a token, and gives curl's exit code: 67 if the
// login was denied.
func curlToken(t *testing.T, addr, mechanism, user, token string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(need(t, "curl"), "--silent", "--show-error", "--max-time", fmt.Sprint(int(patience.Seconds())),
		"--user", user, "--oauth2-bearer", token, "--login-options", "AUTH="+mechanism, "pop3://"+addr+"/1")
	b, _ := cmd.CombinedOutput()
	return string(b), cmd.ProcessState.ExitCode()
}

const (
	curlDone   = 0
	curlDenied = 67
)

// R5034-AUTH-1: OAUTHBEARER and XOAUTH2 with curl, against a token server, signed tokens
// and introspected ones; the user's own mail and no other's.
func TestTokens(t *testing.T) {
	need(t, "curl")
	s, tokens := newSite(t), newTokenServer(t)
	s.write(s.passwd, "ann:"+hash+"\nbob:"+hash+"\n")
	s.write(s.dir+"/secret", clientSecret+"\n")
	p, signed := s.listen("--oauth-keys", tokens.URL+"/keys", "--oauth-issuer", tokens.URL, "--oauth-audience", "popper")
	_, asked := s.listen("--oauth-introspect", tokens.URL+"/introspect", "--oauth-client", "popper", "--oauth-secret", s.dir+"/secret",
		"--oauth-audience", "popper", "--oauth-scope", "mail")

	expired := tokens.claims("ann")
	expired["exp"] = time.Now().Add(-time.Hour).Unix()
	foreign := tokens.claims("ann")
	foreign["aud"] = "another service"
	good := tokens.sign(tokens.claims("ann"))
	for _, mechanism := range []string{"OAUTHBEARER", "XOAUTH2"} {
		for _, c := range []struct {
			name, addr, user, token string
			code                    int
		}{
			{"signed", signed, "ann", good, curlDone},
			{"signed, for another user", signed, "bob", good, curlDenied},
			{"signed, and changed", signed, "ann", good[:len(good)-8] + "AAAAAAAA", curlDenied},
			{"expired", signed, "ann", tokens.sign(expired), curlDenied},
			{"for another service", signed, "ann", tokens.sign(foreign), curlDenied},
			{"of nobody here", signed, "eve", tokens.sign(tokens.claims("eve")), curlDenied},
			{"introspected", asked, "ann", tokens.issue("ann"), curlDone},
			{"introspected, for another user", asked, "bob", tokens.issue("ann"), curlDenied},
			{"unknown", asked, "ann", "opaque-", curlDenied},
		} {
			out, code := curlToken(t, c.addr, mechanism, c.user, c.token)
			if code != c.code || (code == curlDone) != (out == crlf(messages[0])) {
				t.Errorf("%s, %s: exit code %d, %q", mechanism, c.name, code, out)
			}
		}
	}
	token := tokens.issue("ann")
	if _, code := curlToken(t, asked, "XOAUTH2", "ann", token); code != curlDone {
		t.Errorf("before it was withdrawn: exit code %d", code)
	}
	tokens.withdraw(token)
	if _, code := curlToken(t, asked, "XOAUTH2", "ann", token); code != curlDenied {
		t.Errorf("withdrawn: exit code %d", code)
	}
	p.find(`why="the token is refused: its audience is .*another service`) // the administrator is told, the client is not
	s.unchanged()
}

// A token server that is not there is no fault of the user: the log says what is wrong,
// and passwords work.
func TestTokenServerDown(t *testing.T) {
	s, tokens := newSite(t), newTokenServer(t)
	good := tokens.sign(tokens.claims("ann"))
	tokens.Close()
	p, addr := s.listen("--oauth-keys", tokens.URL+"/keys", "--oauth-issuer", tokens.URL, "--oauth-audience", "popper")
	c := dial(t, addr)
	c.ask("AUTH XOAUTH2 "+base64.StdEncoding.EncodeToString([]byte("user=ann\x01auth=Bearer "+good+"\x01\x01")), "-ERR [SYS/TEMP] service unavailable")
	p.find(`does not answer`)
	if strings.Contains(p.out.String(), good) {
		t.Error("a token is in the log")
	}
	c.login()
	c.ask("QUIT", "+OK")
}
