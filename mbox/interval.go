package mbox

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The interval between two sessions' beginnings (LOGIN-DELAY, RFC 2449 6.5). Servers
// that are started once for each client, and those that are restarted, must know when
// another one opened the maildrop, so it is kept where all of them look anyway and only
// one at a time: in the time of modification of the session lock file.
//
// That time alone says nothing. A lock file is made, and so has a time, also when Open
// then fails, for a Shared Open, and where no interval was set. So whoever notes a
// beginning makes the file one octet long (of a hole: this needs no room, and works on a
// full disk), and the time of an empty one does not count. Nothing else changes the file
// or its time: not the lock, not a refusal, not the end of a session.
//
// The time is that of Open's success, which is no later than the client's knowing of it:
// who waits as long as he was told is let in. A time in the future is from a clock that
// was wrong then or is wrong now. It keeps nobody out, and is replaced by the present one.
//
// Residual risk: a clock that jumps ahead ends all intervals. Nothing is synced, so after
// a power cut a session may begin too early. Whoever can write the state directory can
// also touch the file: that is popper's own user alone (session.go).

// intervalMark is the length in octets of a lock file whose time counts.
const intervalMark = 1

// checkInterval tells whether it is too soon for another session. The session lock is held.
func (m *Maildrop) checkInterval() error {
	interval := m.options.interval()
	if interval == 0 {
		return nil
	}
	fi, err := m.session.Stat()
	if err != nil || fi.Size() < intervalMark {
		return err
	}
	past := time.Since(fi.ModTime())
	if past < 0 || past >= interval {
		return nil
	}
	return &TooSoonError{Path: m.path, Wait: interval - past}
}

// beginInterval notes that a session begins. That it could not is no reason to refuse
// the user his mail.
func (m *Maildrop) beginInterval() {
	if m.options.interval() == 0 {
		return
	}
	now := time.Now()
	err := m.session.Truncate(intervalMark)
	if err == nil {
		err = setTimes(m.session, now)
	}
	if err != nil {
		m.warn("the time between two logins cannot be enforced: the session lock file does not take the time of this one; "+
			"if popper has run as another user, give it all files of the state directory (chown)",
			"file", m.session.Name(), "err", err)
	}
}

// interval is Interval where it concerns Open, or 0.
func (o Options) interval() time.Duration {
	if o.Shared {
		return 0
	}
	return max(o.Interval, 0)
}

// setTimes sets the times of an open file. Its name is not asked for: another file could
// have it by now.
func setTimes(f *os.File, at time.Time) error {
	fd, ns := int(f.Fd()), at.UnixNano()
	ts := unix.NsecToTimespec(ns)
	err := unix.UtimesNanoAt(fd, "", []unix.Timespec{ts, ts}, unix.AT_EMPTY_PATH)
	if errors.Is(err, unix.EINVAL) { // before Linux 5.8
		tv := unix.NsecToTimeval(ns)
		err = unix.Futimes(fd, []unix.Timeval{tv, tv})
	}
	return err
}
