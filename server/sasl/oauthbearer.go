package sasl

import (
	"strings"

	"popper/server"
)

// oauthBearer reads the client's message of RFC 7628 section 3.1:
//
//	n,a=USER,^Ahost=HOST^Aport=PORT^Aauth=Bearer TOKEN^A^A
//
// USER, host, port and further keys may be absent; host and port are not looked at, as
// they tell nothing that the connection does not. "y" is "n" here, for there is no form
// of the mechanism with a binding.
func oauthBearer(message string) (user, token string, err error) {
	header, rest, _ := strings.Cut(message, "\x01")
	flag, id, _ := strings.Cut(header, ",")
	id, ok := strings.CutSuffix(id, ",")
	if flag != "n" && flag != "y" || !ok {
		return "", "", server.ErrExchange
	}
	if id != "" {
		if user, err = saslName(id); err != nil {
			return "", "", err
		}
	}
	all, err := pairs(rest)
	if err != nil {
		return user, "", err
	}
	token, err = bearerToken(all["auth"])
	return user, token, err
}

// saslName reads a=NAME of RFC 5801 section 4: "=" and "," are "=3D" and "=2C" in it.
func saslName(field string) (string, error) {
	name, ok := strings.CutPrefix(field, "a=")
	plain := strings.NewReplacer("=2C", "", "=3D", "").Replace(name)
	if !ok || name == "" || strings.ContainsAny(plain, "=,\x00") {
		return "", server.ErrExchange
	}
	return strings.NewReplacer("=2C", ",", "=3D", "=").Replace(name), nil
}

// failure is the JSON of RFC 7628 section 3.2.2.
func (b *bearer) failure() any {
	return struct {
		Status string `json:"status"`
		Scope  string `json:"scope,omitempty"`
		Config string `json:"openid-configuration,omitempty"`
	}{"invalid_token", b.hint.Scope, b.hint.Config}
}
