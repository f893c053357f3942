// Package sasl holds the mechanisms of AUTH (R5034-AUTH-1): PLAIN, SCRAM-SHA-256 and
// SCRAM-SHA-256-PLUS, OAUTHBEARER and XOAUTH2.
//
// Each takes an authorization identity only if it is that of the user who proves who
// he is: nobody reads another's mail here.
package sasl
