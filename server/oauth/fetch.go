package oauth

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// newClient is for questions to one authorization server. It goes nowhere else: a
// redirection would take secrets along.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       answerTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // what is read is what is counted
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: maxHeader,
		},
	}
}

// fetch asks one question. Its errors do not show the URL but its host.
func fetch(client *http.Client, r *http.Request) (body []byte, status int, err error) {
	answer, err := client.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, 0, fmt.Errorf("the authorization server %s does not answer: %w", r.URL.Host, err)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("the authorization server %s breaks off its answer: %w", r.URL.Host, err)
	case len(body) > maxAnswer:
		return nil, 0, fmt.Errorf("the answer of the authorization server %s has more than %d octets: is the URL right?", r.URL.Host, maxAnswer)
	}
	return body, answer.StatusCode, nil
}
