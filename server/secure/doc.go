// Package secure makes connections private with TLS (RFC 8446, RFC 5246), with one
// certificate for all clients, whatever name they ask for.
//
// What clients get: TLS 1.2 and 1.3 with the cipher suites and groups that Go holds for
// good at its version (RFC 9325), no renegotiation, no early data. There is no session
// resumption: a ticket would outlive the certificate that it was given under, and would
// have to be encrypted with a key that all sessions share; a full handshake costs the
// server one signature. Clients that name protocols (ALPN, RFC 7301) must name "pop3",
// or are refused, since something else was meant for them (RFC 9325, 3.8): a browser
// whose connection was led here must not find that a POP3 server answers its request.
//
// What an idle session costs: some 7 KiB of memory more than a plain one (5 KiB with TLS
// 1.2; BenchmarkIdle measures it). With what the garbage collector leaves lying about, a
// process with 1000 of them grows by 18 KiB for each. A client that sends a record of
// full size, as with a long message, makes its session keep a buffer of that size, 16 KiB,
// to its end. What is sent borrows its buffer.
package secure
