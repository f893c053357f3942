package passwd

import (
	"cmp"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/xdg-go/stringprep"

	"popper/server"
)

// Verifier is what a server keeps of a password for SCRAM-SHA-256 (RFC 5802, RFC 7677):
// enough to check a client's proof and to prove the server to the client, but not to log
// in as the user elsewhere.
type Verifier struct {
	Salt                 []byte // 1 to maxSalt octets
	Iterations           int    // 4,096 to 10,000,000
	StoredKey, ServerKey []byte // 32 octets each
}

// SCRAM returns what name logs in with by SCRAM, and his account. known is false for a
// user who is not in the file, is locked, or has a hash of another kind. Then v is a
// decoy: an exchange with it goes on like any other, and must be denied whatever comes
// out.
//
// The decoy of a name must be the same at each try and look like others. A client sees
// salt and iterations, so they must not show that the name is unknown: they depend on key
// (32 octets, see package sasl) and name alone, and iterations and length of the salt are
// those of some user of the file. The file itself is no key: a stranger who knows that
// it has few lines could try passwords for them on the salts of the decoys, at home.
//
// Residual risk: where the file mixes numbers of iterations, a change of the mix can
// change those of decoys, and who has seen them before knows them.
func (f *File) SCRAM(name string, key []byte) (v Verifier, account server.Account, known bool) {
	t := f.live.Current()
	v = t.scramDecoy(name, key) // in any case: it takes time
	u := t.users[name]
	d, known := u.digest.(*scramDigest)
	if !known {
		return v, server.Account{}, false
	}
	return d.Verifier, server.Account{Name: name, Maildrop: u.maildrop}, true
}

// HasSCRAM tells whether any user who is not locked can log in by SCRAM, as the file is
// now: it is announced for his sake only.
func (f *File) HasSCRAM() bool { return len(f.live.Current().scram) > 0 }

// shape is what a decoy copies from a user.
type shape struct{ iterations, salt int }

// scramShapes are those of all users who have SCRAM, in an order that does not change
// when the file's does.
func (t *table) scramShapes() []shape {
	var all []shape
	for _, d := range t.hashes {
		if s, ok := d.(*scramDigest); ok {
			all = append(all, shape{s.Iterations, len(s.Verifier.Salt)})
		}
	}
	slices.SortFunc(all, func(a, b shape) int {
		return cmp.Or(cmp.Compare(a.iterations, b.iterations), cmp.Compare(a.salt, b.salt))
	})
	return all
}

// scramDecoy makes up what an unknown user has. A name has a fixed rank from 0 to 1 among
// the sorted shapes: a user who comes or goes moves few decoys, and none where all shapes
// are alike.
func (t *table) scramDecoy(name string, key []byte) Verifier {
	made := func(use string) []byte { return mac(key, use+"\x00"+name) }
	s := shape{scramIterations, scramSalt}
	if n := len(t.scram); n > 0 {
		rank := uint64(binary.BigEndian.Uint32(made("shape")))
		s = t.scram[rank*uint64(n)>>32]
	}
	salt := append(made("salt"), made("more salt")...)
	return Verifier{salt[:s.salt], s.iterations, made("stored key"), made("server key")}
}

// scramShape: 4,096 iterations (the least of RFC 7677) to 10,000,000; see maxSalt.
var scramShape = regexp.MustCompile(`^\$scram-sha-256\$([1-9][0-9]{3,7})\$([+/0-9A-Za-z]{2,88}={0,2})\$([+/0-9A-Za-z]{43}=)\$([+/0-9A-Za-z]{43}=)$`)

// scramDigest is a Verifier as one of the hashes of the file: PASS and AUTH PLAIN are
// checked with it, too.
type scramDigest struct{ Verifier }

func decodeSCRAM(field string) (algorithm.Digest, error) {
	m := scramShape.FindStringSubmatch(field)
	if m == nil {
		return nil, errors.New("not of the form $scram-sha-256$ITERATIONS$SALT$STORED-KEY$SERVER-KEY")
	}
	var d scramDigest
	var errs [3]error
	d.Iterations, _ = strconv.Atoi(m[1])
	d.Verifier.Salt, errs[0] = base64.StdEncoding.Strict().DecodeString(m[2])
	d.StoredKey, errs[1] = base64.StdEncoding.Strict().DecodeString(m[3])
	d.ServerKey, errs[2] = base64.StdEncoding.Strict().DecodeString(m[4])
	switch n := len(d.Verifier.Salt); {
	case errors.Join(errs[:]...) != nil:
		return nil, errors.New("a part of the SCRAM hash is not base64")
	case d.Iterations < minIterations || d.Iterations > maxIterations:
		return nil, fmt.Errorf("a SCRAM hash has %d to %d iterations", minIterations, maxIterations)
	case n > maxSalt:
		return nil, fmt.Errorf("the salt of a SCRAM hash has at most %d octets", maxSalt)
	}
	return &d, nil
}

// scramHasher makes them.
type scramHasher struct{}

// Hash refuses a password that clients would not send: they put it through SASLprep
// first, too. The error does not quote any of it.
func (scramHasher) Hash(password string) (algorithm.Digest, error) {
	prepared, err := stringprep.SASLprep.Prepare(password)
	if err != nil {
		return nil, errors.New("the password holds characters that SCRAM does not allow (SASLprep, RFC 4013): " +
			"unassigned in Unicode 3.2, as emoji are, control characters, or two directions of writing; choose another, or another algorithm")
	}
	if prepared == "" {
		return nil, errors.New("the password is empty when prepared for SCRAM (SASLprep, RFC 4013)")
	}
	salt := make([]byte, scramSalt)
	rand.Read(salt)
	v, err := derive(prepared, salt, scramIterations)
	return &scramDigest{v}, err
}

// derive computes the keys of RFC 5802 section 3.
func derive(prepared string, salt []byte, iterations int) (Verifier, error) {
	salted, err := pbkdf2.Key(sha256.New, prepared, salt, iterations, sha256.Size)
	if err != nil {
		return Verifier{}, err
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	return Verifier{salt, iterations, stored[:], mac(salted, "Server Key")}, nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// MatchAdvanced computes the whole hash also for a password that SASLprep refuses and
// which therefore is nobody's: the time must not tell.
func (d *scramDigest) MatchAdvanced(password string) (bool, error) {
	if p, err := stringprep.SASLprep.Prepare(password); err == nil {
		password = p
	}
	v, err := derive(password, d.Verifier.Salt, d.Iterations)
	return err == nil && hmac.Equal(v.StoredKey, d.StoredKey), err
}

func (d *scramDigest) MatchBytesAdvanced(password []byte) (bool, error) {
	return d.MatchAdvanced(string(password))
}

func (d *scramDigest) Match(password string) bool {
	ok, _ := d.MatchAdvanced(password)
	return ok
}

func (d *scramDigest) MatchBytes(password []byte) bool { return d.Match(string(password)) }
func (d *scramDigest) Key() []byte                     { return d.StoredKey }
func (d *scramDigest) Salt() []byte                    { return d.Verifier.Salt }
func (d *scramDigest) String() string                  { return d.Encode() }

// Encode is the form in the file.
func (d *scramDigest) Encode() string {
	b := base64.StdEncoding.EncodeToString
	return strings.Join([]string{"", "scram-sha-256", strconv.Itoa(d.Iterations), b(d.Verifier.Salt), b(d.StoredKey), b(d.ServerKey)}, "$")
}
