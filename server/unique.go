package server

import (
	"errors"

	"popper/parser"
)

// UIDL (R1939-UIDL-1) has to read every message of which no index knows the unique-id: in
// the first session with a maildrop that has grown for years, all of it. Mail programs do not
// wait that long for the first octet of a reply: Thunderbird gives up after 110 seconds, and
// Outlook, as it is installed, after 60; and then they come back, and all begins anew.
//
// So the ids are made in steps of uniqueStep octets, and what is known leaves before the
// next step begins. That cannot send a wrong id, for an id is made of one message and of
// those before it, of octets that were compared with what was scanned at login. What it
// gives up is the proper refusal, in part: if the first step fails the reply is -ERR; if a later one
// does, it is too late for that, and the connection ends without the final dot, which is
// how POP3 says that a listing is not whole. The maildrop of which one step is enough, and
// that which an index knows, answers as if there were no steps.
//
// Residual risk: one message of many gigabytes is one step; and UIDL with a number cannot
// say anything before it has read all messages up to that number.

// errLater is what a source returns whose next octets take time: what is pending leaves
// before they are made.
var errLater = errors.New("more is to come, but takes time")

// Uidl: R1939-UIDL-1.
func (d *dialog) Uidl(c *parser.Command) outcome {
	i, one := 0, c.Has(parser.ArgMessage)
	if one {
		var ok bool
		if i, ok = d.index(c); !ok {
			return noSuchMessage()
		}
	}
	ids, err := d.drop.SomeUniqueIDs(d.config.step)
	for one && err == nil && len(ids) <= i {
		ids, err = d.drop.SomeUniqueIDs(d.config.step)
	}
	if err != nil {
		d.log.Error("unique ids cannot be made: another program changes the maildrop, or its disk fails",
			"user", clip(d.name), "err", err)
		return refusal("[SYS/TEMP] maildrop cannot be read or has changed, log in again")
	}
	if one {
		return outcome{ok: true, line: parser.AppendUniqueListing(nil, c.Message, ids[i])}
	}
	o := done("unique ids follow")
	o.body = &listing{
		dialog: d,
		ready:  len(ids),
		prepare: func() (ready int, err error) {
			ids, err = d.drop.SomeUniqueIDs(d.config.step)
			return len(ids), err
		},
		line: func(dst []byte, i int) []byte {
			return parser.AppendUniqueListingLine(dst, uint64(i)+1, ids[i])
		},
	}
	return o
}
