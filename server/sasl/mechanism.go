package sasl

import (
	"context"
	"fmt"

	"popper/server"
	"popper/server/passwd"
)

// mechanism implements server.Mechanism.
type mechanism struct {
	name  string
	needs server.Protection
	begin func(ctx context.Context, private server.Private) server.Exchange
}

func (m mechanism) Name() string             { return m.name }
func (m mechanism) Needs() server.Protection { return m.needs }

func (m mechanism) Begin(ctx context.Context, private server.Private) server.Exchange {
	return m.begin(ctx, private)
}

// single is an exchange in which the client says one thing, at once or when asked.
type single struct {
	judge func(s *single, response []byte) (challenge []byte, err error)

	asked, over bool
	claimed     string
	account     server.Account
}

func (s *single) Account() server.Account { return s.account }
func (s *single) Claimed() string         { return s.claimed }

func (s *single) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case s.over || response == nil && s.asked:
		s.over = true
		return nil, false, server.ErrExchange
	case response == nil:
		s.asked = true
		return []byte{}, false, nil
	}
	s.over = true
	challenge, err = s.judge(s, response)
	return challenge, err == nil, err
}

// denied is server.ErrDenied with the reason for the log. Reasons must not be such as
// only one who has an account, or its password, can meet.
func denied(format string, args ...any) error {
	return fmt.Errorf("%w: %w", server.ErrDenied, fmt.Errorf(format, args...))
}

// checkName keeps names from accounts that no account of the passwd file can have.
func checkName(name string) error {
	if passwd.CheckName(name) != nil {
		return server.ErrDenied
	}
	return nil
}
