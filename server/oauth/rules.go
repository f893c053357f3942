package oauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"popper/server"
	"popper/server/passwd"
	"popper/server/sasl"
)

// DefaultClaim is what of a token is the user if nothing else is set: the one claim that
// its owner cannot change (OpenID Connect Core section 5.7).
const DefaultClaim = "sub"

// Rules say which tokens are for this server, and whose they are.
type Rules struct {
	// Issuer is who has issued the token ("iss"), and Audience whom it is for ("aud"), letter
	// for letter. What is "" is not looked at. Signed tokens want both, introspection wants
	// Audience or Scope: otherwise a token for any other service would do, and who runs
	// that could read the mail of those who have shown him theirs.
	Issuer, Audience string

	// Scope is what the token must be good for: words, all of which it must have.
	Scope string

	// Claim is which claim is the user, see DefaultClaim. Others are "email",
	// "preferred_username" and, of introspection, "username"; take one only if users
	// cannot change theirs into another's. An "email" that the server says is not
	// verified is refused.
	Claim string

	// Domain is cut off the claim, with the @: with "example.org", ann@example.org is the
	// user ann, and whoever is of no domain or of another is refused. If it is "", the
	// claim is the user's name as a whole.
	Domain string
}

func (r *Rules) check() error {
	if strings.ContainsAny(r.Domain, "@ ") {
		return errors.New("the domain of tokens' owners is what follows the @")
	}
	return nil
}

// claims are what a token, or the server, says about it.
type claims struct {
	jwt.Claims
	all map[string]json.RawMessage
}

// UnmarshalJSON reads an object. The package is strict, as go-jose's is: no name twice,
// and no name in other letters.
func (c *claims) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &c.all); err != nil {
		return err
	}
	return json.Unmarshal(data, &c.Claims)
}

// text is a claim that is a string; "" if it is not there, or is none.
func (c *claims) text(name string) string {
	var s string
	if json.Unmarshal(c.all[name], &s) != nil {
		return ""
	}
	return s
}

// scopes are the words of "scope" (RFC 8693), and of "scp", as some services call it;
// some make it a list.
func (c *claims) scopes() []string {
	var words []string
	for _, name := range []string{"scope", "scp"} {
		var list []string
		if json.Unmarshal(c.all[name], &list) != nil {
			list = strings.Fields(c.text(name))
		}
		words = append(words, list...)
	}
	return words
}

// owner judges what is known of a token that is otherwise genuine.
func (r *Rules) owner(c *claims) (sasl.Owner, error) {
	switch err := c.ValidateWithLeeway(jwt.Expected{Issuer: r.Issuer, Time: time.Now()}, leeway); {
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return sasl.Owner{}, denied("its issuer is %.99q", c.Issuer)
	case errors.Is(err, jwt.ErrExpired):
		return sasl.Owner{}, denied("it is expired")
	case err != nil:
		return sasl.Owner{}, denied("it is not valid yet")
	}
	if r.Audience != "" && !c.Audience.Contains(r.Audience) {
		return sasl.Owner{}, denied("its audience is %.199q", []string(c.Audience))
	}
	for _, want := range strings.Fields(r.Scope) {
		if !slices.Contains(c.scopes(), want) {
			return sasl.Owner{}, denied("its scope lacks %q", want)
		}
	}
	return r.named(c)
}

// named finds the user's name.
func (r *Rules) named(c *claims) (sasl.Owner, error) {
	name := r.Claim
	if name == "" {
		name = DefaultClaim
	}
	value := c.text(name)
	if value == "" {
		return sasl.Owner{}, denied("it has no claim %q", name)
	}
	if v := string(c.all["email_verified"]); name == "email" && v != "" && v != "true" && v != `"true"` {
		return sasl.Owner{}, denied("the server has not verified that the address is its owner's")
	}
	user := value
	if r.Domain != "" {
		at := strings.LastIndexByte(value, '@')
		if at < 0 || !strings.EqualFold(value[at+1:], r.Domain) {
			return sasl.Owner{}, denied("its owner %.99q is not of the domain %s", value, r.Domain)
		}
		user = value[:at]
	}
	if passwd.CheckName(user) != nil {
		return sasl.Owner{}, denied("its owner %.99q is not the name of a user", value)
	}
	return sasl.Owner{Name: user, Claim: value}, nil
}

// denied is server.ErrDenied with what is wrong with the token, for the log. No part of it
// is quoted but claims of one that is genuine.
func denied(format string, args ...any) error {
	return fmt.Errorf("%w: the token is refused: %w", server.ErrDenied, fmt.Errorf(format, args...))
}
