package mbox

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"popper/parser"
)

// The forms of MBOX-1, and what each can mean.
func TestSeparatorTime(t *testing.T) {
	utc := time.Date(2024, time.January, 2, 15, 4, 5, 0, time.UTC)
	const second = time.Second - 1 // it may be at its end
	minute := utc.Add(-5 * time.Second)
	for _, c := range []struct {
		line             string
		earliest, latest time.Time
	}{
		{"From a Tue Jan  2 15:04:05 2024", utc.Add(-east), utc.Add(west + second)},
		{"From a Tue Jan 2 15:04:05 2024", utc.Add(-east), utc.Add(west + second)},
		{"From a Tue Jan 02 15:04:05 2024  ", utc.Add(-east), utc.Add(west + second)},
		{"From Tue Jan  2 15:04:05 2024", utc.Add(-east), utc.Add(west + second)},
		{"From a Tue Jan  2 15:04 2024", minute.Add(-east), minute.Add(west + time.Minute - 1)},
		{"From a Tue Jan  2 15:04:05 2024 +0000", utc, utc.Add(second)},
		{"From a Tue Jan  2 15:04:05 +0100 2024", utc.Add(-time.Hour), utc.Add(-time.Hour + second)},
		{"From a Tue Jan  2 15:04:05 2024 -0330", utc.Add(210 * time.Minute), utc.Add(210*time.Minute + second)},
		{"From a Tue Jan  2 15:04 -0800 2024", minute.Add(8 * time.Hour), minute.Add(8*time.Hour + time.Minute - 1)},
		{"From a Tue Jan  2 15:04:05 2024 +1400", utc.Add(-14 * time.Hour), utc.Add(-14*time.Hour + second)},
		{"From a Tue Jan  2 15:04:05 2024 +1401", utc.Add(-east), utc.Add(west + second)}, // of no place
		{"From a Tue Jan  2 15:04:05 2024 -9959", utc.Add(-east), utc.Add(west + second)},
		{"From a Tue Jan  2 15:04:05 2024 +0099", utc.Add(-east), utc.Add(west + second)},
		{"From a Tue Jan  2 15:04:05 2024 +0060", utc.Add(-east), utc.Add(west + second)},
		{"From a Tue Jan  2 15:04:05 EST 2024", utc.Add(-east), utc.Add(west + second)},
		{"From a Tue Jan  2 15:04:05 MET DST 2024", utc.Add(-east), utc.Add(west + second)},
		{"From a Tue Jan  2 15:04:05 2024 MET  DST", utc.Add(-east), utc.Add(west + second)},
		{"From a Tue Jan  2 15:04:05 +0100 2024 +0200", utc.Add(-east), utc.Add(west + second)}, // which?
		{"From a Tue Jan  2 15:04:05 2024 remote from host", utc.Add(-east), utc.Add(west + second)},
		{"From a Tue Jan  2 15:04:05 2024 +0000 remote from 12:00", utc, utc.Add(second)},
		{"From a Mon Jan  1 10:00:00 2001 Tue Jan  2 15:04:05 2024 +0000", utc, utc.Add(second)}, // an odd sender
		{"From a 12:00 1999 remote from b Tue Jan  2 15:04:05 2024 +0000", utc, utc.Add(second)},
		{"From a Thu Feb 29 00:00:00 2024 +0000", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(2024, 2, 29, 0, 0, 0, 999999999, time.UTC)},
		{"From a Wed Jan  2 15:04:05 2024", time.Time{}, time.Time{}}, // it was a Tuesday
		{"From a Wed Feb 29 00:00:00 2023", time.Time{}, time.Time{}},
		{"From a Tue Jan 39 15:04:05 2024", time.Time{}, time.Time{}},
		{"From a Tue Jan  0 15:04:05 2024", time.Time{}, time.Time{}},
		{"From a Tue Jan  2 24:04:05 2024", time.Time{}, time.Time{}},
		{"From a Tue Jan  2 15:04:60 2024", time.Time{}, time.Time{}},
		{"From a Thu Jan  1 00:00:07 1970", time.Time{}, time.Time{}},
		{"From a Sat Jan  1 00:00:00 0000", time.Time{}, time.Time{}},
	} {
		if !parser.IsSeparator([]byte(c.line)) {
			t.Errorf("%q is no separator line", c.line)
		}
		earliest, latest, ok := separatorTime(c.line)
		if !earliest.Equal(c.earliest) || !latest.Equal(c.latest) || ok == c.latest.IsZero() {
			t.Errorf("%q: %v to %v, %v", c.line, earliest, latest, ok)
		}
	}
}

// refDate is a separator line once more, with a date that is the last thing but a zone.
var refDate = regexp.MustCompile(`^From (?:.* )?(\w{3}) +(\w{3}) +(\d+) +(\d+):(\d\d)(?::(\d\d))?((?: +(?:[A-Za-z]{1,5}(?: +[A-Za-z]{1,5})?|[-+]\d{4}))?) +(\d{4})((?: +(?:[A-Za-z]{1,5}(?: +[A-Za-z]{1,5})?|[-+]\d{4}))?)(?: +remote +from +[!-~]+)? *$`)

// refTime reads it in the obvious way; the result is zero if it is no date.
func refTime(line string) (earliest, latest time.Time) {
	p := refDate.FindStringSubmatch(line)
	number := func(s string) int { n, _ := strconv.Atoi(s); return n }
	month := time.Month(strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", p[2])/3 + 1)
	day, hour, second := number(p[3]), number(p[4]), number(p[6])
	at := time.Date(number(p[8]), month, day, hour, number(p[5]), second, 0, time.UTC)
	if at.Day() != day || hour > 23 || second > 59 || at.Weekday().String()[:3] != p[1] || at.Year() <= 1970 {
		return
	}
	last := at.Add(time.Second - 1)
	if p[6] == "" {
		last = at.Add(time.Minute - 1)
	}
	if zone := strings.TrimSpace(p[7] + p[9]); len(zone) == 5 && strings.ContainsAny(zone[:1], "+-") {
		h, m := number(zone[1:3]), number(zone[3:])
		minutes := h*60 + m
		if zone[0] == '-' {
			minutes = -minutes
		}
		if m < 60 && -12*60 <= minutes && minutes <= 14*60 {
			d := -time.Duration(minutes) * time.Minute
			return at.Add(d), last.Add(d)
		}
	}
	return at.Add(-14 * time.Hour), last.Add(12 * time.Hour)
}

func TestSeparatorTimeGenerated(t *testing.T) {
	dates := 0
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.StringMatching(`( (EST|MET  DST|[A-Za-z]{1,5}|[+-][01][0-9][0-6]0|[+-][0-9]{4}))?`)
		at := time.Unix(rapid.Int64Range(-1e9, 5e9).Draw(t, "at"), 0).UTC()
		date := at.Format(rapid.SampledFrom([]string{"Mon Jan 2 15:04:05", "Mon Jan _2 15:04", "Mon  Jan 02 15:04:05"}).Draw(t, "form"))
		if rapid.IntRange(0, 3).Draw(t, "wild") == 0 {
			date = rapid.StringMatching(`(Mon|Sun) (Jan|Feb) [0-3]?[0-9] [0-2]?[0-9]:[0-5][0-9](:([0-5][0-9]|60))?`).Draw(t, "date")
		}
		line := "From " + rapid.StringMatching(`((a|Mon Jan  1 10:00:00 2001|2001|10:00|remote from|[ -~]{0,9}) ){0,2}`).Draw(t, "sender") +
			date + zone.Draw(t, "zone") + at.Format(" 2006") + zone.Draw(t, "zone behind") +
			rapid.SampledFrom([]string{"", "", " ", " remote from host", "  remote  from 1:2 "}).Draw(t, "end")
		if !parser.IsSeparator([]byte(line)) {
			t.Fatalf("%q is no separator line", line)
		}
		wantE, wantL := refTime(line)
		gotE, gotL, ok := separatorTime(line)
		if !gotE.Equal(wantE) || !gotL.Equal(wantL) || ok == wantL.IsZero() {
			t.Fatalf("%q: %v to %v %v, want %v to %v", line, gotE, gotL, ok, wantE, wantL)
		}
		if ok {
			dates++
		}
	})
	if dates == 0 {
		t.Error("no date")
	}
}

// arrived is a message: when it really came, and what its separator line says.
type arrived struct {
	at   time.Time
	date string
	true bool // it has a date, and it is that one
}

// genArrived draws what programs write that are anywhere on earth, in any form; some have
// a clock that is behind, or write nonsense.
func genArrived(at time.Time) *rapid.Generator[arrived] {
	return rapid.Custom(func(t *rapid.T) arrived {
		offset := rapid.IntRange(-12*4, 14*4).Draw(t, "quarters") * 15 * 60
		local := at.In(time.FixedZone("", offset))
		layout := rapid.SampledFrom([]string{time.ANSIC, "Mon Jan 2 15:04 2006", "Mon Jan _2 15:04:05 -0700 2006",
			"Mon Jan _2 15:04:05 2006 -0700", "Mon Jan _2 15:04:05 MET DST 2006", "Mon Jan _2 15:04:05 2006 IST"}).Draw(t, "layout")
		switch rapid.IntRange(0, 5).Draw(t, "truth") {
		case 0:
			wrong := local.Add(-time.Duration(rapid.IntRange(1, 5000).Draw(t, "hours")) * time.Hour)
			return arrived{at: at, date: wrong.Format(layout)}
		case 1:
			return arrived{at: at, date: rapid.SampledFrom([]string{"Thu Jan  1 00:00:09 1970", "Mon Feb 30 10:00:00 2009", "Sat Jan  1 00:00:00 2089"}).Draw(t, "nonsense")}
		}
		return arrived{at: at, date: local.Format(layout), true: true}
	})
}

// RFC 2449 6.7: no message is taken for older than it is, unless its date says so and no
// date in front speaks against it. What is older by more than a day and a bit is found.
func TestArrivedBeforeGenerated(t *testing.T) {
	path := spool(t, "")
	o := options(path)
	now := time.Now()
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		var list []arrived
		data := ""
		at := now.Add(-time.Duration(rapid.IntRange(1, 600).Draw(t, "age")) * time.Hour)
		for range rapid.IntRange(0, 8).Draw(t, "messages") {
			at = at.Add(time.Duration(rapid.IntRange(0, 100*60).Draw(t, "minutes")) * time.Minute)
			if at.After(now) {
				at = now
			}
			a := genArrived(at).Draw(t, "message")
			list = append(list, a)
			data += "From a " + a.date + rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end") + "Subject: x\n\ntext\n\n"
		}
		write(t, path, data)
		o.block = rapid.IntRange(1, 200).Draw(t, "block")
		limit := now.Add(-time.Duration(rapid.IntRange(0, 500).Draw(t, "limit")) * time.Hour)
		m := open(t, path, o)
		defer m.Close()
		old, err := m.ArrivedBefore(limit)
		if err != nil || !slices.IsSorted(old) {
			t.Fatalf("%v %v", old, err)
		}
		inFront, lied := time.Time{}, false // the last true date so far
		for i, a := range list {
			if a.true {
				inFront = a.at
			}
			is := slices.Contains(old, i)
			if is && !inFront.Before(limit) {
				t.Fatalf("before %v: %d of %v", limit, i, list)
			}
			lied = lied || !a.true
			if a.true && !lied && !is && a.at.Before(limit.Add(-26*time.Hour-time.Minute)) {
				t.Fatalf("before %v: %d of %v not found", limit, i, list)
			}
		}
		found += len(old)
	})
	if found == 0 {
		t.Error("never found anything")
	}
}

// daysAgo is a separator line of so many days ago.
func daysAgo(days int) string { return hoursAgo(24 * days) }

// hoursAgo is one of so many hours ago.
func hoursAgo(hours int) string {
	return "From a " + time.Now().UTC().Add(-time.Duration(hours)*time.Hour).Format("Mon Jan _2 15:04:05 2006 +0000")
}

func TestArrivedBefore(t *testing.T) {
	box := func(lines ...string) (data string) {
		for _, l := range lines {
			data += l + "\nSubject: x\n\ntext\n\n"
		}
		return data
	}
	const dead, never = "From a Sun Jan  1 00:00:09 2012", "From a Thu Jan  1 00:00:09 1970"
	for name, c := range map[string]struct {
		data string
		want []int
	}{
		"none":                    {"", nil},
		"future":                  {box(daysAgo(-2), daysAgo(-1)), nil},
		"in order":                {box(daysAgo(40), daysAgo(31), daysAgo(29), daysAgo(1)), []int{0, 1}},
		"clock was behind":        {box(daysAgo(40), daysAgo(3), dead, daysAgo(2)), []int{0}},
		"clock was never set":     {box(never, daysAgo(40), never, daysAgo(31)), []int{1, 3}},
		"moved into the spool":    {box(daysAgo(1), daysAgo(400)), nil},
		"clock was ahead":         {box(daysAgo(40), daysAgo(-400), daysAgo(39), daysAgo(2)), []int{0, 2}},
		"quoted a separator line": {box(daysAgo(5)) + dead + "\nis what it said\n", nil},
		// The machine that delivers is an hour ahead of the one that asks.
		"quoted by one that is ahead": {box(hoursAgo(-1)) + dead + "\nis what it said\n", nil},
		"residual: nothing before":    {box(dead, daysAgo(40), daysAgo(2)), []int{0, 1}},
	} {
		path := spool(t, c.data)
		m := open(t, path, options(path))
		got, err := m.ArrivedBefore(time.Now().AddDate(0, 0, -30))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, c.want)
		}
		if got, err = m.ArrivedBefore(time.Now().AddDate(1, 0, 0)); err != nil || slices.ContainsFunc(got, func(i int) bool {
			_, latest, ok := separatorTime(strings.SplitN(c.data[m.msgs[i].start:], "\n", 2)[0])
			return !ok || latest.After(time.Now())
		}) {
			t.Errorf("%s: before a time in the future: %v %v", name, got, err)
		}
		if got, err = m.ArrivedBefore(time.Time{}); err != nil || len(got) > 0 {
			t.Errorf("%s: before all time: %v %v", name, got, err)
		}
	}
	m := Empty()
	if old, err := m.ArrivedBefore(time.Now()); err != nil || old != nil {
		t.Errorf("empty: %v %v", old, err)
	}
}

// UPD-3: a date that somebody has changed since the scan is not believed.
func TestArrivedBeforeChanged(t *testing.T) {
	path := spool(t, daysAgo(1)+"\n\ntext\n\n")
	m := open(t, path, options(path))
	rewrite(t, path, daysAgo(1)[7:17], daysAgo(91)[7:17])
	if old, err := m.ArrivedBefore(time.Now().AddDate(0, 0, -30)); !errors.Is(err, ErrChanged) || old != nil {
		t.Errorf("%v %v", old, err)
	}
}

// What is read is what is old, and a block more.
func TestArrivedBeforeReads(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "%s\nSubject: %d\n\ntext\n\n", daysAgo((1000-i)/10), i)
	}
	path := spool(t, b.String())
	o := options(path)
	o.block = 4096
	m := open(t, path, o)
	f := &faulty{file: m.f, left: 1 << 20}
	m.f = f
	old, err := m.ArrivedBefore(time.Now().AddDate(0, 0, -90))
	last := len(old)
	if err != nil || last < 50 || last > 150 {
		t.Fatalf("%d old, %v", last, err)
	}
	if blocks := int(m.msgs[last].start)/o.block + 1; len(f.calls) > blocks+1 {
		t.Errorf("%d reads, want %d: %v", len(f.calls), blocks, f.calls)
	}
}
