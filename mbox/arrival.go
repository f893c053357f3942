package mbox

import (
	"strings"
	"time"
)

// When did a message arrive? What there is to go by is the date on its separator line,
// written by the program that delivered it. Mail is removed because of it (EXPIRE,
// RFC 2449 6.7), so a message may be taken for younger than it is, never for older. What
// EXPIRE announces is the least time that mail is kept, and this keeps the promise.
//
// The question asked is therefore not when, but whether certainly before a time:
//
//	zone      Only a number ("+0100") says which hour of the world a clock shows. Most
//	          programs write local time without a zone, of their machine and not
//	          necessarily of ours; qmail writes universal time; and names of zones (IST) mean
//	          several. Such a clock is taken for that of the last place on earth that reaches it,
//	          12 h west of Greenwich. So these messages are kept up to 26 h longer, and
//	          neither summer time nor a change of this machine's zone can do harm.
//	fraction  A clock that shows a second or a minute may be at the end of it.
//	nonsense  A day that the month does not have, or that is another day of the week; an hour
//	          above 23, a leap second; the year 1970 and before, where a clock begins that was never set:
//	          such a line has no date, and its message has just arrived.
//	future    So has one whose date is more than a day to come. (Less is the clock of
//	          another machine, which is a little ahead: its mail is young, and has a date.)
//	order     Mail is appended. So no message arrived before those that stand in front
//	          of it: it counts as arrived with the youngest of them. This protects mail
//	          delivered while a clock was behind, old mail that its owner moves into the
//	          spool again, and the rest of a message that quotes a separator line.
//
// By that order, old mail stands in front, and the question is decided at the first message
// that is not old: what is read is what is to be removed, and a little more.
//
// Residual risks: where no message is in front that has the true date, one that was delivered
// under a clock that was behind, or was moved into the spool with an old date, counts
// as old as it says; whoever moves mail back into a spool that expires should know.
// If this machine's clock is ahead when the question is asked, all mail is
// older by that much. In a spool that was sorted the other way round, mail expires late.

// ArrivedBefore returns which messages certainly arrived before that time, in ascending
// order; a time in the future stands for the present one. ErrChanged and the system's
// errors are as for Stream.Next: then none is returned.
func (m *Maildrop) ArrivedBefore(t time.Time) ([]int, error) {
	w := newWindow(m)
	defer w.free()
	now := time.Now()
	if t.After(now) {
		t = now
	}
	var old []int
	for i, row := range m.msgs {
		line, err := w.line(row.start, row.start+row.sep())
		if err != nil {
			return nil, err
		}
		earliest, latest, ok := separatorTime(string(line))
		switch {
		case !ok || earliest.After(now.Add(ahead)):
			// It has just arrived, and says nothing of those behind it.
		case !latest.Before(t):
			return old, nil
		default:
			old = append(old, i)
		}
	}
	return old, nil
}

// ahead is how far the clock of a machine that delivers may be before this one's.
const ahead = 24 * time.Hour

// The last and the first place on earth that a clock's hour reaches.
const (
	west = 12 * time.Hour // behind universal time
	east = 14 * time.Hour // before it
)

// separatorTime reads the date of a separator line, without its line end: the earliest
// and the latest instant that it can mean. It is false if there is none.
func separatorTime(line string) (earliest, latest time.Time, ok bool) {
	d := cutDate(line)
	layout, more := "Mon Jan 2 15:04:05 2006", time.Second-1
	if strings.Count(d.clock, ":") == 1 {
		layout, more = "Mon Jan 2 15:04 2006", time.Minute-1
	}
	at, err := time.Parse(layout, strings.Join([]string{d.weekday, d.month, d.day, d.clock, d.year}, " "))
	if err != nil || at.Weekday().String()[:3] != d.weekday || at.Year() <= 1970 {
		return
	}
	if offset, ok := zoneOffset(d.zone); ok {
		at = at.Add(-offset)
		return at, at.Add(more), true
	}
	return at.Add(-east), at.Add(west + more), true
}

// zoneOffset is how far a zone is before universal time, if it is a number, and that of
// some place.
func zoneOffset(zone string) (time.Duration, bool) {
	if len(zone) != 5 || zone[3] > '5' { // Parse lets 60 minutes pass
		return 0, false
	}
	at, err := time.Parse("-0700", zone)
	if err != nil {
		return 0, false
	}
	_, seconds := at.Zone()
	offset := time.Duration(seconds) * time.Second
	return offset, -west <= offset && offset <= east
}

// date is the words of a date in a separator line.
type date struct {
	weekday, month, day, clock, year string
	zone                             string // if it is one word
}

// cutDate finds the date of a separator line (grammar/mbox.popper has its forms) from
// the line's end: before it, the sender can look like another one.
func cutDate(line string) (d date) {
	rest := line
	take := func() (word string) {
		rest = strings.TrimRight(rest, " ")
		k := strings.LastIndexByte(rest, ' ') + 1
		rest, word = rest[:k], rest[k:]
		return word
	}
	take() // perhaps the host of "remote from host"
	if take() != "from" || take() != "remote" {
		rest = line
	}
	var zones []string
	takeUntil := func(is func(word string) bool) (word string) {
		for word = take(); word != "" && !is(word); word = take() {
			zones = append(zones, word)
		}
		return word
	}
	d.year = takeUntil(isYear)
	d.clock = takeUntil(isClock)
	d.day, d.month, d.weekday = take(), take(), take()
	if len(zones) == 1 {
		d.zone = zones[0]
	}
	return d
}

func isYear(word string) bool { return len(word) == 4 && word[0] >= '0' && word[0] <= '9' }

func isClock(word string) bool { return strings.IndexByte(word, ':') > 0 }
