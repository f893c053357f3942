package secure

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"popper/server/adminfile"
	"popper/server/secure/securetest"
)

// renewal is a key pair in use, and a second to take its place.
type renewal struct {
	*fixture
	old, fresh *securetest.Pair
	dir        string
}

func renew(t *testing.T) *renewal {
	t.Helper()
	r := &renewal{old: securetest.New(t, securetest.Options{}), fresh: securetest.New(t, securetest.Options{}), dir: t.TempDir()}
	certFile, keyFile := r.old.Write(t, r.dir)
	var err error
	if r.fixture, err = openAt(certFile, keyFile, time.Hour); err != nil { // the files have rested
		t.Fatal(err)
	}
	r.log.reset()
	return r
}

// wants checks who is served a second later.
func (r *renewal) wants(t *testing.T, when string, cert *securetest.Pair) {
	t.Helper()
	if !r.served().Equal(cert.Cert) {
		t.Errorf("%s: the other certificate is served", when)
	}
}

// over writes a file and renames it over another.
func over(t testing.TB, path string, data []byte, mode os.FileMode) {
	t.Helper()
	write(t, path+".new", data, mode)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestReload(t *testing.T) {
	for name, put := range map[string]func(testing.TB, string, []byte, os.FileMode){"in place": write, "renamed": over} {
		t.Run(name, func(t *testing.T) {
			r := renew(t)
			r.wants(t, "nothing changed", r.old)
			put(t, r.certFile, r.fresh.CertPEM(), 0o644)
			put(t, r.keyFile, r.fresh.KeyPEM(t), 0o600)
			if !r.current().leaf.Equal(r.old.Cert) {
				t.Error("looked at within the same second")
			}
			r.wants(t, "changed", r.fresh)
			client, _, err := r.shake(t, r.fresh.Client())
			if err != nil || !client.ConnectionState().PeerCertificates[0].Equal(r.fresh.Cert) {
				t.Errorf("a client gets another: %v", err)
			}
			if r.log.count("level=INFO") != 1 || r.log.count("level=") != 1 {
				t.Errorf("the log: %s", r.log)
			}
		})
	}
}

// Between the two files of a renewal, the old pair serves on; there is one complaint about
// each state, however many handshakes come, and none when it is whole.
func TestReloadBetween(t *testing.T) {
	for _, keyFirst := range []bool{false, true} {
		r := renew(t)
		first := func() { write(t, r.certFile, r.fresh.CertPEM(), 0o644) }
		second := func() { write(t, r.keyFile, r.fresh.KeyPEM(t), 0o600) }
		if keyFirst {
			first, second = second, first
		}
		first()
		for range 9 {
			r.wants(t, "between", r.old)
		}
		if _, _, err := r.shake(t, r.old.Client()); err != nil {
			t.Error(err)
		}
		if r.log.count("level=ERROR") != 1 || r.log.count("is not the key of the certificate") != 1 {
			t.Errorf("the log: %s", r.log)
		}
		second()
		r.wants(t, "whole", r.fresh)
		if r.log.count("level=ERROR") != 1 || r.log.count("level=INFO") != 1 {
			t.Errorf("the log: %s", r.log)
		}
	}
}

// Each file, cut at various places, missing, or closed: the last good pair serves on until
// it is mended, without a restart.
func TestReloadBroken(t *testing.T) {
	r := renew(t)
	cert, key := r.fresh.CertPEM(), r.fresh.KeyPEM(t)
	breaks := map[string]func(){
		"empty certificate": func() { write(t, r.certFile, nil, 0o644) },
		"half certificate":  func() { write(t, r.certFile, cert[:len(cert)/2], 0o644) },
		"empty key":         func() { write(t, r.keyFile, nil, 0o600) },
		"half key":          func() { write(t, r.keyFile, key[:len(key)/2], 0o600) },
		"open key":          func() { write(t, r.keyFile, key, 0o604) },
		"garbage":           func() { write(t, r.certFile, bytes.Repeat([]byte("\x00\xff-----BEGIN "), 99), 0o644) },
		"damaged":           func() { write(t, r.certFile, bytes.Replace(cert, []byte("MII"), []byte("MIJ"), 1), 0o644) },
		"no certificate":    func() { os.Remove(r.certFile) },
		"no key":            func() { os.Remove(r.keyFile) },
		"neither":           func() { os.Remove(r.keyFile); os.Remove(r.certFile) },
		"a directory":       func() { os.Remove(r.keyFile); os.Mkdir(r.keyFile, 0o700) },
		"huge":              func() { os.Truncate(r.certFile, maxFile+1) },
	}
	for name, breakIt := range breaks {
		r.log.reset()
		breakIt()
		for range 3 {
			r.wants(t, name, r.old)
		}
		if r.log.count("level=ERROR") != 1 || r.log.count("level=") != 1 {
			t.Errorf("%s: the log: %s", name, r.log)
		}
		if strings.Contains(r.log.String(), string(key[40:60])) {
			t.Errorf("%s: the key is in the log", name)
		}
		os.Remove(r.keyFile)
		write(t, r.certFile, cert, 0o644)
		write(t, r.keyFile, key, 0o600)
		r.wants(t, "mended after "+name, r.fresh)
		r.old, r.fresh = r.fresh, r.old
		cert, key = r.fresh.CertPEM(), r.fresh.KeyPEM(t)
	}
}

// The same fault is told again if all was well between.
func TestReloadBrokenAgain(t *testing.T) {
	r := renew(t)
	for range 2 {
		if err := os.Rename(r.keyFile, r.keyFile+".away"); err != nil {
			t.Fatal(err)
		}
		r.wants(t, "away", r.old)
		if err := os.Rename(r.keyFile+".away", r.keyFile); err != nil {
			t.Fatal(err)
		}
		r.wants(t, "back", r.old)
	}
	if r.log.count("level=ERROR") != 2 || r.log.count("level=INFO") != 0 {
		t.Errorf("the log: %s", r.log)
	}
}

// certbot's links change where they lead; one by one, and each is away for a moment.
func TestReloadLinks(t *testing.T) {
	r := renew(t)
	live := t.TempDir()
	link := func(name, to string) {
		path := filepath.Join(live, name)
		os.Remove(path)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
	link("fullchain.pem", r.certFile)
	link("privkey.pem", r.keyFile)
	x, err := openAt(live+"/fullchain.pem", live+"/privkey.pem", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r.fixture = x
	certFile, keyFile := r.fresh.Write(t, t.TempDir())
	link("privkey.pem", keyFile)
	r.wants(t, "one link", r.old)
	os.Remove(live + "/fullchain.pem")
	r.wants(t, "a link away", r.old)
	link("fullchain.pem", certFile)
	r.wants(t, "both links", r.fresh)
}

// A change in the tick in which the files were read leaves their times as they were; the
// files are read again until both are old enough for their times to be believed.
func TestReloadWithinTick(t *testing.T) {
	for _, c := range []struct {
		cert, key time.Duration // their ages when they were read
		rereads   bool
	}{
		{adminfile.SettledAge, time.Hour, true},
		{time.Hour, adminfile.SettledAge, true},
		{-time.Hour, time.Hour, true}, // by a clock that is wrong
		{adminfile.SettledAge + 1, adminfile.SettledAge + 1, false},
	} {
		r := renew(t)
		r.read = time.Unix(1<<30, 0)
		aged := func(age time.Duration) adminfile.Identity {
			return adminfile.IdentityOf(&syscall.Stat_t{Ctim: syscall.NsecToTimespec(r.read.Add(-age).UnixNano())})
		}
		r.seen = state{aged(c.cert), aged(c.key)}
		if r.settledLocked() == c.rereads {
			t.Errorf("%v, %v: read again: %v", c.cert, c.key, !c.rereads)
		}
	}
	r := renew(t)
	r.fresh.Write(t, r.dir)
	r.seen, r.read = r.stat(), time.Now() // as if this were a later change in the same tick
	r.wants(t, "read within the tick", r.fresh)
	r.old.Write(t, r.dir)
	r.seen, r.read = r.stat(), time.Now().Add(time.Hour)
	r.wants(t, "its times unchanged, and old enough", r.fresh)
}

// A young pair is read again each second, but told of once.
func TestReloadYoungIsQuiet(t *testing.T) {
	r := renew(t)
	r.fresh.Write(t, r.dir)
	for range 5 {
		r.wants(t, "young", r.fresh)
		r.read = time.Now().Add(-time.Hour)
	}
	if r.log.count("level=") != 1 {
		t.Errorf("the log: %s", r.log)
	}
}

// Reload does not wait for the second, and says what is wrong.
func TestReloadNow(t *testing.T) {
	r := renew(t)
	r.fresh.Write(t, r.dir)
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if !r.current().leaf.Equal(r.fresh.Cert) {
		t.Error("not taken into use")
	}
	r.log.reset()
	write(t, r.keyFile, nil, 0o600)
	if err := r.Reload(); err == nil || !strings.Contains(err.Error(), "no private key in it") {
		t.Errorf("%v", err)
	}
	r.wants(t, "after a failed Reload", r.fresh)
	if r.log.count("level=") != 0 { // who called it was told
		t.Errorf("the log: %s", r.log)
	}
}

// A session that has begun goes on with its keys.
func TestReloadWithinSession(t *testing.T) {
	r := renew(t)
	client, c, err := r.shake(t, r.old.Client())
	if err != nil {
		t.Fatal(err)
	}
	r.fresh.Write(t, r.dir)
	r.wants(t, "reloaded", r.fresh)
	go client.Write([]byte("NOOP\r\n"))
	if n, err := c.Read(make([]byte, 99)); n != 6 || err != nil {
		t.Errorf("%d octets, %v", n, err)
	}
}

// While renewals come one after the other, every handshake gets one whole pair.
func TestReloadConcurrently(t *testing.T) {
	r := renew(t)
	var clients sync.WaitGroup
	stop := make(chan struct{})
	errs := make(chan error, 4)
	config := &tls.Config{InsecureSkipVerify: true} // the key is proved all the same
	for range cap(errs) {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r.pass(lookEvery)
				there, done := r.start(t.Context())
				err := tls.Client(there, config).Handshake()
				if s := <-done; err != nil || s.err != nil {
					errs <- fmt.Errorf("client %v, server %v", err, s.err)
					return
				}
				there.Close()
			}
		})
	}
	for range 50 {
		r.fresh.Write(t, r.dir)
		r.old, r.fresh = r.fresh, r.old
		r.current()
	}
	close(stop)
	clients.Wait()
	select {
	case err := <-errs:
		t.Error(err)
	default:
	}
	r.wants(t, "in the end", r.old)
}
