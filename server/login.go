package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"popper/mbox"
	"popper/parser"
)

// User accepts every name: its reply does not tell which exist (R1081-USER-1,
// R1081-USER-2).
func (d *dialog) User(c *parser.Command) outcome {
	d.name = string(c.Name)
	return done("send your password")
}

// Pass authenticates and opens the maildrop (R1081-PASS-1 to 3).
func (d *dialog) Pass(c *parser.Command) outcome {
	account, err := d.config.Accounts.Authenticate(d.ctx, d.name, c.Secret)
	switch {
	case errors.Is(err, ErrDenied):
		return d.denied()
	case err != nil && d.ctx.Err() != nil:
		return refusal("[SYS/TEMP] the session was cut") // which the client will hardly see
	case err != nil:
		d.log.Error("login not possible: the account source fails", "claimed", clip(d.name), "err", err)
		return refusal("[SYS/TEMP] accounts cannot be checked now, try again later")
	}
	d.known.Store(true)
	if account.Name != "" {
		d.name = account.Name
	}
	return d.open(account.Maildrop)
}

// denied counts a failed login; too many end the session (BERK-AUTH-1).
func (d *dialog) denied() outcome {
	d.failures++
	d.log.Warn("login failed: wrong name or password", "claimed", clip(d.name), "failures", d.failures)
	o := refusal("[AUTH] wrong name or password")
	if d.failures >= d.config.LoginFailures {
		o.end = "too many failed logins"
	}
	return o
}

// open locks and scans the maildrop (R1081-PASS-2). Its trouble is no failed
// login (R1081-PASS-3): the client may try again.
func (d *dialog) open(path string) outcome {
	options := d.config.Maildrop
	options.Cancel = d.ctx.Done()
	options.Warn = func(msg string, args ...any) {
		d.log.Warn(msg, append([]any{"user", clip(d.name)}, args...)...)
	}
	drop, err := mbox.Open(path, options)
	if err != nil {
		t := openTrouble(err)
		d.log.Log(context.Background(), t.level, "maildrop cannot be opened: "+t.advice,
			"user", clip(d.name), "maildrop", path, "err", err)
		return refusal(t.client)
	}
	d.drop = drop
	d.total()
	d.log.Info("login", "user", clip(d.name), "messages", d.count, "octets", d.octets)
	return done(fmt.Sprintf("maildrop has %d messages (%d octets)", d.count, d.octets))
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
	{mbox.ErrInUse, slog.LevelWarn, "[IN-USE] maildrop is in use by another session",
		"another session holds it; wait for its end"},
	{mbox.ErrLocked, slog.LevelWarn, "[IN-USE] maildrop is locked by another program, try again",
		"a delivery agent or mail reader holds its lock; if none runs, remove the lock file"},
	{mbox.ErrCanceled, slog.LevelInfo, "[SYS/TEMP] the session was cut",
		"the session was cut while it waited for a lock"},
	{mbox.ErrNotMailbox, slog.LevelError, "[SYS/PERM] maildrop is not a mailbox, ask the administrator",
		"it is not an mbox file; move it away or repair its first line"},
	{fs.ErrPermission, slog.LevelError, "[SYS/PERM] maildrop may not be opened, ask the administrator",
		"give this server's user or group the permission to read and write the file and its directory"},
}

func openTrouble(err error) trouble {
	for _, t := range openTroubles {
		if errors.Is(err, t.err) {
			return t
		}
	}
	return trouble{err, slog.LevelError, "[SYS/TEMP] maildrop cannot be opened now, try again later",
		"check the disk, the maildrop setting and the state directory"}
}

// Rpop is refused: no host is trusted (R1081-RPOP-1 is off unless configured).
func (d *dialog) Rpop(*parser.Command) outcome {
	return refusal("RPOP is not offered here, use PASS")
}
