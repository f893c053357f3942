// Package passwd is an account source: a file of lines
//
//	user:hash[:maildrop]
//
// with the hashes of shadow(5): yescrypt, sha512-crypt, sha256-crypt, bcrypt
// and argon2id, and scram-sha-256, which alone lets its user log in by SCRAM:
//
//	$scram-sha-256$ITERATIONS$SALT$STORED-KEY$SERVER-KEY
//
// (the last three in base64). Empty lines and lines that begin with # are skipped. A hash
// that begins with ! or * is a locked account. A maildrop, where given, is an
// absolute path in which %u stands for the user and %% for a per cent sign;
// where it is absent the pattern given to Open is used.
//
// The file is the administrator's and is trusted; what clients send is not.
// The one thing a client's octets do here is to be compared with names and
// hashed: no path is ever made from a name that is not in the file.
package passwd
