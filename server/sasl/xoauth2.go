package sasl

import "popper/server"

// xoauth2 reads what Google and Microsoft describe:
//
//	user=USER^Aauth=Bearer TOKEN^A^A
func xoauth2(message string) (user, token string, err error) {
	all, err := pairs(message)
	if err != nil {
		return "", "", err
	}
	if user = all["user"]; user == "" {
		return "", "", server.ErrExchange
	}
	token, err = bearerToken(all["auth"])
	return user, token, err
}

// oldFailure is the JSON that Google answers.
func (b *bearer) oldFailure() any {
	return struct {
		Status  string `json:"status"`
		Schemes string `json:"schemes"`
		Scope   string `json:"scope,omitempty"`
	}{"401", "bearer", b.hint.Scope}
}
