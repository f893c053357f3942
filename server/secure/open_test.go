package secure

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"popper/server/secure/securetest"
)

// Every fault of the files is told with what mends it.
func TestOpenFaults(t *testing.T) {
	cert, other := securetest.New(t, securetest.Options{}), securetest.New(t, securetest.Options{})
	root := securetest.New(t, securetest.Options{Name: "Root", Authority: true})
	signed := securetest.New(t, securetest.Options{Signer: root})
	c, k := string(cert.CertPEM()), string(cert.KeyPEM(t))
	for name, f := range map[string]struct {
		cert, key         string
		certMode, keyMode os.FileMode // 0: no such file
		want              string
	}{
		"fits":                  {c, k, 0o644, 0o600, ""},
		"key of the group":      {c, k, 0o644, 0o660, ""},
		"text around":           {"Bag Attributes\n" + c + "end", "\n\n" + k, 0o644, 0o600, ""},
		"open key":              {c, k, 0o644, 0o604, "chmod o-rw KEY"},
		"writable key":          {c, k, 0o644, 0o602, "chmod o-rw KEY"},
		"writable certificate":  {c, k, 0o646, 0o600, "chmod o-w CERT"},
		"key in it, open":       {c + k, k, 0o644, 0o600, "chmod o-rw CERT"},
		"key in it, closed":     {c + k, k, 0o640, 0o600, ""},
		"other key":             {c, string(other.KeyPEM(t)), 0o644, 0o600, "KEY is not the key of the certificate in CERT"},
		"exchanged":             {k, c, 0o600, 0o600, "CERT: no certificate in it, but a private key: are the two files exchanged?"},
		"two certificates":      {c, c, 0o644, 0o600, "KEY: no private key in it, but a certificate"},
		"exchanged, open":       {k, c, 0o600, 0o644, "CERT: no certificate in it, but a private key: are the two files exchanged?"},
		"two open certificates": {c, c, 0o644, 0o644, "KEY: no private key in it, but a certificate"},
		"empty key":             {c, "", 0o644, 0o600, "KEY: no private key in it; it should be PEM"},
		"empty certificate":     {"", k, 0o644, 0o600, "CERT: no certificate in it; it should be PEM"},
		"DER":                   {string(cert.Cert.Raw), k, 0o644, 0o600, "CERT: no certificate in it; it should be PEM"},
		"no key":                {c, "", 0o644, 0, "KEY: no such file"},
		"no certificate":        {"", k, 0, 0o600, "CERT: no such file"},
		"not the first":         {string(root.CertPEM()) + string(signed.CertPEM()), string(signed.KeyPEM(t)), 0o644, 0o600, "CERT: the certificate of the key is number 2; it must be the first"},
		"locked key":            {c, strings.ReplaceAll(k, "PRIVATE", "ENCRYPTED PRIVATE"), 0o644, 0o600, "openssl pkey -in KEY"},
		"locked key, old style": {c, strings.Replace(k, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1), 0o644, 0o600, "passphrase"},
		"damaged key":           {c, "-----BEGIN PRIVATE KEY-----\nMTIz\n-----END PRIVATE KEY-----\n", 0o644, 0o600, "KEY is not the key"},
		"damaged certificate":   {c + "-----BEGIN CERTIFICATE-----\nMTIz\n-----END CERTIFICATE-----\n", k, 0o644, 0o600, "CERT: certificate number 2: "},
		"large":                 {c + strings.Repeat("#", maxFile), k, 0o644, 0o600, "CERT: larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
			if f.certMode != 0 {
				write(t, certFile, []byte(f.cert), f.certMode)
			}
			if f.keyMode != 0 {
				write(t, keyFile, []byte(f.key), f.keyMode)
			}
			p, err := Open(certFile, keyFile, slog.New(slog.DiscardHandler))
			want := strings.NewReplacer("CERT", certFile, "KEY", keyFile).Replace(f.want)
			switch {
			case (p == nil) == (err == nil):
				t.Errorf("%v, %v", p, err)
			case (err == nil) != (want == ""), err != nil && !strings.Contains(err.Error(), want):
				t.Errorf("error %v, want %q", err, want)
			case err != nil && strings.Contains(err.Error(), strings.Split(k, "\n")[1]):
				t.Errorf("the key is in the error: %v", err)
			}
		})
	}
}

// The key's file was forgotten: that is what is wrong, and not that everybody may read the
// certificate.
func TestOpenKeyForgotten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fullchain.pem")
	write(t, path, securetest.New(t, securetest.Options{}).CertPEM(), 0o644)
	_, err := Open(path, "", slog.New(slog.DiscardHandler))
	if want := path + ": a certificate is in it, but not its private key"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

// Certificate and key may be in one file, of every kind of key and every way to write it.
func TestOpenOneFile(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	params := []byte("-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n")
	for name, c := range map[string]struct {
		cert *securetest.Pair
		key  []byte
	}{
		"SEC 1":   {securetest.New(t, securetest.Options{Key: ec}), append(params, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})...)},
		"PKCS #1": {securetest.New(t, securetest.Options{Key: rs}), pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rs)})},
	} {
		path := filepath.Join(t.TempDir(), "pem")
		write(t, path, append(c.cert.CertPEM(), c.key...), 0o600)
		for _, keyFile := range []string{path, ""} {
			x, err := openAt(path, keyFile, 0)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if _, _, err := x.shake(t, c.cert.Client()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		write(t, path, append(c.key, c.cert.CertPEM()...), 0o644)
		if _, err := openAt(path, "", 0); err == nil || !strings.Contains(err.Error(), "chmod o-rw "+path) {
			t.Errorf("%s, open to all: %v", name, err)
		}
	}
}

// asNobody runs f as a user with no rights of its own: where the tests run as root, in a
// thread whose file system user is another.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		const nobody = 65534
		if _, err := unix.SetfsgidRetGid(nobody); err != nil {
			t.Error(err)
		}
		if _, err := unix.SetfsuidRetUid(nobody); err != nil {
			t.Error(err)
		}
		f()
	}()
	<-done
}

// The error names the file or directory in the way, as certbot leaves them.
func TestOpenPermission(t *testing.T) {
	base, err := os.MkdirTemp("/tmp", "popper-secure") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	live, archive := filepath.Join(base, "live"), filepath.Join(base, "archive")
	for _, dir := range []string{live, archive} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	certFile, keyFile := securetest.New(t, securetest.Options{}).Write(t, archive)
	for name, to := range map[string]string{"cert.pem": "../archive/cert.pem", "key.pem": keyFile} {
		if err := os.Symlink(to, filepath.Join(live, name)); err != nil {
			t.Fatal(err)
		}
	}
	mode := func(path string, m os.FileMode) {
		if err := os.Chmod(path, m); err != nil {
			t.Fatal(err)
		}
	}
	fails := func(want string) {
		t.Helper()
		asNobody(t, func() {
			_, err := Open(live+"/cert.pem", live+"/key.pem", slog.New(slog.DiscardHandler))
			if !errors.Is(err, fs.ErrPermission) || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
	mode(base, 0o755)
	mode(keyFile, 0)
	fails("chgrp GROUP " + keyFile + "; chmod g+r " + keyFile)
	mode(certFile, 0)
	fails("chgrp GROUP " + certFile + "; chmod g+r " + certFile)
	mode(archive, 0o600)
	fails("chgrp GROUP " + archive + "; chmod g+x " + archive)
	mode(live, 0)
	fails("chgrp GROUP " + live + "; chmod g+x " + live)
	mode(live, 0o700)
	mode(archive, 0o700)
}

// A link that leads to itself has an end.
func TestOpenLoop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink(path, path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, path, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it has a certificate")
	}
	contains(t, "advice", admit(path), path)
}

const day = 24 * time.Hour

// What clients refuse for its time is served, and warned of once a day.
func TestExpiry(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		from, until time.Duration // from now
		want        string
	}{
		"new":                       {-time.Hour, 90 * day, ""},
		"15 days left":              {-75 * day, 15 * day, ""},
		"13 days left":              {-77 * day, 13 * day, "level=WARN msg=\"the certificate, or one of its chain, expires soon"},
		"a short one, half left":    {-3 * day, 3 * day, ""},
		"a short one, a day left":   {-5 * day, day, "expires soon"},
		"expired":                   {-90 * day, -time.Hour, "level=ERROR msg=\"the certificate, or one of its chain, has expired"},
		"not yet":                   {time.Hour, 90 * day, "level=WARN msg=\"the certificate is not valid yet"},
		"not yet, and not for long": {time.Hour, 2 * time.Hour, "not valid yet"},
	} {
		t.Run(name, func(t *testing.T) {
			cert := securetest.New(t, securetest.Options{From: now.Add(c.from), Until: now.Add(c.until)})
			x := serve(t, cert)
			want := 0
			if c.want != "" {
				want = 1
				contains(t, "log", x.log.String(), c.want)
			}
			for range 9 {
				x.current()
				x.pass(lookEvery)
			}
			if got := x.log.count("from="); got != want && now.Add(-20*time.Second).Day() == now.Add(20*time.Second).Day() {
				t.Errorf("%d lines, want %d: %s", got, want, x.log)
			}
			config := cert.Client()
			config.Time = func() time.Time { return cert.Cert.NotBefore }
			if _, _, err := x.shake(t, config); err != nil {
				t.Errorf("not served: %v", err)
			}
		})
	}
}

// Each day has its warning, and each certificate.
func TestExpiryEachDay(t *testing.T) {
	cert := securetest.New(t, securetest.Options{From: time.Now().Add(-80 * day), Until: time.Now().Add(10 * day)})
	x := serve(t, cert)
	for n := 2; n < 20; n++ {
		x.pass(day)
		x.current()
		if got := x.log.count("from="); got != n {
			t.Fatalf("day %d: %d lines: %s", n, got, x.log)
		}
	}
	contains(t, "log", x.log.String(), "expires soon", "has expired")
	soon := securetest.New(t, securetest.Options{From: time.Now(), Until: time.Now().Add(19 * day)})
	soon.Write(t, filepath.Dir(x.certFile))
	x.log.reset()
	x.pass(lookEvery)
	if !x.current().leaf.Equal(soon.Cert) || x.log.count("from=") != 1 {
		t.Errorf("another on the same day: %s", x.log)
	}
	fresh := securetest.New(t, securetest.Options{Until: time.Now().Add(900 * day)})
	fresh.Write(t, filepath.Dir(x.certFile))
	x.log.reset()
	x.pass(day)
	if !x.current().leaf.Equal(fresh.Cert) || x.log.count("from=") != 0 {
		t.Errorf("renewed: %s", x.log)
	}
}

// A chain is as old as the oldest of it.
func TestExpiryOfChain(t *testing.T) {
	root := securetest.New(t, securetest.Options{Name: "Root", Authority: true})
	middle := securetest.New(t, securetest.Options{Name: "Middle", Authority: true, Signer: root, Until: time.Now().Add(-time.Minute)})
	contains(t, "log", serve(t, securetest.New(t, securetest.Options{Signer: middle})).log.String(), "has expired")
	middle = securetest.New(t, securetest.Options{Name: "Middle", Authority: true, Signer: root, From: time.Now().Add(time.Hour)})
	contains(t, "log", serve(t, securetest.New(t, securetest.Options{Signer: middle})).log.String(), "not valid yet")
}

// What may not please clients is served, with a warning.
func TestDoubts(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	root := securetest.New(t, securetest.Options{Name: "Root", Authority: true})
	middle := securetest.New(t, securetest.Options{Name: "Middle", Authority: true, Signer: root})
	leaf := securetest.New(t, securetest.Options{Signer: middle})
	join := func(pairs ...*securetest.Pair) (b []byte) {
		for _, p := range pairs {
			b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Cert.Raw})...)
		}
		return b
	}
	for name, c := range map[string]struct {
		cert *securetest.Pair
		file []byte
		want string
	}{
		"self-signed":     {root, join(root), ""},
		"whole":           {leaf, join(leaf, middle), ""},
		"with its root":   {leaf, join(leaf, middle, root), ""},
		"leaf only":       {leaf, join(leaf), "use fullchain.pem"},
		"without middle":  {leaf, join(leaf, root), "not in order"},
		"turned":          {leaf, join(leaf, root, middle), "not in order"},
		"twice":           {leaf, join(leaf, leaf, middle), "not in order"},
		"a stranger last": {leaf, join(leaf, middle, securetest.New(t, securetest.Options{})), "not in order"},
		"small":           {securetest.New(t, securetest.Options{Key: small}), nil, "so small an RSA key"},
	} {
		dir := t.TempDir()
		certFile, keyFile := c.cert.Write(t, dir)
		if c.file != nil {
			write(t, certFile, c.file, 0o644)
		}
		x, err := openAt(certFile, keyFile, 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if warned := x.log.count("level=WARN"); (warned == 0) != (c.want == "") || warned > 1 {
			t.Errorf("%s: %s", name, x.log)
		}
		contains(t, name, x.log.String(), c.want)
		if name == "whole" {
			if _, _, err := x.shake(t, leaf.Client()); err != nil {
				t.Error(err)
			}
		}
	}
}
