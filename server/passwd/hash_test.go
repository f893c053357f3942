package passwd

import (
	"os/exec"
	"strings"
	"testing"
)

// Made by crypt(3) of libxcrypt 4.4.33; argon2id from the tests of its
// reference implementation. None by the library that is tested.
var vectors = []struct{ name, secret, hash string }{
	{"yescrypt, 16 MiB", "correct horse battery", "$y$j9T$abcdefghijklmnop$F7kfVk.oOhV81K9PnQ5GcZ31QaSOFBtNI3Y3euDcm9C"},
	{"yescrypt, 1 MiB", "correct horse battery", "$y$j75$abcdefghijklmnop$nV.iR3BaEQ7YCde0cPPwjq87psdEdo5Atjf2l7oW1m2"},
	{"yescrypt, odd salt, 8-bit password", "\xc3\xbc p\xff", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$59Bxy9R0jac6cKyO753StzjwOQX/3Gi6mrkMWvIP4a4"},
	{"sha512", "correct horse battery", "$6$saltsalt$G9wFFnnUFCPffgjGaIp8t6onbqx3zGbMIn93ecLfBFGJpBV3/0HPLZ17qYbjb.WJDtXbmuMlQ9NnvzVms5ZXj."},
	{"sha512 with rounds", "correct horse battery", "$6$rounds=10000$saltsalt$mzUvCpH0sXZlEWWkXrTETC123GYpA7yRzr3qia9U1TuoJ4UshCSprOeng4p7I8/SzbJ7D0KQbHEQzDHXHtCwB."},
	{"sha256", "correct horse battery", "$5$saltsalt$lJBntEo62mus/ovk43htFvkabtoMEkzjosQqenAm4h8"},
	{"bcrypt b", "correct horse battery", "$2b$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo."},
	{"bcrypt y", "correct horse battery", "$2y$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo."},
	{"bcrypt a", "correct horse battery", "$2a$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo."},
	{"argon2id", "password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"},
	{"bcrypt at its length limit", strings.Repeat("x", 72), "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		d, err := decode(v.hash)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if ok, err := d.MatchBytesAdvanced([]byte(v.secret)); !ok || err != nil {
			t.Errorf("%s: the right password gives %v, %v", v.name, ok, err)
		}
		for _, wrong := range []string{"", "!" + v.secret, v.secret[:len(v.secret)-1], strings.ToUpper(v.secret) + "!"} {
			if ok, _ := d.MatchBytesAdvanced([]byte(wrong)); ok {
				t.Errorf("%s: %q is let in", v.name, wrong)
			}
		}
	}
}

func TestRefusedHashes(t *testing.T) {
	yes := strings.Repeat("a", 43)
	for _, hash := range []string{
		"", "secret", "{PLAIN}secret", "$plaintext$secret", "$0$secret",
		"x", "$", "$y$", "$6$", "$6$salt$", "$6$salt$short",
		"$1$salt$qJH7.N4xYta3aEG/dfqo/0", // md5
		"$y$kFT$abcdefghijklmnop$" + yes, // another flavour
		"$y$jFTX$abcdefghijklmnop$" + yes,
		"$y$jzz$abcdefghijklmnop$" + yes, // 2^64 blocks
		"$y$j9T$$" + yes,                 // no salt
		"$5$rounds=999999999$saltsalt$" + yes,
		"$5$rounds=10$saltsalt$" + yes,
		"$2x$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
		"$2b$31$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$" + yes,
		"$argon2id$v=19$m=0,t=0,p=0$c2FsdHNhbHQ$" + yes,
		"$argon2i$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$" + yes,
	} {
		_, err := decode(hash)
		if err == nil {
			t.Errorf("%q is accepted", hash)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows what may be a password: %v", err)
		}
	}
}

func TestLocked(t *testing.T) {
	for _, hash := range []string{"!", "*", "!!", "!" + vectors[0].hash} {
		if d, err := decode(hash); d != nil || err != nil {
			t.Errorf("%q: %v, %v; want locked", hash, d, err)
		}
	}
}

// What Hash makes is verified by popper and by crypt(3), so that a file can
// move to and from other programs.
func TestHash(t *testing.T) {
	if got := Algorithms(); strings.Join(got, " ") != "yescrypt sha512 bcrypt argon2id scram-sha-256" || got[0] != DefaultAlgorithm {
		t.Errorf("Algorithms: %v", got)
	}
	const password = "two  words "
	salts := map[string]bool{}
	for _, a := range Algorithms() {
		h, err := Hash(a, []byte(password))
		if err != nil {
			t.Errorf("%s: %v", a, err)
			continue
		}
		d, err := decode(h)
		if err != nil {
			t.Errorf("%s makes what is not accepted: %v", a, err)
			continue
		}
		if !d.MatchBytes([]byte(password)) {
			t.Errorf("%s: %s does not verify", a, h)
		}
		if salts[string(d.Salt())] || len(d.Salt()) < 12 {
			t.Errorf("%s: salt %x", a, d.Salt())
		}
		salts[string(d.Salt())] = true
		if other := crypt(t, password, h); other != "" && other != h {
			t.Errorf("%s: popper %s, crypt(3) %s", a, h, other)
		}
	}
}

// crypt is crypt(3), or "" where it is not at hand or does not know the algorithm.
func crypt(t *testing.T, password, hash string) string {
	out, err := exec.Command("perl", "-e", `print crypt($ARGV[0], $ARGV[1])`, password, hash).Output()
	if err != nil || len(out) == 0 || out[0] == '*' {
		t.Logf("no crypt(3) for %.9s", hash)
		return ""
	}
	return string(out)
}

func TestHashRefuses(t *testing.T) {
	for _, c := range []struct{ algorithm, secret, want string }{
		{"sha256", "x", "no algorithm"},
		{"md5", "x", "no algorithm"},
		{"bcrypt", "", "empty"},
		{"bcrypt", strings.Repeat("x", 73), "72"},
		{"sha512", strings.Repeat("x", maxSecret+1), "PASS"},
		{"sha512", "a\nb", "line end"},
		{"sha512", "a\x00b", "NUL"},
	} {
		if h, err := Hash(c.algorithm, []byte(c.secret)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Hash(%s, %.9q…) = %q, %v; want an error with %q", c.algorithm, c.secret, h, err, c.want)
		}
	}
	if err := checkSecret("sha512", []byte(strings.Repeat("x", maxSecret))); err != nil {
		t.Errorf("the longest password: %v", err)
	}
}
