// Package oauth checks the access tokens of OAUTHBEARER and XOAUTH2, in one of two ways:
// the authorization server is asked about each (introspection, RFC 7662), or each is
// signed and the server's keys are at hand (JWT, RFC 7519; keys in a file or at a URL,
// RFC 7517).
//
// The authorization server, its keys and the settings are trusted; tokens are not. The
// connection to it is HTTPS, with the certificates that the system trusts (or those of
// SSL_CERT_FILE), except to this machine itself; a proxy is used as HTTPS_PROXY says.
package oauth
