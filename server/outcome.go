package server

import "popper/parser"

// outcome is what a handler makes of a command: the reply and what follows.
type outcome struct {
	ok   bool   // success, as parser.State.Next wants to know
	line []byte // the first line of the reply, with its CRLF; nil: text tells it
	text phrase
	body source // the rest of a multi-line reply; nil for a single-line one
	end  string // not empty: the session ends after this reply; says why

	intake intake     // takes the content that this reply asks for; nil if it asks for none
	login  *saslLogin // asks the client for lines and makes the reply; nil if there is one
	secure bool       // after this reply the connection becomes private
}

// phrase is the text of a reply, as it stands in the code: in English, and with the
// response code, if it has one, in front. It is put into the client's language when the
// reply is written (language.go).
type phrase struct {
	format string
	args   []any
}

// source makes the body of a multi-line reply, final dot included.
type source interface {
	// fill appends at most fillRoom octets to dst. It returns io.EOF with the
	// last ones, and errLater if making the next ones takes time; any other error
	// means that the body is not whole and that the final dot was not written.
	fill(dst []byte) ([]byte, error)
}

// done is success with a text, whose format is one of fmt.
func done(format string, args ...any) outcome {
	return outcome{ok: true, text: phrase{format, args}}
}

// list adds lines that were made beforehand, and the one that ends them.
func (o outcome) list(lines []byte) outcome {
	o.body = &text{rest: parser.AppendEnd(lines)}
	return o
}

// refusal is failure with a text for the client. RFC 3206 codes in it:
// [SYS/TEMP] may go away by itself, [SYS/PERM] needs the administrator,
// [AUTH] wrong name or password; RFC 2449: [IN-USE] busy maildrop, [LOGIN-DELAY] too soon.
//
// Mail programs that know no codes look for words: "lock" or "wait", and "service
// unavailable", keep them from asking for the password again, or from telling their user
// that it is wrong. So texts that refuse a login have them, and that of a wrong password
// has none of them.
func refusal(format string, args ...any) outcome {
	return outcome{text: phrase{format, args}}
}

// firstLine is the first line of the reply, in language l.
func (o *outcome) firstLine(l *language) []byte {
	switch {
	case o.line != nil:
		return o.line
	case o.ok:
		return parser.AppendOK(nil, l.say(o.text))
	}
	return parser.AppendErr(nil, l.say(o.text))
}
