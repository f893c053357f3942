package server

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// Model-checked sessions: random commands, deliveries, pauses, ends and new
// sessions on one maildrop, each reply compared with a model made of slices and
// maps, and after each session the file with what the model says it holds. Time
// is virtual.

// letter is a message of the model.
type letter struct {
	raw     string // its part of the mbox file
	content string // what RETR must give, before stuffing
	uid     string // what UIDL gave, once it did
}

// world is the model, and the session that is compared with it.
type world struct {
	t    *rapid.T
	s    *site
	p    *client
	file []*letter // what the mbox file holds

	state    string // "new", "named", "in", "group", or "" when there is no session
	good     bool   // USER named the account that exists
	failures int
	began    time.Time
	mail     []*letter // what this session sees
	deleted  map[int]bool
	accessed int // in this session
	last     int // what earlier sessions left
	serial   int
	club     *club // the one discussion group
	news     []*letter
	stamp    string // the greeting's
	private  bool
}

// R1081-LINE-3, R1081-LINE-4, R1081-USER-1, R1081-PASS-1, R1081-NUM-1, R1081-SIZE-1,
// R1081-STAT-1, R1081-LIST-1, R1081-RETR-1, R1081-RETR-3, R1081-DELE-1, R1081-LAST-1,
// R1081-RSET-1, R1081-TOP-1, R1081-STATE-1, R1081-QUIT-1, R1081-QUIT-2, R1081-QUIT-3,
// UPD-2, R1082-BB-1, R1082-BB-2, R1082-BB-3, BERK-XMIT-1, BERK-XLST-1, R1939-UIDL-1,
// R1939-TIME-1.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		// rapid stops a test by a panic, which must reach it on its own goroutine.
		var stop any
		synctest.Test(t, func(t *testing.T) {
			w := &world{t: rt}
			w.s = newSite(t, "", w.found)
			defer func() { stop = recover() }()
			defer w.leave()
			rt.Repeat(rapid.StateMachineActions(w))
		})
		switch {
		case fmt.Sprintf("%T", stop) == "rapid.invalidData":
			panic(stop) // not a failure; rapid tells panics apart by their lines
		case stop != nil:
			panic(stop)
		}
	})
}

// found gives the server a group with three messages.
func (w *world) found(c *Config) {
	w.club = &club{info: GroupInfo{Name: "news", Maxima: 40, Maildrop: c.Accounts.(people)["mrose"] + ".news"}, mail: []uint64{7, 8, 40}}
	text := ""
	for _, s := range []string{"seven", "eight", "forty"} {
		content := "Subject: " + s + "\n\n.\n" + s + "\n"
		text += "From a Tue Nov  1 12:00:00 1988\n" + content + "\n"
		w.news = append(w.news, &letter{content: crlf(content)})
	}
	if err := os.WriteFile(w.club.info.Maildrop, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	c.Groups = clubs{w.club}
	c.Submission = new(postman)
	extend(c)
}

// leave drops the session, if there is one.
func (w *world) leave() {
	if w.p != nil {
		w.p.drop()
	}
	w.s.awaitEnd()
	w.state, w.p = "", nil
}

// Check: the file is what the model says, after each step.
func (w *world) Check(t *rapid.T) {
	want := ""
	for _, l := range w.file {
		want += l.raw
	}
	got, err := os.ReadFile(w.s.spool)
	if err != nil || string(got) != want {
		t.Fatalf("%v; file holds\n%q, want\n%q", err, got, want)
	}
}

// in skips an action in any other state. Where there is no session, it begins one: else
// nearly all actions would be skipped there.
func (w *world) in(t *rapid.T, states ...string) {
	if w.state == "" && !slices.Contains(states, "") {
		w.connect(t)
	}
	if w.p != nil {
		w.p.tb = t
	}
	if !slices.Contains(states, w.state) {
		t.Skip()
	}
}

func (w *world) Connect(t *rapid.T) {
	w.in(t, "")
	w.connect(t)
}

func (w *world) connect(t *rapid.T) {
	w.p = w.s.dial()
	w.p.tb = t
	w.greeted(w.p.line())
	w.state, w.failures, w.began = "new", 0, time.Now()
}

func (w *world) User(t *rapid.T) {
	w.in(t, "new", "named")
	w.good = rapid.IntRange(0, 4).Draw(t, "good") > 0
	w.p.ok("USER " + map[bool]string{true: "mrose", false: "nobody"}[w.good])
	w.state = "named"
}

func (w *world) Pass(t *rapid.T) {
	w.in(t, "named")
	right := rapid.IntRange(0, 4).Draw(t, "right") > 0
	w.state = "new"
	if right && w.good {
		w.p.ok("PASS " + secret)
		w.entered()
		return
	}
	w.p.want("PASS "+map[bool]string{true: secret, false: "wrong"}[right], "-ERR [AUTH]")
	w.failed("new")
}

func (w *world) Rpop(t *rapid.T) {
	w.in(t, "named")
	w.p.err("RPOP mrose") // it is not offered, so that it changes nothing
}

// ended checks that the server has closed the session.
func (w *world) ended() {
	w.p.gone()
	w.leave()
}

// Wrong sends what is wrong in this state.
func (w *world) Wrong(t *rapid.T) {
	w.in(t, "new", "named", "in", "group")
	lines := []string{"", "BOGUS", "LIST x", "RETR", "DELE 1 1", "TOP 1", "STAT 1", "USER", "PASS", "\xff", strings.Repeat("x", 254), strings.Repeat("y", 5000)}
	lines = append(lines, "XTND", "XTND BBOARDS a b", "XTND ARCHIVE", "XTND XMIT x", "XTND XLST Subject 0")
	lines = append(lines, "CAPA x", "STLS x", "AUTH a b c", "AUTH a ?", "APOP mrose", "UTF8 x", "LANG a b", "HELP x", "LANG xx")
	switch w.state {
	case "in", "group":
		lines = append(lines, "USER mrose", "PASS "+secret, "RPOP mrose", "STLS", "AUTH", "AUTH RIDDLE", "APOP mrose x", "UTF8")
	case "new":
		lines = append(lines, "PASS "+secret, "RPOP mrose")
		fallthrough
	case "named":
		lines = append(lines, "AUTH LOGIN")
		lines = append(lines, "STAT", "LIST", "RETR 1", "DELE 1", "NOOP", "LAST", "RSET", "TOP 1 1", "UIDL", "XTND BBOARDS", "XTND XMIT", "XTND XLST From")
	}
	w.p.err(rapid.SampledFrom(lines).Draw(t, "line"))
	if w.state == "in" || w.state == "group" {
		w.p.exact("NOOP", "+OK") // never too many in a row
	} else {
		w.p.ok("USER mrose")
		w.good, w.state = true, "named"
	}
}

// Deliver appends a letter to the file, as a delivery agent does.
func (w *world) Deliver(t *rapid.T) {
	w.in(t, "", "new", "named", "in", "group")
	w.serial++
	ending := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "ending")
	body := rapid.SliceOfN(rapid.SampledFrom([]string{"", ".", "..", ".x", "From me", ">From a Tue Nov  1 12:00:00 1988",
		"\x00\xff", "a\rb", strings.Repeat("z", 3000)}), 0, 6).Draw(t, "body")
	content := strings.Join(append([]string{"Subject: " + strconv.Itoa(w.serial), ""}, append(body, "")...), ending)
	raw := "From a Tue Nov  1 12:00:00 1988" + ending + content + ending
	w.file = append(w.file, &letter{raw: raw, content: crlf(content)})
	f, err := os.OpenFile(w.s.spool, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(raw)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
}

// Wait lets time pass; too much of it ends the session (R1939-TIME-1).
func (w *world) Wait(t *rapid.T) {
	w.in(t, "new", "named", "in", "group")
	d := time.Duration(rapid.IntRange(0, 700).Draw(t, "seconds")) * time.Second
	limit := w.p.heard.Add(DefaultIdleTimeout)
	if login := w.began.Add(loginTime); w.state != "in" && w.state != "group" && login.Before(limit) {
		limit = login
	}
	if d == time.Until(limit) {
		t.Skip() // either may be first
	}
	over := d > time.Until(limit)
	time.Sleep(d)
	synctest.Wait()
	if over {
		w.ended()
	}
}

func (w *world) Drop(t *rapid.T) { // R1081-QUIT-3
	w.in(t, "new", "named", "in", "group")
	w.leave()
}

func (w *world) Quit(t *rapid.T) { // R1081-QUIT-1, R1081-QUIT-2
	w.in(t, "new", "named", "in", "group")
	if w.state == "in" {
		w.update()
	}
	w.p.ok("QUIT")
	w.ended()
}

// update removes the marked messages from the file.
func (w *world) update() {
	kept := []*letter{}
	last := 0
	for i, l := range w.mail {
		if !w.deleted[i] {
			kept = append(kept, l)
		}
		if i+1 == max(w.accessed, w.last) {
			last = len(kept) // R1081-LAST-1: the same message, though others go
		}
	}
	w.last = last
	w.file = append(kept, w.file[len(w.mail):]...)
}

// Bboards: R1082-BB-1, R1082-BB-2. An error changes nothing.
func (w *world) Bboards(t *rapid.T) {
	w.in(t, "in", "group")
	command := rapid.SampledFrom([]string{"XTND BBOARDS", "XTND BBOARDS none", "xtnd bboards NEWS", "XTND ARCHIVE news", "XTND ARCHIVE none"}).Draw(t, "command")
	switch command {
	case "XTND BBOARDS":
		w.p.exactLines(command, "+OK XTND", "news 40")
	case "xtnd bboards NEWS":
		if w.state == "in" {
			w.update()
		}
		w.p.exactLines(command, "+OK XTND", "news 40")
		w.state, w.mail, w.deleted, w.accessed = "group", w.news, map[int]bool{}, 0
	default:
		w.p.err(command)
	}
}

// highest is what LAST tells: a group keeps nothing of earlier sessions.
func (w *world) highest() int {
	if w.state == "group" {
		return w.accessed
	}
	return max(w.accessed, w.last)
}

// maxima is what LIST adds in a group (R1082-BB-3).
func (w *world) maxima(i int) string {
	if w.state != "group" {
		return ""
	}
	return fmt.Sprintf(" %d", w.club.mail[i])
}

// Xmit: BERK-XMIT-1; what is sent is no command.
func (w *world) Xmit(t *rapid.T) {
	w.in(t, "in", "group")
	w.p.exact("XTND XMIT", sendIt)
	w.p.exact("QUIT\r\n..\r\nDELE 1\r\n.", "+OK message accepted")
}

// Xlst: BERK-XLST-1.
func (w *world) Xlst(t *rapid.T) {
	w.in(t, "in", "group")
	var want []string
	for i, l := range w.mail {
		if line, _, _ := strings.Cut(l.content, "\r\n"); !w.deleted[i] {
			want = append(want, fmt.Sprintf("%d %s", i+1, line))
		}
	}
	w.p.exactLines("XTND XLST subject", "+OK XTND subject fields follow", want...)
}

// number draws a message number; i is its index, -1 if there is no such message.
func (w *world) number(t *rapid.T) (n string, i int) {
	i = rapid.IntRange(-1, len(w.mail)).Draw(t, "i")
	n = strconv.Itoa(i + 1)
	if rapid.IntRange(0, 9).Draw(t, "zeros") == 0 {
		n = "000" + n
	}
	if i == len(w.mail) || i >= 0 && w.deleted[i] {
		i = -1
	}
	return n, i
}

func (w *world) total() (count, octets int) {
	for i, l := range w.mail {
		if !w.deleted[i] {
			count++
			octets += len(l.content)
		}
	}
	return count, octets
}

func (w *world) Stat(t *rapid.T) {
	w.in(t, "in", "group")
	count, octets := w.total()
	w.p.exact("STAT", fmt.Sprintf("+OK %d %d", count, octets))
}

func (w *world) List(t *rapid.T) {
	w.in(t, "in", "group")
	count, octets := w.total()
	w.p.exact("LIST", fmt.Sprintf("+OK %d messages (%d octets)", count, octets))
	want := ""
	for i, l := range w.mail {
		if !w.deleted[i] {
			want += fmt.Sprintf("%d %d%s\r\n", i+1, len(l.content), w.maxima(i))
		}
	}
	if got := w.p.body(); got != want {
		t.Fatalf("LIST: %q, want %q", got, want)
	}
}

func (w *world) ListOne(t *rapid.T) {
	w.in(t, "in", "group")
	if n, i := w.number(t); i < 0 {
		w.p.err("LIST " + n)
	} else {
		w.p.exact("LIST "+n, fmt.Sprintf("+OK %d %d%s", i+1, len(w.mail[i].content), w.maxima(i)))
	}
}

func (w *world) Retr(t *rapid.T) {
	w.in(t, "in", "group")
	n, i := w.number(t)
	if i < 0 {
		w.p.err("RETR " + n)
		return
	}
	w.p.exact("RETR "+n, fmt.Sprintf("+OK %d octets", len(w.mail[i].content)))
	if got := w.p.body(); got != w.mail[i].content {
		t.Fatalf("RETR: %q, want %q", got, w.mail[i].content)
	}
	w.accessed = max(w.accessed, i+1)
}

func (w *world) Top(t *rapid.T) {
	w.in(t, "in", "group")
	n, i := w.number(t)
	lines := rapid.IntRange(0, 8).Draw(t, "lines")
	if i < 0 {
		w.p.err(fmt.Sprintf("TOP %s %d", n, lines))
		return
	}
	w.p.ok(fmt.Sprintf("TOP %s %d", n, lines))
	all := strings.SplitAfter(w.mail[i].content, "\r\n")
	want := strings.Join(all[:min(2+lines, len(all))], "")
	if got := w.p.body(); got != want {
		t.Fatalf("TOP: %q, want %q", got, want)
	}
}

func (w *world) Dele(t *rapid.T) {
	w.in(t, "in", "group")
	n, i := w.number(t)
	if i < 0 {
		w.p.err("DELE " + n)
		return
	}
	w.p.ok("DELE " + n)
	if w.state == "group" { // R1082-BB-3
		return
	}
	w.deleted[i] = true
	w.accessed = max(w.accessed, i+1)
}

func (w *world) Last(t *rapid.T) {
	w.in(t, "in", "group")
	w.p.exact("LAST", fmt.Sprintf("+OK %d", w.highest()))
}

func (w *world) Rset(t *rapid.T) {
	w.in(t, "in", "group")
	w.p.ok("RSET")
	w.deleted, w.accessed = map[int]bool{}, 0
}

// Uidl: R1939-UIDL-1, also over sessions and deletions.
func (w *world) Uidl(t *rapid.T) {
	w.in(t, "in", "group")
	w.p.ok("UIDL")
	lines := strings.Split(w.p.body(), "\r\n")
	seen := map[string]bool{}
	for i, l := range w.mail {
		if w.deleted[i] {
			continue
		}
		n, uid, _ := strings.Cut(lines[0], " ")
		lines = lines[1:]
		if n != strconv.Itoa(i+1) || uid == "" || len(uid) > 70 || seen[uid] || l.uid != "" && l.uid != uid {
			t.Fatalf("UIDL of message %d: %s %q, before %q", i+1, n, uid, l.uid)
		}
		l.uid, seen[uid] = uid, true
	}
	if len(lines) != 1 {
		t.Fatalf("UIDL has more lines: %q", lines)
	}
}

func (w *world) UidlOne(t *rapid.T) {
	w.in(t, "in", "group")
	n, i := w.number(t)
	if i < 0 {
		w.p.err("UIDL " + n)
		return
	}
	got := w.p.ok("UIDL " + n)
	if l := w.mail[i]; l.uid != "" && got != fmt.Sprintf("+OK %d %s", i+1, l.uid) {
		t.Fatalf("UIDL: %q, before %q", got, l.uid)
	}
}
