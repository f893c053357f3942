package server

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"popper/mbox"
	"popper/parser"
)

// User accepts every name: its reply does not tell which exist (R1081-USER-1,
// R1081-USER-2).
func (d *dialog) User(c *parser.Command) outcome {
	d.name = string(c.Name)
	return done("send your password")
}

// pseudonym is the name by which somebody logs in whom nobody knows (R1082-ANON-1).
const pseudonym = "anonymous"

// Pass authenticates and opens the maildrop (R1081-PASS-1, R1081-PASS-2,
// R1081-PASS-3).
func (d *dialog) Pass(c *parser.Command) outcome {
	if d.config.Guests != nil && strings.EqualFold(d.name, pseudonym) {
		return d.admitGuest()
	}
	var account Account
	err := d.inTurn(func() (err error) {
		account, err = d.config.Accounts.Authenticate(d.ctx, d.name, c.Secret)
		return err
	})
	return d.judge(account, err)
}

// judge makes the reply of what a source of accounts says.
func (d *dialog) judge(account Account, err error) outcome {
	switch {
	case errors.Is(err, ErrDenied):
		return d.denied(err)
	case err != nil && d.ctx.Err() != nil:
		return refusal("[SYS/TEMP] the session was cut") // which the client will hardly see
	case err != nil:
		d.log.Error("login not possible: the account source fails", "claimed", clip(d.name), "err", err)
		return refusal("[SYS/TEMP] service unavailable: accounts cannot be checked now, wait and try again")
	}
	return d.admit(account)
}

// admit opens the maildrop of somebody who has proved who he is.
func (d *dialog) admit(account Account) outcome {
	d.known.Store(true)
	if account.Name != "" {
		d.name = account.Name
	}
	return d.open(account.Maildrop)
}

// admitGuest gives an empty maildrop to a client from a host that may have one,
// whatever the password (R1082-ANON-1). A guest can still be pushed out (room.go).
func (d *dialog) admitGuest() outcome {
	if !d.config.Guests(d.peer.Addr()) {
		return d.denied(ErrDenied)
	}
	d.anonymous, d.drop = true, mbox.Empty()
	d.log.Info("login", "user", clip(d.name), "messages", 0, "octets", 0)
	return done("maildrop has 0 messages (0 octets)")
}

// denied counts a failed login, and lets it cost its time; too many end the session
// (BERK-AUTH-1). err may tell the administrator more than the client may know.
func (d *dialog) denied(err error) outcome {
	d.failures++
	attrs := []any{"claimed", clip(d.name), "failures", d.failures}
	if why, more := strings.CutPrefix(err.Error(), ErrDenied.Error()+": "); more {
		attrs = append(attrs, "why", why)
	}
	d.log.Warn("login failed: wrong name or password", attrs...)
	o := refusal("[AUTH] wrong name or password")
	if d.failures >= d.config.LoginFailures {
		o.end = "too many failed logins"
	}
	d.pause(d.config.FailurePause)
	return o
}

// pause waits, or until the session is cut.
func (d *dialog) pause(t time.Duration) {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.ctx.Done():
	}
}

// open locks and scans the maildrop (R1081-PASS-2). Its trouble is no failed
// login (R1081-PASS-3): the client may try again.
func (d *dialog) open(path string) outcome {
	drop, err := mbox.Open(path, d.options())
	if err != nil {
		t := openTrouble(err)
		d.log.Log(context.Background(), t.level, "maildrop cannot be opened: "+t.advice,
			"user", clip(d.name), "maildrop", path, "err", err)
		return refusal(t.client)
	}
	d.drop = drop
	d.total()
	d.log.Info("login", "user", clip(d.name), "messages", d.count, "octets", d.octets)
	return done("maildrop has %d messages (%d octets)", d.count, d.octets)
}

// trouble is what an error of mbox.Open means to the client and to the
// administrator.
type trouble struct {
	err    error
	level  slog.Level
	client string
	advice string
}

var openTroubles = []trouble{
	{mbox.ErrInUse, slog.LevelWarn, "[IN-USE] maildrop is locked by another session, wait and try again",
		"another session holds it; wait for its end"},
	{mbox.ErrLocked, slog.LevelWarn, "[IN-USE] maildrop is locked by another program, wait and try again",
		"a delivery agent or mail reader holds its lock; if none runs, remove the lock file"},
	{mbox.ErrTooSoon, slog.LevelInfo, "[LOGIN-DELAY] wait before the next login",
		"the client comes more often than the least time between logins allows"},
	{mbox.ErrCanceled, slog.LevelInfo, "[SYS/TEMP] the session was cut",
		"the session was cut while it waited for a lock"},
	{mbox.ErrNotMailbox, slog.LevelError, "[SYS/PERM] service unavailable: maildrop is not a mailbox, ask the administrator",
		"it is not an mbox file; move it away or repair its first line"},
	{fs.ErrPermission, slog.LevelError, "[SYS/PERM] service unavailable: maildrop may not be opened, ask the administrator",
		"give this server's user or group the permission to read and write the file and its directory"},
}

func openTrouble(err error) trouble {
	for _, t := range openTroubles {
		if errors.Is(err, t.err) {
			return t
		}
	}
	return trouble{err, slog.LevelError, "[SYS/TEMP] service unavailable: maildrop cannot be opened now, wait and try again",
		"check the disk, the maildrop setting and the state directory"}
}

// Rpop believes the client's host, if the administrator has said so: that it is who
// it seems, that none but its superuser may use ports below 1024, and that its user
// of that name may read the mail of the one whom USER named (R1081-RPOP-1).
func (d *dialog) Rpop(c *parser.Command) outcome {
	if d.peer.Port() == 0 || d.peer.Port() >= firstFreePort || !d.config.Trusted(d.peer, string(c.Name), d.name) {
		return d.denied(ErrDenied)
	}
	return d.judge(d.config.Accounts.(Directory).Lookup(d.ctx, d.name))
}

// firstFreePort is the first port that every user of a Unix host may use.
const firstFreePort = 1024
