package oauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"

	"popper/server/sasl"
)

// Settings say how tokens are checked: by Introspect or by Keys.
type Settings struct {
	// Introspect is the URL of the introspection endpoint, Client the name by which popper
	// is known to it, and Secret the file that holds popper's secret in one line.
	Introspect, Client, Secret string

	// Keys is where the keys of the authorization server are, a JWK set: a URL
	// (jwks_uri in its metadata), or the path of a file. The file is read again when it
	// changes. A URL is first asked when somebody logs in.
	Keys string

	Rules
	Log *slog.Logger // for what goes wrong besides a login
}

// Open makes the check that s describes.
func Open(s Settings) (sasl.Tokens, error) {
	if err := s.Rules.check(); err != nil {
		return nil, err
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case s.Introspect != "" && s.Keys != "":
		return nil, errors.New("tokens are checked by introspection or by keys: set one of both")
	case s.Introspect != "":
		return openIntrospection(s)
	case s.Keys != "":
		return openSigned(s)
	}
	return nil, errors.New("how tokens are checked is not set: an introspection URL, or keys")
}

// checkURL's errors do not quote the URL: there may be a secret in it.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Fragment != "" || u.Opaque != "":
		return errors.New("not a URL of the form https://HOST/PATH")
	case u.User != nil:
		return errors.New("a name or password in the URL can be seen by every user of this machine: leave it out")
	case u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("it must begin with https://: who listens, or stands between, could log in as anybody (http:// is for servers on this machine)")
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || strings.EqualFold(host, "localhost")
}
