package grammar

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// forms says how each declaration is written. NAME stands for a name, […] for
// what may be missing, … for more of the same.
var forms = map[string]string{
	"class":      `class NAME = OCTETS | OCTETS - OCTETS …, where OCTETS is "A", 0x41, CR, "A".."Z" or a class`,
	"rule":       `rule NAME = PART PART … | …, where PART is "text", 0x41, CR, "A".."Z", a name or ( … ), with ? * + {2} or {1,5} behind it if need be`,
	"frame":      `frame NAME { limit 255  end CRLF  [tolerate LF]  [gap CLASS]  [trailing gap]  [caseless]  [ok "…"]  [err "…"]  [close "…"]  [more "…"] }`,
	"argument":   `argument NAME = token of CLASS, or: rest of CLASS, or: number 1..100`,
	"state":      `state NAME [start or final]`,
	"reply":      `reply NAME = FIELD:number FIELD:text …`,
	"command":    `command WORD … [NAME:]ARGUMENT … { in STATE, … [ok -> STATE] [failed -> STATE] or [always -> STATE]  [if ARGUMENT]  [limit 255]  [answer REPLY, list of REPLY, line or content] [if ARGUMENT] [in STATE]  [asks content or lines]  [capability WORD] }`,
	"dialect":    `dialect NAME`,
	"extend":     `extend WORD … { in STATE, … [ok -> STATE] [failed -> STATE] or [always -> STATE] [if ARGUMENT]  [answer REPLY, list of REPLY, line or content] [if ARGUMENT] in STATE }`,
	"line":       `line NAME { limit 998  after start, empty, text  form PART … }`,
	"transducer": `transducer NAME { state NAME { OCTET or any -> OUTPUT … STATE   end -> OUTPUT … } … }`,
	"law":        `law NAME after NAME = NAME`,
}

// syntaxError puts err, which is participle's, into the words of the language.
// Its own speak of the structures of ast.go.
func syntaxError(err error, text []byte) *Error {
	var pe participle.Error
	if !errors.As(err, &pe) {
		return &Error{Msg: err.Error(), Hint: "see docs/grammar.md for the language"}
	}
	e := &Error{Pos: pe.Position()}
	var unexpected *participle.UnexpectedTokenError
	switch {
	case !errors.As(err, &unexpected): // the lexer knows no such token
		sign, _ := utf8.DecodeRune(text[e.Pos.Offset:])
		e.Msg, e.Hint = fmt.Sprintf("%q cannot stand here", string(sign)), `texts stand in "…" on one line; names are small letters, digits and _; words of commands and octets are capitals`
	case unexpected.Unexpected.EOF():
		e.Msg, e.Hint = "the file ends within a declaration", hintAt(text, e.Pos)
	default:
		e.Msg, e.Hint = fmt.Sprintf("%q cannot stand here", unexpected.Unexpected.Value), hintAt(text, e.Pos)
	}
	return e
}

var declarationStart = regexp.MustCompile(`(?m)^(class|rule|frame|argument|state|reply|dialect|command|extend|line|transducer|law)\b`)

var wordAt = regexp.MustCompile(`^[a-z]+`)

// hintAt tells how that is written which pos is within. Declarations are told
// by their beginning a line, which is a guess, but only a hint rests on it.
func hintAt(text []byte, pos lexer.Position) string {
	before := text[:min(pos.Offset, len(text))]
	lines := strings.Split(strings.TrimSpace(string(before)), "\n")
	if strings.HasPrefix(string(text[len(before):]), "///") || strings.HasPrefix(lines[len(lines)-1], "///") {
		return "/// documents the declaration that follows it; elsewhere write //"
	}
	starts := declarationStart.FindAll(before, -1)
	word := wordAt.Find(text[len(before):])
	if len(starts) == 0 || pos.Column == 1 && len(word) > 0 && forms[string(word)] == "" {
		return "a declaration begins with one of: " + strings.Join(reserved[1:], ", ")
	}
	form := forms[string(starts[len(starts)-1])]
	if pos.Column == 1 && len(word) > 0 {
		return "the declaration above is not complete; it is written: " + form
	}
	return "it is written: " + form
}
