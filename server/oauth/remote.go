package oauth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// remote are the keys at a URL. They are fetched when somebody logs in and they are old,
// or lack the key that his token names, but not more often than keysPause allows. While
// an answer is awaited those at hand serve on, if they have the key.
//
// A question is not the session's that made it necessary: if it ended with that session,
// strangers who come and go could use up the questions without one being answered.
//
// Residual risk: a stranger who names unknown keys in tokens can have a question asked
// each minute, and when the server has just got a new key, its first users may be
// refused for up to that minute.
type remote struct {
	url  string
	http *http.Client
	log  *slog.Logger

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time     // when these were
	tried   time.Time     // when the last question was asked
	err     error         // what came of it
	asking  chan struct{} // closed when it is answered; nil if it is
}

// find returns the keys of that name, see named.
func (r *remote) find(ctx context.Context, kid string) ([]jose.JSONWebKey, error) {
	r.mu.Lock()
	now := time.Now()
	found, age := named(r.keys, kid), now.Sub(r.fetched)
	old := age > keysFresh || len(found) == 0
	if old && r.asking == nil && now.Sub(r.tried) >= keysPause {
		r.tried, r.asking = now, make(chan struct{})
		go r.fetch(r.asking)
	}
	asking := r.asking
	r.mu.Unlock()
	if len(found) > 0 && age <= keysStale {
		return found, nil
	}
	if asking != nil {
		select {
		case <-asking:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return r.fetchedNow(kid)
}

// fetchedNow is what there is after a question, or when none may be asked.
func (r *remote) fetchedNow(kid string) ([]jose.JSONWebKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := named(r.keys, kid)
	if time.Since(r.fetched) > keysStale {
		found = nil
	}
	if len(found) == 0 && r.err != nil {
		return nil, fmt.Errorf("the keys for tokens are not at hand: %w", r.err)
	}
	return found, nil
}

// fetch asks the question.
func (r *remote) fetch(asking chan struct{}) {
	keys, err := r.ask()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err = err; err == nil {
		r.keys, r.fetched = keys, time.Now()
	} else {
		r.log.Error("the keys for tokens cannot be fetched; those at hand serve on for some hours", "error", err)
	}
	r.asking = nil
	close(asking)
}

func (r *remote) ask() ([]jose.JSONWebKey, error) {
	q, err := http.NewRequest(http.MethodGet, r.url, nil)
	if err != nil {
		return nil, fmt.Errorf("the URL of the keys cannot be used")
	}
	q.Header.Set("Accept", "application/jwk-set+json, application/json")
	body, status, err := fetch(r.http, q)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%s answers with status %d: is the URL of the keys right?", q.URL.Host, status)
	}
	keys, err := parseKeys(body)
	if err != nil {
		return nil, fmt.Errorf("what %s answers: %w", q.URL.Host, err)
	}
	return keys, nil
}
