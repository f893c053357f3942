package server

import (
	"errors"

	"popper/parser"
	"popper/server/spoolfile"
)

// XtndXmit: BERK-XMIT-1. The message is asked for, and sent when it is whole.
func (d *dialog) XtndXmit(*parser.Command) outcome {
	if d.anonymous {
		return refusal("[SYS/PERM] who is not known cannot send mail")
	}
	o := done("send the message, and end it with a line of one dot")
	o.intake = &transmission{dialog: d, limit: d.config.MaxContent}
	return o
}

// transmission is the intake of XTND XMIT. Once something has gone wrong it only
// waits for the end, and then says what.
type transmission struct {
	dialog *dialog
	limit  int64
	held   spoolfile.File
	size   int64 // octets that came
	err    error // what kept one from being held
}

func (t *transmission) Write(b []byte) (int, error) {
	t.size += int64(len(b))
	if t.err == nil && t.size <= t.limit {
		_, t.err = t.held.Write(b)
	}
	return len(b), nil
}

func (t *transmission) close() { _ = t.held.Close() }

func (t *transmission) done() outcome {
	d := t.dialog
	switch {
	case t.size > t.limit: // BERK-XMIT-3
		d.log.Warn("message not sent: too long; the limit is a setting", "user", clip(d.name), "octets", t.size, "limit", t.limit)
		return refusal("[SYS/PERM] message has %d octets, and %d are allowed", t.size, t.limit)
	case t.err != nil:
		d.log.Error("message not sent: it cannot be held", "user", clip(d.name), "octets", t.size, "err", t.err)
		return refusal("[SYS/TEMP] message cannot be held now, try again later")
	}
	err := d.config.Submission.Submit(d.ctx, d.name, t.held.Reader(), t.size)
	if err != nil {
		d.log.Error("message not sent: see err for what mends it", "user", clip(d.name), "octets", t.size, "err", err)
		return submitTrouble(err)
	}
	d.log.Info("message sent", "user", clip(d.name), "octets", t.size)
	return done("message accepted")
}

// submitTrouble is what the client may know of an error of Submission.
func submitTrouble(err error) outcome {
	var r *Refusal
	switch {
	case !errors.As(err, &r):
		return refusal("[SYS/TEMP] mail cannot be sent now, try again later")
	case r.Temporary:
		return refusal("[SYS/TEMP] message not sent: %s", r.Reason)
	}
	return refusal("message not sent: %s", r.Reason)
}
