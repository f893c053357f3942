package oauth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"popper/server"
)

// keyServer answers at once, or when it is let; it counts.
type keyServer struct {
	keys  []byte
	err   error
	hold  chan struct{}
	asked int
}

func (s *keyServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked++
	if s.hold != nil {
		<-s.hold
	}
	if s.err != nil {
		return nil, s.err
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(s.keys)), Request: r}, nil
}

func remoteKeys(s *keyServer) *remote {
	return &remote{url: "https://id.example.org/keys", http: &http.Client{Transport: s}, log: slog.New(slog.DiscardHandler)}
}

// look has find tell how many keys it finds.
func look(t *testing.T, r *remote, s *keyServer, kid string, keys, asked int) {
	t.Helper()
	found, err := r.find(t.Context(), kid)
	synctest.Wait()
	if err != nil || len(found) != keys || s.asked != asked {
		t.Errorf("%d keys, %v, asked %d times; want %d, %d", len(found), err, s.asked, keys, asked)
	}
}

// The keys are kept for an hour; an unknown one is asked for at once, but not again
// within a minute.
func TestKeysAreKept(t *testing.T) {
	ecKey() // outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		s := &keyServer{keys: jwks(jwk(ecKey().Public(), "old", "", ""))}
		r := remoteKeys(s)
		look(t, r, s, "old", 1, 1)
		for range 9 {
			look(t, r, s, "old", 1, 1)
			look(t, r, s, "new", 0, 1) // the question was asked just now
		}
		time.Sleep(keysPause)
		look(t, r, s, "old", 1, 1)
		look(t, r, s, "new", 0, 2)
		look(t, r, s, "new", 0, 2)
		s.keys = jwks(jwk(ecKey().Public(), "new", "", ""))
		time.Sleep(keysPause)
		look(t, r, s, "new", 1, 3)
		look(t, r, s, "old", 0, 3) // withdrawn
		time.Sleep(keysFresh + time.Nanosecond)
		look(t, r, s, "new", 1, 4)
		look(t, r, s, "new", 1, 4)
	})
}

// When the server does not answer, the keys at hand serve on for a day, and questions are
// asked at most each minute.
func TestKeysGoStale(t *testing.T) {
	ecKey()
	synctest.Test(t, func(t *testing.T) {
		s := &keyServer{keys: jwks(jwk(ecKey().Public(), "ec", "", ""))}
		r := remoteKeys(s)
		look(t, r, s, "ec", 1, 1)
		s.err = errors.New("unplugged")
		time.Sleep(keysStale)
		look(t, r, s, "ec", 1, 2)
		if _, err := r.find(t.Context(), "new"); err == nil || errors.Is(err, server.ErrDenied) {
			t.Errorf("a key that may exist: %v", err) // a temporary failure, no denial
		}
		time.Sleep(time.Nanosecond)
		for range 9 {
			if found, err := r.find(t.Context(), "ec"); err == nil {
				t.Errorf("%d keys of another day", len(found))
			}
		}
		if synctest.Wait(); s.asked != 2 {
			t.Errorf("asked %d times", s.asked)
		}
		s.err = nil
		time.Sleep(keysPause)
		look(t, r, s, "ec", 1, 3)
	})
}

// All wait for one question. Who goes away does not end it for the others.
func TestKeysOneQuestion(t *testing.T) {
	ecKey()
	synctest.Test(t, func(t *testing.T) {
		s := &keyServer{keys: jwks(jwk(ecKey().Public(), "ec", "", "")), hold: make(chan struct{})}
		r := remoteKeys(s)
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 9)
		go func() { _, err := r.find(ctx, "ec"); results <- err }()
		synctest.Wait()
		cancel()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		for range cap(results) {
			go func() {
				found, err := r.find(t.Context(), "ec")
				if err == nil && len(found) != 1 {
					err = errors.New("no key")
				}
				results <- err
			}()
		}
		synctest.Wait()
		close(s.hold)
		for range cap(results) {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if s.asked != 1 {
			t.Errorf("asked %d times", s.asked)
		}
	})
}

// Keys at hand do not wait for a server that hangs.
func TestKeysDoNotWait(t *testing.T) {
	ecKey()
	synctest.Test(t, func(t *testing.T) {
		s := &keyServer{keys: jwks(jwk(ecKey().Public(), "ec", "", ""))}
		r := remoteKeys(s)
		look(t, r, s, "ec", 1, 1)
		s.hold = make(chan struct{})
		time.Sleep(keysFresh + time.Nanosecond)
		look(t, r, s, "ec", 1, 2)
		close(s.hold)
	})
}

// Signed tokens over keys at a URL, all the way.
func TestSignedOverURL(t *testing.T) {
	s := &keyServer{keys: issuerKeys()}
	tokens := open(t, Settings{Keys: "https://id.example.org/keys", Rules: rules}).(*signed)
	r := remoteKeys(s)
	tokens.find = r.find
	check(t, tokens, sign(t, jose.RS256, rsaKey(), object{"kid": "rsa"}, marshal(goodClaims())), "ann", "")
	s.keys = []byte("<html>")
	r.tried = time.Time{}
	check(t, tokens, sign(t, jose.RS256, rsaKey(), object{"kid": "other"}, marshal(goodClaims())), "", "!id.example.org answers: not a JWK set")
}
