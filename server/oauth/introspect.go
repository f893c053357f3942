package oauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4/json"

	"popper/server/adminfile"
	"popper/server/sasl"
)

// introspection asks about each token (RFC 7662): a token that is withdrawn is refused at
// once. Answers are not kept.
type introspection struct {
	rules       Rules
	url, client string
	secret      *adminfile.Live[string]
	http        *http.Client
	slots       chan struct{} // one for each question under way
}

func openIntrospection(s Settings) (*introspection, error) {
	if err := checkURL(s.Introspect); err != nil {
		return nil, fmt.Errorf("the introspection URL: %w", err)
	}
	if s.Client == "" || s.Secret == "" {
		return nil, errors.New("for introspection, popper needs a client name and a file with its secret, as the authorization server has them")
	}
	if s.Audience == "" && s.Scope == "" {
		return nil, errors.New("for introspection the audience or the scope must be set: otherwise a token that was meant for any other service would do")
	}
	secret, err := adminfile.Open(adminfile.Source[string]{
		What: "OAuth client secret", Path: s.Secret, Log: s.Log,
		Rule:  adminfile.Rule{Max: maxSecret, Closed: 0o026, Why: "others can read or write the secret in it: chmod go-w,o-r"},
		Made:  "the secret of popper at the authorization server belongs in it, in one line",
		Parse: func(data []byte) (string, error) { return parseSecret(s.Secret, data) }})
	if err != nil {
		return nil, err
	}
	return &introspection{s.Rules, s.Introspect, s.Client, secret, newClient(), make(chan struct{}, maxQuestions)}, nil
}

func parseSecret(path string, data []byte) (string, error) {
	line := string(bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r")))
	if line == "" || strings.ContainsAny(line, "\r\n\x00") {
		return "", fmt.Errorf("%s: it holds the secret in one line, and nothing else", path)
	}
	return line, nil
}

// Check implements sasl.Tokens.
func (i *introspection) Check(ctx context.Context, token string) (sasl.Owner, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime) // waiting included
	defer cancel()
	select {
	case i.slots <- struct{}{}:
		defer func() { <-i.slots }()
	case <-ctx.Done():
		return sasl.Owner{}, fmt.Errorf("too many tokens to be checked at the same time: %w", ctx.Err())
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url, strings.NewReader(form))
	if err != nil {
		return sasl.Owner{}, errors.New("the introspection URL cannot be used")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	// RFC 6749 section 2.3.1: both are encoded as in a form.
	r.SetBasicAuth(url.QueryEscape(i.client), url.QueryEscape(i.secret.Current()))
	body, status, err := fetch(i.http, r)
	if err != nil {
		return sasl.Owner{}, err
	}
	return i.judge(r.URL.Host, body, status)
}

// judge reads an answer (RFC 7662 section 2.2).
func (i *introspection) judge(host string, body []byte, status int) (sasl.Owner, error) {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return sasl.Owner{}, fmt.Errorf("the authorization server %s does not let popper ask (status %d): see to the client name and the file with its secret", host, status)
	case status != http.StatusOK:
		return sasl.Owner{}, fmt.Errorf("the authorization server %s answers with status %d: is the introspection URL right?", host, status)
	}
	var c claims
	if err := json.Unmarshal(body, &c); err != nil {
		return sasl.Owner{}, fmt.Errorf("the answer of the authorization server %s is not that of an introspection endpoint: is the URL right?", host)
	}
	switch string(c.all["active"]) {
	case "true":
		return i.rules.owner(&c)
	case "false":
		return sasl.Owner{}, denied("the authorization server does not know it, or not any more")
	}
	return sasl.Owner{}, fmt.Errorf("the authorization server %s does not say whether the token is active: is the introspection URL right?", host)
}
