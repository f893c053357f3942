package passwd

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/scrypt"
	"github.com/go-crypt/crypt/algorithm/shacrypt"
)

// DefaultAlgorithm is what Hash makes when it is not told otherwise.
const DefaultAlgorithm = "yescrypt"

// kind is one kind of hash. shape is the whole truth about which encodings
// are accepted: the library behind decode is laxer (it takes costs that would
// exhaust the machine, and salts that it then reads as empty), so nothing
// reaches it that does not match. A cost in the file is the administrator's
// choice up to about 1 GiB and some minutes; beyond that it is a slip of the
// finger which would take the server down at that user's next login.
type kind struct {
	name   string
	shape  *regexp.Regexp
	decode algorithm.DecodeFunc
	hasher func() (hasher, error) // nil: verified, but no longer made
}

// hasher is what of algorithm.Hash is used.
type hasher interface {
	Hash(password string) (algorithm.Digest, error)
}

var kinds = []kind{
	// N from 2^10 to 2^18 blocks of 128*r octets, r up to 32: what
	// libxcrypt itself accepts and makes. Made: 2^12, 32 (16 MiB), its default.
	{"yescrypt",
		regexp.MustCompile(`^\$y\$j[7-9A-F][./0-9A-T]\$[./0-9A-Za-z]{2,86}\$[./0-9A-Za-z]{43}$`),
		scrypt.DecodeVariant(scrypt.VariantYescrypt),
		func() (hasher, error) {
			return scrypt.NewYescrypt(scrypt.WithLN(12), scrypt.WithR(32), scrypt.WithP(1))
		}},
	// 1,000 to 99,999,999 rounds.
	{"sha512",
		regexp.MustCompile(`^\$6\$(?:rounds=[1-9][0-9]{3,7}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{86}$`),
		shacrypt.DecodeVariant(shacrypt.VariantSHA512),
		func() (hasher, error) {
			return shacrypt.New(shacrypt.WithSHA512(), shacrypt.WithRounds(100_000))
		}},
	{"sha256",
		regexp.MustCompile(`^\$5\$(?:rounds=[1-9][0-9]{3,7}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{43}$`),
		shacrypt.DecodeVariant(shacrypt.VariantSHA256),
		nil},
	// Cost 4 to 19. Not $2x$: it marks hashes of a broken implementation,
	// which the library would verify as if they were sound.
	{"bcrypt",
		regexp.MustCompile(`^\$2[aby]\$(?:0[4-9]|1[0-9])\$[./0-9A-Za-z]{53}$`),
		bcrypt.DecodeVariant(bcrypt.VariantStandard),
		func() (hasher, error) { return bcrypt.New(bcrypt.WithCost(12)) }},
	// Up to 999,999 KiB, 99 passes, 99 lanes. Made: the second choice of RFC 9106.
	{"argon2id",
		regexp.MustCompile(`^\$argon2id\$v=19\$m=[1-9][0-9]{0,5},t=[1-9][0-9]?,p=[1-9][0-9]?\$[+/0-9A-Za-z]{11,86}\$[+/0-9A-Za-z]{22,86}$`),
		argon2.DecodeVariant(argon2.VariantID),
		func() (hasher, error) { return argon2.New(argon2.WithProfileRFC9106LowMemory()) }},
	// The only one that SCRAM can use; see scram.go.
	{"scram-sha-256", scramShape, decodeSCRAM, func() (hasher, error) { return scramHasher{}, nil }},
}

// Algorithms names what Hash can make, best first.
func Algorithms() []string {
	var names []string
	for _, k := range kinds {
		if k.hasher != nil {
			names = append(names, k.name)
		}
	}
	return names
}

// CheckAlgorithm tells whether Hash can make hashes of that name.
func CheckAlgorithm(name string) error {
	_, err := maker(name)
	return err
}

func maker(name string) (func() (hasher, error), error) {
	for _, k := range kinds {
		if k.name == name && k.hasher != nil {
			return k.hasher, nil
		}
	}
	return nil, fmt.Errorf("no algorithm %q; there are: %s", name, strings.Join(Algorithms(), ", "))
}

// Hash makes the encoded hash of a password with a fresh random salt.
// It fails on an unknown algorithm and on a password that no client could send.
func Hash(name string, secret []byte) (string, error) {
	hasher, err := maker(name)
	if err != nil {
		return "", err
	}
	if err := checkSecret(name, secret); err != nil {
		return "", err
	}
	h, err := hasher()
	if err != nil {
		return "", err
	}
	d, err := h.Hash(string(secret))
	if err != nil {
		return "", err
	}
	return d.Encode(), nil
}

// checkSecret refuses what cannot come back in a PASS command (R1081-PASS-1:
// the rest of the line, spaces included).
func checkSecret(algorithm string, secret []byte) error {
	switch {
	case len(secret) == 0:
		return errors.New("the password is empty")
	case len(secret) > maxSecret:
		return fmt.Errorf("the password has more than %d octets, which no PASS line can carry", maxSecret)
	case algorithm == "bcrypt" && len(secret) > maxBcrypt:
		return fmt.Errorf("bcrypt reads no more than %d octets of a password; choose another algorithm", maxBcrypt)
	case strings.ContainsAny(string(secret), "\r\n\x00"):
		return errors.New("the password holds a line end or a NUL, which no PASS line can carry")
	}
	return nil
}

// decode turns one hash field into something to compare with; nil for a
// locked account. The error never quotes the field: it may be a password.
func decode(field string) (algorithm.Digest, error) {
	if field == "" {
		return nil, errors.New("no hash: set one with `popper passwd`, or write ! to lock the account")
	}
	if field[0] == '!' || field[0] == '*' {
		return nil, nil
	}
	for _, k := range kinds {
		if k.shape.MatchString(field) {
			return k.decode(field)
		}
	}
	return nil, errors.New("not a hash that popper knows (yescrypt $y$j, sha512-crypt $6$, sha256-crypt $5$, bcrypt $2b$, argon2id, scram-sha-256, " +
		"of ordinary cost; plain text is refused): set a new one with `popper passwd`")
}
