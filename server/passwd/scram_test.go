package passwd

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The user "user" with the password "pencil" of RFC 7677 section 3.
const pencil = "$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=$wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

var decoyKey = bytes.Repeat([]byte{7}, 32)

func TestSCRAMVerifier(t *testing.T) {
	d, err := decode(pencil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Encode() != pencil {
		t.Errorf("encoded again: %s", d.Encode())
	}
	for password, want := range map[string]bool{
		"pencil": true, "pen\u00ADcil": true, // SASLprep drops the soft hyphen, RFC 4013 section 3
		"Pencil": false, "pencil ": false, "": false, "pencil\x07": false, "pencil\xff": false,
	} {
		if got, err := d.MatchBytesAdvanced([]byte(password)); got != want || err != nil {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
}

func TestSCRAMHashRefused(t *testing.T) {
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	salt := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for _, c := range []struct {
		iterations, salt, stored, server string
		want                             bool
	}{
		{"4096", salt(1), key, key, true},
		{"10000000", salt(64), key, key, true},
		{"4095", salt(16), key, key, false},
		{"10000001", salt(16), key, key, false},
		{"04096", salt(16), key, key, false},
		{"4096", "", key, key, false},
		{"4096", salt(65), key, key, false},
		{"4096", "AAA", key, key, false},
		{"4096", salt(16), key[:40], key, false},
		{"4096", salt(16), key, key[:43] + "A", false},
		{"4096", salt(16), key[:42] + "B=", key, false}, // bits that are no part of any octet
	} {
		_, err := decode(fmt.Sprintf("$scram-sha-256$%s$%s$%s$%s", c.iterations, c.salt, c.stored, c.server))
		if (err == nil) != c.want {
			t.Errorf("%v: %v", c, err)
		}
	}
	// Of SCRAM with SHA-1 nothing is known.
	if _, err := decode(strings.Replace(pencil, "256", "1", 1)); err == nil {
		t.Error("scram-sha-1 is accepted")
	}
}

// Passwords that a client's SASLprep refuses are refused when set, and not quoted.
func TestSCRAMPasswordRefused(t *testing.T) {
	for _, password := range []string{"bell\x07rings", "\xffoctets", "smile\U0001F600", "\u0627\u0031", "\u00AD"} {
		h, err := Hash("scram-sha-256", []byte(password))
		if err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%q: %s, %v", password, h, err)
		}
	}
	if _, err := Hash("scram-sha-256", []byte("pass wörd ")); err != nil {
		t.Error(err)
	}
}

func TestSCRAMKnown(t *testing.T) {
	x := open(t, "ann:"+pencil+":/mail/a\nbob:"+secretBcrypt+"\nlocked:!"+pencil+"\n")
	if !x.HasSCRAM() {
		t.Error("ann's is not seen")
	}
	v, a, known := x.SCRAM("ann", decoyKey)
	if !known || a.Name != "ann" || a.Maildrop != "/mail/a" || v.Iterations != 4096 || len(v.Salt) != 16 {
		t.Errorf("ann: %v %v %v", v, a, known)
	}
	if ok, _ := x.login(t, "ann", "pencil"); !ok {
		t.Error("PASS does not take ann's password")
	}
	for _, name := range []string{"bob", "locked", "nobody", ""} {
		d, a, known := x.SCRAM(name, decoyKey)
		if known || a.Name != "" || d.Iterations != 4096 || len(d.Salt) != 16 || bytes.Equal(d.Salt, v.Salt) || bytes.Equal(d.StoredKey, v.StoredKey) {
			t.Errorf("%s: %v %v %v", name, d, a, known)
		}
	}
	x.write(t, "ann:!"+pencil+"\nbob:"+secretBcrypt+"\n")
	if x.HasSCRAM() {
		t.Error("locked accounts count")
	}
}

// A decoy is the same at each try and in each process, after a change of the file too,
// and not the same for two names or under two keys.
func TestSCRAMDecoy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		one, err := parse("f", []byte("ann:"+pencil+"\n"), pattern)
		if err != nil {
			t.Fatal(err)
		}
		two, err := parse("f", []byte("bob:"+secretBcrypt+"\ncarl:"+pencil+"\nann:"+pencil+"\n"), pattern)
		if err != nil {
			t.Fatal(err)
		}
		v := one.scramDecoy(name, decoyKey)
		if w := two.scramDecoy(name, decoyKey); !bytes.Equal(v.Salt, w.Salt) || v.Iterations != w.Iterations {
			t.Fatal("a change of the file shows")
		}
		if bytes.Equal(v.Salt, one.scramDecoy(name+"x", decoyKey).Salt) || bytes.Equal(v.Salt, one.scramDecoy(name, decoyKey[1:]).Salt) {
			t.Fatal("the salt depends on name and key")
		}
	})
}

// Decoys have the iterations and salts of users, in their proportion.
func TestSCRAMDecoyShapes(t *testing.T) {
	other := strings.Replace(strings.Replace(pencil, "4096", "9999", 1), "W22ZaJ0SNY7soEsUEjb6gQ==", "AAAA", 1)
	x := open(t, "ann:"+pencil+"\nbob:"+other+"\n")
	seen := map[shape]int{}
	for i := range 200 {
		v, _, _ := x.SCRAM(fmt.Sprint("nobody", i), decoyKey)
		seen[shape{v.Iterations, len(v.Salt)}]++
	}
	if a, b := seen[shape{4096, 16}], seen[shape{9999, 3}]; a < 60 || b < 60 || a+b != 200 {
		t.Errorf("shapes: %v", seen)
	}
}
