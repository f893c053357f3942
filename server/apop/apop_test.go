package apop

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"popper/server"
)

// RFC 1939 section 7.
const (
	stamp  = "<1896.697170952@dbc.mtview.ca.us>"
	digest = "c4c9334bac560ecc979e58001b3e22fb"
)

// directory knows all users but those in it.
type directory map[string]error

func (d directory) Lookup(_ context.Context, name string) (server.Account, error) {
	if err, ok := d[name]; ok {
		return server.Account{}, err
	}
	return server.Account{Name: name, Maildrop: "/var/mail/" + name}, nil
}

type fixture struct {
	*File
	path string
	log  bytes.Buffer
}

func open(t testing.TB, text string, users directory) *fixture {
	t.Helper()
	x := &fixture{path: filepath.Join(t.TempDir(), "apop")}
	x.write(t, text)
	f, err := Open(x.path, users, slog.New(slog.NewTextHandler(&x.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	x.File = f
	return x
}

func (x *fixture) write(t testing.TB, text string) {
	t.Helper()
	if err := os.WriteFile(x.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func hash(text string) string { return fmt.Sprintf("%x", md5.Sum([]byte(text))) }

func TestCheck(t *testing.T) {
	trouble := errors.New("trouble")
	x := open(t, "# secrets\n\nmrose:tanstaaf\nann: a:b \r\nlocked:tanstaaf\ntroubled:tanstaaf\n",
		directory{"locked": server.ErrDenied, "troubled": trouble})
	for _, c := range []struct {
		name, stamp, digest string
		want                error
	}{
		{"mrose", stamp, digest, nil},
		{"mrose", stamp, strings.ToUpper(digest), nil},
		{"ann", stamp, hash(stamp + " a:b "), nil},
		{"mrose", stamp + " ", digest, server.ErrDenied},
		{"mrose", "", digest, server.ErrDenied},
		{"mrose", stamp, "", server.ErrDenied},
		{"mrose", stamp, digest[:30], server.ErrDenied},
		{"mrose", stamp, digest + "00", server.ErrDenied},
		{"mrose", stamp, digest[:31] + "x", server.ErrDenied},
		{"mrose", stamp, strings.Repeat("0", 32), server.ErrDenied},
		{"mrose", stamp, hash(stamp), server.ErrDenied},
		{"Mrose", stamp, digest, server.ErrDenied},
		{"nobody", stamp, digest, server.ErrDenied},
		{"nobody", stamp, hash(stamp), server.ErrDenied},
		{"nobody", stamp, hash(stamp + "the decoy's secret"), server.ErrDenied},
		{"", stamp, hash(stamp), server.ErrDenied},
		{"locked", stamp, digest, server.ErrDenied},
		{"troubled", stamp, digest, trouble},
		{"troubled", stamp, hash("x"), server.ErrDenied},
	} {
		a, err := x.Check(t.Context(), c.name, c.stamp, []byte(c.digest))
		if err != c.want || (a.Name == c.name && c.name != "") != (c.want == nil) {
			t.Errorf("%v: %v, %v", c, a, err)
		}
	}
}

func TestOneBitIsEnough(t *testing.T) {
	x := open(t, "mrose:tanstaaf", nil)
	rapid.Check(t, func(t *rapid.T) {
		d := []byte(digest)
		d[rapid.IntRange(0, len(d)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		_, err := x.Check(context.Background(), "mrose", stamp, d)
		if same := strings.EqualFold(string(d), digest); (err == nil) != same {
			t.Fatalf("%s: %v", d, err)
		}
	})
}

func TestBadLines(t *testing.T) {
	for line, want := range map[string]string{
		"mrose":                                "user:secret",
		":tanstaaf":                            "no user name",
		"../mrose:tanstaaf":                    "dot",
		"mrose:":                               "empty secret",
		"mrose:tan\tstaaf":                     "control character",
		"mrose:tanstaaf\nmrose:tanstaaf":       "a line above",
		"mrose:" + strings.Repeat("tans", 257): "1024",
	} {
		_, err := parse("/f", []byte("\n"+line))
		if err == nil || !strings.HasPrefix(err.Error(), "/f:") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "tans") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// The file is read again when it changes; a bad state is reported without secrets, and
// the last good one serves on.
func TestReread(t *testing.T) {
	x := open(t, "mrose:tanstaaf\n", nil)
	in := func(secret string) bool {
		_, err := x.Check(t.Context(), "mrose", stamp, []byte(hash(stamp+secret)))
		return err == nil
	}
	x.write(t, "mrose:tanstaag\n")
	if !in("tanstaag") || in("tanstaaf") {
		t.Error("the old secret is still in use")
	}
	x.write(t, "tanstaah")
	for range 3 {
		if !in("tanstaag") {
			t.Error("a broken file locks mrose out")
		}
	}
	if l := x.log.String(); strings.Count(l, "level=ERROR") != 1 || strings.Contains(l, "tans") {
		t.Error(l)
	}
	if !x.HasSecrets() {
		t.Error("none?")
	}
	x.write(t, "# none\n")
	if x.HasSecrets() {
		t.Error("an empty file has secrets")
	}
}

func TestModes(t *testing.T) {
	x := open(t, "mrose:tanstaaf\n", nil)
	for mode, want := range map[os.FileMode]string{0o600: "", 0o640: "", 0o644: "chmod go-w,o-r", 0o604: "chmod", 0o620: "chmod", 0o602: "chmod"} {
		if err := os.Chmod(x.path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Open(x.path, nil, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if _, err := Open(x.path+"x", nil, nil); err == nil || !strings.Contains(err.Error(), "user:secret") {
		t.Errorf("no file: %v", err)
	}
}

// A digest that is none is not taken for the octets before its fault.
func TestHalfADigest(t *testing.T) {
	secret := 0
	for !strings.HasSuffix(hash(fmt.Sprint(stamp, secret)), "00") {
		secret++
	}
	x := open(t, fmt.Sprint("mrose:", secret), nil)
	good := hash(fmt.Sprint(stamp, secret))
	for _, end := range []string{"00", "0x", "x0", "  "} {
		if _, err := x.Check(t.Context(), "mrose", stamp, []byte(good[:30]+end)); (err == nil) != (end == "00") {
			t.Errorf("%s: %v", end, err)
		}
	}
}
