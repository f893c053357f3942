package oauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"popper/server"
)

// asked is an introspection check whose authorization server is handler.
func asked(t *testing.T, handler http.HandlerFunc, r Rules) *introspection {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return open(t, Settings{Introspect: s.URL + "/introspect", Client: "pop:per", Secret: write(t, []byte("s3 cret%\n"), 0o600), Rules: r}).(*introspection)
}

// RFC 7662 section 2.1, RFC 6749 section 2.3.1.
func TestQuestion(t *testing.T) {
	tokens := asked(t, func(w http.ResponseWriter, r *http.Request) {
		client, secret, _ := r.BasicAuth()
		if client != "pop%3Aper" || secret != "s3+cret%25" {
			t.Errorf("client %q, secret %q", client, secret)
		}
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.URL.Path != "/introspect" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || string(body) != "token=to%2Fken%3D%3D&token_type_hint=access_token" {
			t.Errorf("%s %s %v %s", r.Method, r.URL, r.Header, body)
		}
		w.Write(marshal(goodClaims().with(object{"active": true})))
	}, rules)
	check(t, tokens, "to/ken==", "ann", "")
}

func TestAnswers(t *testing.T) {
	active := goodClaims().with(object{"active": true})
	past := time.Now().Unix() - 120
	for _, c := range []struct {
		status int
		body   string
		want   string
	}{
		{200, string(marshal(active)), ""},
		{200, string(marshal(active.with(object{"exp": nil, "iss": "https://id.example.org/"}))), ""}, // the server said that it is active
		{200, `{"active":false}`, "does not know it"},
		{200, string(marshal(active.with(object{"active": false}))), "does not know it"},
		{200, string(marshal(active.with(object{"exp": past}))), "expired"},
		{200, string(marshal(active.with(object{"aud": "other"}))), "audience"},
		{200, string(marshal(active.with(object{"aud": nil}))), "audience"},
		{200, string(marshal(active.with(object{"iss": nil}))), "issuer"},
		{200, string(marshal(active.with(object{"sub": nil}))), "no claim"},
		{200, string(marshal(active.with(object{"active": "true"}))), "!is active"},
		{200, string(marshal(active.with(object{"active": 1}))), "!is active"},
		{200, string(marshal(active.with(object{"active": nil}))), "!is active"},
		{200, string(marshal(active.with(object{"active": nil, "Active": true}))), "!is active"},
		{200, `{"active":false,"active":true,` + string(marshal(goodClaims())[1:]), "!not that of an introspection endpoint"},
		{200, `{}`, "!is active"},
		{200, `null`, "!is active"},
		{200, `<html>`, "!not that of an introspection endpoint"},
		{200, ``, "!not that of an introspection endpoint"},
		{200, string(marshal(active)) + "{}", "!not that of an introspection endpoint"},
		{204, ``, "!status 204"},
		{401, `{"error":"invalid_client"}`, "!client name and the file"},
		{403, string(marshal(active)), "!client name and the file"},
		{404, string(marshal(active)), "!status 404"},
		{500, string(marshal(active)), "!status 500"},
		{200, strings.Repeat(" ", maxAnswer) + string(marshal(active)), "!more than"},
	} {
		tokens := asked(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		}, rules)
		t.Logf("%d %.80s", c.status, c.body)
		check(t, tokens, "some-token-of-anns", "ann", c.want)
	}
}

// The secret and the token go to the URL that is set and nowhere else.
func TestRedirection(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Error("it is followed")
		w.Write(marshal(goodClaims().with(object{"active": true})))
	}))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 307, 308} {
		tokens := asked(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) }, rules)
		check(t, tokens, "some-token-of-anns", "", fmt.Sprint("!status ", status))
	}
}

// A server that takes the question and does not answer, answers without end, or is not
// there: the check ends, with an error that is no denial.
func TestHangs(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"silent": func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() },
		"slow": func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		},
		"broken":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"garbage": func(w http.ResponseWriter, _ *http.Request) { hijack(w, "+OK hello\r\n") },
		"header":  func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2*maxHeader)) },
	} {
		tokens := asked(t, handler, rules)
		tokens.http.Timeout = 100 * time.Millisecond
		t.Log(name)
		check(t, tokens, "some-token-of-anns", "", "!the authorization server")
	}
	gone := asked(t, nil, rules)
	gone.url = "http://127.0.0.1:1/s3cret"
	if _, err := gone.Check(t.Context(), "x"); err == nil || errors.Is(err, server.ErrDenied) || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
}

// hijack answers with that and closes the connection.
func hijack(w http.ResponseWriter, answer string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		io.WriteString(conn, answer)
		conn.Close()
	}
}

// When the session has ended nobody waits for the server.
func TestSessionEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tokens := asked(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}, rules)
	tokens.http.Timeout = 0
	if _, err := tokens.Check(ctx, "x"); err == nil || errors.Is(err, server.ErrDenied) {
		t.Error(err)
	}
}

// Over TLS a server whose certificate nobody vouches for is not told the token.
func TestCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(marshal(goodClaims().with(object{"active": true})))
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake that fails
	s.StartTLS()
	t.Cleanup(s.Close)
	tokens := open(t, Settings{Introspect: s.URL, Client: "popper", Secret: write(t, []byte("x"), 0o600), Rules: rules}).(*introspection)
	check(t, tokens, "some-token-of-anns", "", "!certificate")
	tokens.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	check(t, tokens, "some-token-of-anns", "ann", "")
}

// A flood of tokens is no flood of questions; who waits for his turn in vain gets a
// temporary failure.
func TestQuestionsAtOneTime(t *testing.T) {
	secret := write(t, []byte("x"), 0o600)
	synctest.Test(t, func(t *testing.T) {
		tokens := open(t, Settings{Introspect: "https://id.example.org/", Client: "popper", Secret: secret, Rules: rules}).(*introspection)
		s := &slowServer{answer: marshal(goodClaims().with(object{"active": true}))}
		tokens.http = &http.Client{Transport: s}
		var good, late atomic.Int32
		for range 2*maxQuestions + 5 {
			go func() {
				if _, err := tokens.Check(t.Context(), "x"); err == nil {
					good.Add(1)
				} else if !errors.Is(err, server.ErrDenied) {
					late.Add(1)
				}
			}()
		}
		synctest.Wait()
		if n := s.under.Load(); n != maxQuestions {
			t.Errorf("%d questions at one time, want %d", n, maxQuestions)
		}
		time.Sleep(answerTime)
		synctest.Wait()
		if good.Load() != maxQuestions || late.Load() != maxQuestions+5 || len(tokens.slots) != 0 {
			t.Errorf("%d are let in, %d are late, %d slots are taken", good.Load(), late.Load(), len(tokens.slots))
		}
	})
}

// slowServer needs almost all the time there is.
type slowServer struct {
	under  atomic.Int32
	answer []byte
}

func (s *slowServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.under.Add(1)
	defer s.under.Add(-1)
	select {
	case <-time.After(answerTime - time.Second):
		return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(s.answer)), Request: r}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}
