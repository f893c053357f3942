package sasl

import (
	"bytes"
	"context"

	"popper/server"
)

// Plain is PLAIN (RFC 4616). Name and password are sent as they are: like PASS, it is fit
// for private connections only, and offered where PASS is, which
// server.Config.RequireTLS decides for both.
func Plain(accounts server.Accounts) server.Mechanism {
	return mechanism{name: "PLAIN", begin: func(ctx context.Context, _ server.Private) server.Exchange {
		return &single{judge: func(s *single, response []byte) ([]byte, error) {
			return nil, s.plain(ctx, accounts, response)
		}}
	}}
}

// plain judges [authorization identity] NUL name NUL password. The password is not
// copied, for the response is overwritten. It goes to accounts as it is, not through
// SASLprep: PASS takes the same one.
func (s *single) plain(ctx context.Context, accounts server.Accounts, response []byte) error {
	parts := bytes.Split(response, []byte{0})
	if len(parts) != 3 || len(parts[1]) == 0 || len(parts[2]) == 0 {
		return server.ErrExchange
	}
	s.claimed = string(parts[1])
	if len(parts[0]) > 0 && !bytes.Equal(parts[0], parts[1]) {
		return denied("the client wants to act for another user")
	}
	if err := checkName(s.claimed); err != nil {
		return err
	}
	account, err := accounts.Authenticate(ctx, s.claimed, parts[2])
	if err != nil {
		return err
	}
	s.account = account
	return nil
}
