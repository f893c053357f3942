package oauth

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4/json"

	"popper/server"
)

func TestOwner(t *testing.T) {
	for _, c := range []struct {
		rules  Rules
		change object
		owner  string
		want   string
	}{
		{Rules{}, nil, "ann", ""},
		{Rules{Claim: "email"}, nil, "ann@example.org", ""},
		{Rules{Claim: "email", Domain: "example.org"}, nil, "ann", ""},
		{Rules{Claim: "email", Domain: "EXAMPLE.org"}, nil, "ann", ""},
		{Rules{Claim: "email", Domain: "ample.org"}, nil, "", "not of the domain"},
		{Rules{Claim: "email", Domain: "example.org"}, object{"email": "ann@example.org.evil"}, "", "not of the domain"},
		{Rules{Claim: "email", Domain: "example.org"}, object{"email": "ann@evil@example.org"}, "ann@evil", ""}, // no account of ann's
		{Rules{Claim: "email", Domain: "example.org"}, object{"email": "ann@sub.example.org"}, "", "not of the domain"},
		{Rules{Claim: "email", Domain: "example.org"}, object{"email": "@example.org"}, "", "not the name"},
		{Rules{Claim: "email", Domain: "example.org"}, object{"email": "ann"}, "", "not of the domain"},
		{Rules{Claim: "email", Domain: "example.org"}, object{"email": "../ann@example.org"}, "", "not the name"},
		{Rules{Claim: "email"}, object{"email_verified": true}, "ann@example.org", ""},
		{Rules{Claim: "email"}, object{"email_verified": "true"}, "ann@example.org", ""},
		{Rules{Claim: "email"}, object{"email_verified": false}, "", "not verified"},
		{Rules{Claim: "email"}, object{"email_verified": "false"}, "", "not verified"},
		{Rules{Claim: "email"}, object{"email_verified": 1}, "", "not verified"},
		{Rules{}, object{"email_verified": false}, "ann", ""},
		{Rules{Claim: "username"}, nil, "", `no claim "username"`},
		{Rules{Claim: "upn"}, object{"upn": "bob"}, "bob", ""},
		{Rules{Scope: "mail"}, nil, "ann", ""},
		{Rules{Scope: "mail openid"}, nil, "ann", ""},
		{Rules{Scope: "mail"}, object{"scope": nil}, "", `lacks "mail"`},
		{Rules{Scope: "mail"}, object{"scope": "mailbox openid"}, "", `lacks "mail"`},
		{Rules{Scope: "mail"}, object{"scope": []string{"openid", "mail"}}, "ann", ""},
		{Rules{Scope: "mail"}, object{"scope": nil, "scp": "mail"}, "ann", ""},
		{Rules{Scope: "mail"}, object{"scope": 1, "scp": []string{"mail"}}, "ann", ""},
		{Rules{Scope: "mail"}, object{"scope": []any{"mail", 1}}, "", `lacks "mail"`},
	} {
		var parsed claims
		if err := json.Unmarshal(marshal(goodClaims().with(c.change)), &parsed); err != nil {
			t.Fatal(err)
		}
		owner, err := c.rules.owner(&parsed)
		if owner.Name != c.owner || (err == nil) != (c.want == "") {
			t.Errorf("%v %v: %v, %v", c.rules, c.change, owner, err)
		}
		if err != nil && (!errors.Is(err, server.ErrDenied) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v %v: %v", c.rules, c.change, err)
		}
	}
}
