package server

import "popper/parser"

// outcome is what a handler makes of a command: the reply and what follows.
type outcome struct {
	ok   bool   // success, as parser.State.Next wants to know
	line []byte // the first line of the reply, with its CRLF
	body source // the rest of a multi-line reply; nil for a single-line one
	end  string // not empty: the session ends after this reply; says why

	intake intake // takes the content that this reply asks for; nil if it asks for none
}

// source makes the body of a multi-line reply, final dot included.
type source interface {
	// fill appends at most fillRoom octets to dst. It returns io.EOF with the
	// last ones; any other error means that the body is not whole and that the
	// final dot was not written.
	fill(dst []byte) ([]byte, error)
}

// done is success with a text.
func done(text string) outcome {
	return outcome{ok: true, line: parser.AppendOK(nil, text)}
}

// refusal is failure with a text for the client. RFC 3206 codes in it:
// [SYS/TEMP] may go away by itself, [SYS/PERM] needs the administrator,
// [AUTH] wrong name or password; RFC 2449: [IN-USE] busy maildrop.
func refusal(text string) outcome {
	return outcome{line: parser.AppendErr(nil, text)}
}
