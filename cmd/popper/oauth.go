package main

import (
	"flag"
	"log/slog"

	"popper/server"
	"popper/server/oauth"
	"popper/server/passwd"
	"popper/server/sasl"
)

// oauthFlags are how access tokens are checked.
type oauthFlags struct {
	settings oauth.Settings
	config   string
}

func (c *oauthFlags) define(f *flag.FlagSet) {
	s := &c.settings
	f.StringVar(&s.Introspect, "oauth-introspect", "", "")
	f.StringVar(&s.Client, "oauth-client", "", "")
	f.StringVar(&s.Secret, "oauth-secret", "", "")
	f.StringVar(&s.Keys, "oauth-keys", "", "")
	f.StringVar(&s.Issuer, "oauth-issuer", "", "")
	f.StringVar(&s.Audience, "oauth-audience", "", "")
	f.StringVar(&s.Scope, "oauth-scope", "", "")
	f.StringVar(&s.Claim, "oauth-claim", oauth.DefaultClaim, "")
	f.StringVar(&s.Domain, "oauth-domain", "", "")
	f.StringVar(&c.config, "oauth-config", "", "")
}

func (c *oauthFlags) used() bool { return c.settings.Introspect != "" || c.settings.Keys != "" }

func (c *oauthFlags) check() error {
	switch s := c.settings; {
	case !c.used() && (s.Client != "" || s.Secret != "" || s.Issuer != "" || s.Audience != "" ||
		s.Scope != "" || s.Claim != oauth.DefaultClaim || s.Domain != "" || c.config != ""):
		return usageError("the other --oauth flags belong to --oauth-introspect URL or --oauth-keys FILE-OR-URL")
	case s.Introspect == "" && (s.Client != "" || s.Secret != ""):
		return usageError("--oauth-client and --oauth-secret belong to --oauth-introspect: nobody is asked about tokens that --oauth-keys checks")
	}
	return nil
}

// mechanisms are those by which tokens log in, if any do.
func (c *oauthFlags) mechanisms(users *passwd.File, log *slog.Logger) ([]server.Mechanism, error) {
	if !c.used() {
		return nil, nil
	}
	c.settings.Log = log
	tokens, err := oauth.Open(c.settings)
	if err != nil {
		return nil, configError("--oauth: %w", err)
	}
	return sasl.Bearer(users, tokens, sasl.Hint{Scope: c.settings.Scope, Config: c.config}), nil
}
