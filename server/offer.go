package server

import (
	"strconv"
	"time"

	"popper/parser"
)

// What is offered. One function decides it for all: which commands are carried out, what
// CAPA announces and what HELP lists. So what is announced is true, in each state, before
// and after STLS and login (R2449-CAPA-1).

// unoffered tells why v is not carried out in this session as it is now, "" if it is,
// provided that the state allows it.
func (d *dialog) unoffered(v parser.Verb) string {
	c := d.config
	switch v {
	case parser.VerbStls:
		switch {
		case c.Security == nil:
			return "TLS is not offered here"
		case d.private != nil:
			return "TLS is active already"
		case d.drop != nil:
			return "TLS cannot begin after login"
		}
	case parser.VerbUser, parser.VerbPass:
		return d.clear()
	case parser.VerbRpop:
		if _, ok := c.Accounts.(Directory); c.Trusted == nil || !ok {
			return "RPOP is not offered here, use PASS"
		}
		return d.clear()
	case parser.VerbApop:
		if d.stamp == "" {
			return "APOP is not offered here"
		}
		return d.clear()
	case parser.VerbAuth:
		if why := d.clear(); why != "" {
			return why
		}
		if len(d.mechanisms()) == 0 {
			return "AUTH is not offered here"
		}
	case parser.VerbXtndXmit:
		if c.Submission == nil {
			return "sending mail is not offered here"
		}
	}
	return ""
}

// clear tells why nobody may log in now, "" if one may.
func (d *dialog) clear() string {
	if d.config.RequireTLS && d.private == nil {
		return "log in over TLS only: begin it with STLS, or connect to the port for it"
	}
	return ""
}

// offers tells whether v is offered, in whatever state.
func (d *dialog) offers(v parser.Verb) bool {
	return d.config.speaks(v.Dialect()) && d.unoffered(v) == ""
}

// Capa: R2449-CAPA-1, R2449-CODE-1. By RFC 2449 the same is announced in both states
// but for what a user's account may change, and by RFC 2595 for STLS.
func (d *dialog) Capa(*parser.Command) outcome {
	var b []byte
	for _, v := range parser.Verbs {
		word := v.Capability()
		if word == "" || !d.offers(v) {
			continue
		}
		if v == parser.VerbAuth {
			for _, m := range d.mechanisms() {
				word += " " + m.Name()
			}
		}
		b = parser.AppendCapabilityLine(b, word)
	}
	for _, word := range d.facts() {
		b = parser.AppendCapabilityLine(b, word)
	}
	return done("capabilities follow").list(b)
}

// facts are the capabilities that belong to no command.
func (d *dialog) facts() []string {
	c := d.config
	facts := []string{"RESP-CODES", "AUTH-RESP-CODE", "PIPELINING"}
	switch c.Expire {
	case 0:
		facts = append(facts, "EXPIRE NEVER")
	case AtOnce:
		facts = append(facts, "EXPIRE 0")
	default:
		facts = append(facts, "EXPIRE "+strconv.Itoa(c.Expire))
	}
	if s := wholeSeconds(c.LoginDelay); s > 0 {
		facts = append(facts, "LOGIN-DELAY "+strconv.FormatInt(s, 10))
	}
	if c.Implementation != "" {
		facts = append(facts, "IMPLEMENTATION "+c.Implementation)
	}
	return facts
}

// wholeSeconds rounds up.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// Help lists the commands that are valid now.
func (d *dialog) Help(*parser.Command) outcome {
	var b []byte
	for _, v := range parser.Verbs {
		if d.state.Allows(v) && d.offers(v) {
			b = parser.AppendAdviceLine(b, v.Synopsis()+": "+v.Doc())
		}
	}
	return done("commands follow").list(b)
}
