package mend

import (
	"crypto/rand"
	"net/mail"
	"strings"
	"time"
)

// Mend adds what is missing and what must be said of the sender (BERK-XMIT-2).
//
// From, Date and Message-ID are added where they are missing or empty. Whose From it
// is decides about Sender, which is never left to the client:
//
//	From                   Sender of the user   any other Sender
//	the user's             stays                goes
//	anybody else's too     stays, or is added   goes
//
// That holds for mail that is sent again (Resent- fields), too: who it was that sent
// it must be seen somewhere. Return-Path is the business of the delivery at the other
// end, and goes.
func (h *Header) Mend(a Address, now time.Time) {
	for _, name := range []string{"from", "date", "message-id"} {
		h.remove(name, func(value string) bool { return value == "" })
	}
	h.remove("return-path", func(string) bool { return true })
	if len(h.values("from")) == 0 {
		h.add("From", a.String())
	}
	h.mendSender(a)
	if len(h.values("date")) == 0 {
		h.add("Date", now.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	}
	if len(h.values("message-id")) == 0 {
		h.add("Message-ID", "<"+rand.Text()+"@"+a.Domain+">")
	}
}

func (h *Header) mendSender(a Address) {
	all := h.values("sender")
	if len(all) != 1 || !a.isAll(all[0]) {
		h.remove("sender", func(string) bool { return true })
		all = nil
	}
	for _, from := range h.values("from") {
		if !a.isAll(from) && len(all) == 0 {
			h.add("Sender", a.String())
			return
		}
	}
}

// isAll tells whether a list of addresses, in a field, is this address and no other.
func (a Address) isAll(list string) bool {
	addresses, err := mail.ParseAddressList(list)
	for _, other := range addresses {
		if !a.is(other.Address) {
			return false
		}
	}
	return err == nil && len(addresses) > 0
}

// is: the domain is the same in any case of letters. The local part must be the login
// name as it is; a Sender too many does no harm.
func (a Address) is(other string) bool {
	at := strings.LastIndexByte(other, '@')
	return at >= 0 && other[:at] == a.Local && strings.EqualFold(other[at+1:], a.Domain)
}
