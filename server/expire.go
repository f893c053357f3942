package server

import "time"

// How long mail is kept (EXPIRE, RFC 2449 6.7). What CAPA announces is what happens, and
// it happens where a maildrop is updated anyway, when a session ends by QUIT or goes to a
// discussion group, by the same safe removal (update.go). A session that ends in another
// way removes nothing (R1081-QUIT-3).
//
//	NEVER  Only what the client has marked is removed.
//	n      So are messages that certainly came more than n days ago (mbox.ArrivedBefore
//	       tells what is certain), whether or not they were fetched.
//	0      So are messages that were retrieved whole in this session, RSET or not.
//
// A maildrop that nobody opens keeps its mail. If it cannot be told how old the messages
// are, none is too old.

// AtOnce is Config.Expire for a site that keeps no mail that has been fetched.
const AtOnce = -1

// expired are the messages that are to go though the client has not marked them.
func (d *dialog) expired() (gone marks) {
	switch days := d.config.Expire; {
	case days == AtOnce:
		return d.fetched
	case days > 0:
		old, err := d.drop.ArrivedBefore(time.Now().AddDate(0, 0, -days))
		if err != nil {
			d.log.Error("nothing expires: another program changes the maildrop, or its disk fails", "user", clip(d.name), "err", err)
		}
		for _, i := range old {
			gone.add(i, d.drop.Len())
		}
	}
	return gone
}
