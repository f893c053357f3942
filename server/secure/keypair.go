package secure

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"popper/server/adminfile"
)

// KeyPair is a certificate with its chain, and its private key, as two files hold them.
// It implements server.Security. Its methods may be called by many goroutines at one time.
//
// The files are read again when they have changed; handshakes look. Programs that
// renew a certificate write one file after the other, and some write in place, so that a
// handshake may find a certificate with the key of another, or half a file. Such a state
// is reported, once, and the last good one serves on until it is whole. A session keeps
// the certificate that it began with.
//
// Residual risk: a key that leaked and was removed goes on serving, until its file is
// replaced by another or popper is restarted.
type KeyPair struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time // replaced by tests

	serving atomic.Pointer[generation]

	mu       sync.Mutex
	looked   time.Time // when a handshake last looked at the files
	seen     state     // of the files when they were last read and found good
	read     time.Time // when that was
	told     complaint // the last one in the log
	reminded reminder  // the last one in the log
}

// complaint is about one state of the files, which must not fill the log.
type complaint struct {
	state state
	text  string
}

// Open reads the PEM files certFile, a certificate and the intermediate ones that lead
// from it to an authority, in that order, and keyFile, its private key. keyFile may be
// the same file; "" means that. What is doubtful but can be served, and later trouble, goes
// to log.
func Open(certFile, keyFile string, log *slog.Logger) (*KeyPair, error) {
	return open(&KeyPair{certFile: certFile, keyFile: keyFile, log: log, now: time.Now})
}

// open is the rest of Open; tests put in a clock of their own.
func open(p *KeyPair) (*KeyPair, error) {
	if p.keyFile == "" {
		p.keyFile = p.certFile
	}
	if err := p.Reload(); err != nil {
		return nil, err
	}
	return p, nil
}

// Reload reads the files now, changed or not. If they cannot be used, the error tells
// why, and what served before serves on.
func (p *KeyPair) Reload() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looked = p.now()
	if err := p.loadLocked(); err != nil {
		p.told = complaint{p.stat(), err.Error()}
		return err
	}
	p.remindLocked()
	return nil
}

// current is what to serve to a handshake that comes now. One handshake looks at the
// files; those that come meanwhile do not wait for it.
func (p *KeyPair) current() *generation {
	if p.mu.TryLock() {
		defer p.mu.Unlock()
		p.lookLocked()
	}
	return p.serving.Load()
}

func (p *KeyPair) lookLocked() {
	now := p.now()
	if since := now.Sub(p.looked); 0 <= since && since < lookEvery {
		return
	}
	p.looked = now
	if now := p.stat(); now != p.seen || !p.settledLocked() {
		if err := p.loadLocked(); err != nil {
			p.complainLocked(complaint{now, err.Error()})
		}
	}
	p.remindLocked()
}

func (p *KeyPair) complainLocked(c complaint) {
	if c == p.told {
		return
	}
	p.told = c
	p.log.Error("the certificate and key cannot be used as they are now; the last good ones serve on", "error", c.text)
}

// loadLocked reads the files and, if all is well, takes them into use.
func (p *KeyPair) loadLocked() error {
	read := p.now()
	g, seen, err := p.readPair()
	if err != nil {
		return err // and what is seen stays: the next handshake tries again, for the fault may pass (no free descriptor)
	}
	p.seen, p.read, p.told = seen, read, complaint{}
	old := p.serving.Load()
	if old != nil && old.digest == g.digest {
		return nil
	}
	p.serving.Store(g)
	if old != nil { // under inetd, each connection has a first one
		p.log.Info("another certificate is in use", "file", p.certFile,
			"serial", g.leaf.SerialNumber.Text(16), "names", g.leaf.DNSNames, "until", g.until)
	}
	g.doubts(p.certFile, p.log)
	return nil
}

// state is what tells one state of the two files from another.
type state struct{ cert, key adminfile.Identity }

// stat looks at the files without reading them.
func (p *KeyPair) stat() state {
	return state{identify(p.certFile), identify(p.keyFile)}
}

// identify follows links: programs that renew a certificate change where they lead.
func identify(path string) adminfile.Identity {
	var st syscall.Stat_t
	if syscall.Stat(path, &st) != nil {
		return adminfile.Identity{}
	}
	return adminfile.IdentityOf(&st)
}

// settledLocked tells whether the files were old enough when they were read for their
// times to betray any later change.
func (p *KeyPair) settledLocked() bool {
	return p.seen.cert.Settled(p.read) && p.seen.key.Settled(p.read)
}
