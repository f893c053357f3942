package server

import (
	"fmt"
	"strings"

	"popper/parser"
)

// Languages (R6856-UTF8-1). Texts of replies stand in the code in English, where they
// are made, as formats of fmt; a language is a table of such formats. Response codes are
// for programs, and so are the first words of a few replies: they are in no table.

// language is one in which replies can be written.
type language struct {
	tag, name string            // BCP 47, and in the language itself
	texts     map[string]string // by the English ones; nil: English
}

// languages are those that there are; the first is the one in which a session begins.
var languages = [...]language{
	{"en", "English", nil},
	{"de", "Deutsch", german},
	{"fr", "Français", french},
	{"es", "Español", spanish},
}

// say puts p into the language. What it has no text for stays English.
func (l *language) say(p phrase) string {
	code, format := "", p.format
	if c, rest, ok := strings.Cut(format, "] "); ok && c[0] == '[' {
		code, format = c+"] ", rest
	}
	if t, ok := l.texts[format]; ok {
		format = t
	}
	return code + fmt.Sprintf(format, p.args...)
}

// choose finds the language for a range (RFC 4647, lookup): the tag itself, or as much
// of its beginning as there is a language for; "*" and RFC 2277's "i-default" are the
// first one. nil: there is none.
func choose(tag string) *language {
	if tag == "*" || strings.EqualFold(tag, "i-default") {
		return &languages[0]
	}
	for tag != "" {
		for i := range languages {
			if strings.EqualFold(languages[i].tag, tag) {
				return &languages[i]
			}
		}
		tag = tag[:max(0, strings.LastIndexByte(tag, '-'))]
	}
	return nil
}

// Lang: R6856-UTF8-1.
func (d *dialog) Lang(c *parser.Command) outcome {
	if !c.Has(parser.ArgTag) {
		return listLanguages()
	}
	l := choose(string(c.Tag))
	if l == nil {
		return refusal("no such language: LANG alone lists those that there are")
	}
	d.language = l
	return outcome{ok: true, line: parser.AppendLanguage(nil, l.tag, l.say(phrase{"replies are in English from now on", nil}))}
}

func listLanguages() outcome {
	var b []byte
	for _, l := range languages {
		b = parser.AppendLanguageLine(b, l.tag, l.name)
	}
	return done("languages follow").list(b)
}

// Utf8: R6856-UTF8-1. A maildrop's messages are sent as they were delivered, headers in
// UTF-8 included, whether or not the client has said that it takes them: popper changes
// no message (MBOX-7), and such headers came without being asked for long before. RFC 6856
// (2.1) forbids that, and wants a changed message, or a refusal, which would keep users of
// older programs from their mail.
func (d *dialog) Utf8(*parser.Command) outcome {
	return done("headers may be in UTF-8")
}
