package server

import (
	"crypto/md5"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// The ways into a session, and what there is to say before, as actions of the model.

// extend gives the server all that changes a session before login.
func extend(c *Config) {
	riddles(c)
	sharing(c)
	c.Security = veil{}
	c.FailurePause = 0 // the default
}

// greeted notes the timestamp.
func (w *world) greeted(line string) {
	stamp, ok := strings.CutPrefix(line, "+OK popper ready <")
	if !ok {
		w.t.Fatalf("greeting %q", line)
	}
	w.stamp, w.private = "<"+stamp, false
}

// entered: a login was right.
func (w *world) entered() {
	w.state, w.mail, w.deleted, w.accessed = "in", append([]*letter(nil), w.file...), map[int]bool{}, 0
}

// failed: a login was wrong (BERK-AUTH-1), and state is where that leads. The pause may
// have used up what was left of the time to log in.
func (w *world) failed(state string) {
	w.state = state
	if w.failures++; w.failures == DefaultLoginFailures || time.Since(w.began) >= loginTime {
		w.ended()
	}
}

func (w *world) Apop(t *rapid.T) { // R1939-APOP-1
	w.in(t, "new")
	right := rapid.IntRange(0, 4).Draw(t, "right") > 0
	secret := map[bool]string{true: "tanstaaf", false: "tanstaaf "}[right]
	got := w.p.ask(fmt.Sprintf("APOP mrose %x", md5.Sum([]byte(w.stamp+secret))))
	switch {
	case strings.HasPrefix(got, "+OK") != right:
		t.Fatalf("APOP: %q", got)
	case right:
		w.entered()
	default:
		w.failed("new")
	}
}

func (w *world) Auth(t *rapid.T) { // R5034-AUTH-1
	w.in(t, "new", "named")
	if rapid.Bool().Draw(t, "initial") {
		w.p.more("auth riddle "+b64("mrose"), "secret of mrose?")
	} else {
		w.p.more("AUTH RIDDLE", "name?")
		w.p.more(b64("mrose"), "secret of mrose?")
	}
	switch rapid.IntRange(0, 5).Draw(t, "how") {
	case 0:
		w.p.exact("*", "-ERR login cancelled") // and the name that USER gave is still good for PASS
	case 1:
		w.p.more("QUIT", "no") // a wrong secret in Base64, and no command
		w.p.exact("", "-ERR [AUTH] wrong name or password")
		w.failed(w.state)
	case 2:
		w.p.more(b64("wrong"), "no")
		w.p.exact("*", "-ERR [AUTH] wrong name or password")
		w.failed(w.state)
	default:
		w.p.ok(b64(secret))
		w.entered()
	}
}

func (w *world) Stls(t *rapid.T) { // R2595-STLS-1
	w.in(t, "new", "named")
	if w.private {
		w.p.exact("STLS", "-ERR TLS is active already")
		return
	}
	// What comes with it in the clear never happens.
	w.p.exact("STLS"+rapid.SampledFrom([]string{"", "\r\nUSER mrose\r\nPASS " + secret + "\r\nQUIT", "\r\nQUI"}).Draw(t, "injected"), "+OK begin the TLS handshake now")
	w.p.handshake()
	w.state, w.private = "new", true
}

func (w *world) Capa(t *rapid.T) { // R2449-CAPA-1
	w.in(t, "new", "named", "in", "group")
	stls, sasl := "", "SASL RIDDLE"
	if w.private {
		sasl = "SASL RIDDLE-PLUS RIDDLE"
	} else if w.state == "new" || w.state == "named" {
		stls = "STLS, "
	}
	want := "USER, TOP, UIDL, " + stls + sasl + ", UTF8, LANG, RESP-CODES, AUTH-RESP-CODE, PIPELINING, EXPIRE NEVER"
	if got := w.p.capabilities(); got != want {
		t.Fatalf("CAPA in %s: %s, want %s", w.state, got, want)
	}
}

// Talk says what changes nothing.
func (w *world) Talk(t *rapid.T) { // R6856-UTF8-1
	w.in(t, "new", "named", "in", "group")
	switch rapid.IntRange(0, 3).Draw(t, "what") {
	case 0:
		w.p.ok("LANG fr-CA")
		w.p.exact("LANG *", "+OK en replies are in English from now on")
	case 1:
		w.p.lines("LANG")
	case 2:
		w.p.lines("HELP")
	case 3:
		if w.state == "new" || w.state == "named" {
			w.p.ok("UTF8")
			w.p.lines("AUTH")
		}
	}
}
