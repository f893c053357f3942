package grammar

import "strings"

// The names that generated code has for the names of a grammar. They forget
// case, "-" and "_"; that no two become one is seen to by resolve_goname.go.

// Exported makes an exported name of words: "XTND X-BBOARDS" is XtndXBboards,
// "drop_listing" is DropListing.
func Exported(s string) string {
	out := ""
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '-' || r == '_' }) {
		out += strings.ToUpper(w[:1]) + strings.ToLower(w[1:])
	}
	return out
}

// Unexported makes an unexported name.
func Unexported(s string) string {
	t := Exported(s)
	return strings.ToLower(t[:1]) + t[1:]
}

// Agent is the name of a transducer's type: who stuffs is a Stuffer.
func Agent(name string) string { return strings.TrimSuffix(Exported(name), "e") + "er" }
