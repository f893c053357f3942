package emit

import (
	"strings"

	"popper/grammar"
)

// replies writes the encoder of replies. Free text and text fields are cleaned
// by appendText, which is written by hand beside it.
func replies(c *code, m *grammar.Model) {
	f := m.Reply
	c.p("// MaxReply is how many octets the first line of a reply may have, its line end counted.")
	c.p("const MaxReply = %d", f.Limit)
	for _, r := range []struct{ name, word, what string }{
		{"OK", f.OK, "a positive reply"}, {"Err", f.Err, "a negative reply"},
	} {
		c.p("// Append%s writes %s. Text is cut to fit into MaxReply, and octets that", r.name, r.what)
		c.p("// do not belong into a line are replaced.")
		c.p("func Append%s(dst []byte, text string) []byte {", r.name)
		c.p("dst = append(dst, %q...)", r.word)
		c.p(`if text != "" {`)
		c.p("dst = appendText(append(dst, ' '), text, MaxReply-%d)", len(r.word)+1+len(f.End))
		c.p("}")
		c.p("return append(dst, %q...)", f.End)
		c.p("}")
	}
	if f.More != "" {
		c.p("// AppendMore writes the line that asks the client for a line; text is at most what the")
		c.p("// client is told with it, of printable ASCII, and of any length.")
		c.p("func AppendMore(dst []byte, text string) []byte { return append(append(append(dst, %q...), text...), %q...) }", f.More+" ", f.End)
	}
	c.p("// AppendEnd writes the line that ends a list.")
	c.p("func AppendEnd(dst []byte) []byte { return append(dst, %q...) }", f.Close+f.End)
	for _, s := range m.Shapes {
		shape(c, m, s)
	}
}

func shape(c *code, m *grammar.Model, s *grammar.Shape) {
	single, list := false, false
	for _, k := range m.Commands {
		for _, a := range k.Answers {
			single = single || a.Shape == s && !a.List
			list = list || a.Shape == s && a.List
		}
	}
	if single {
		c.is("Append"+title(s.Name)+" writes a positive reply of one line", s.Doc)
		c.shape(m.Reply, s, false)
	}
	if list {
		c.p("// Append%sLine writes the same as a line of a list.", title(s.Name))
		c.shape(m.Reply, s, true)
	}
}

// shape writes the function for a line of s, as a line of a list or as a reply.
func (c *code) shape(frame *grammar.Frame, s *grammar.Shape, list bool) {
	name, before := "Append"+title(s.Name), frame.OK+" "
	if list {
		name, before = name+"Line", ""
	}
	var params []string
	texts := false
	for _, f := range s.Fields {
		kind := "string"
		if f.Number {
			kind = "uint64"
		}
		texts = texts || !f.Number
		params = append(params, lower(f.Name)+" "+kind)
	}
	if texts {
		c.p("// Texts are cut at %d octets, so that the line has at most MaxReply octets.", frame.TextLimit(s))
	}
	c.p("func %s(dst []byte, %s) []byte {", name, strings.Join(params, ", "))
	for i, f := range s.Fields {
		switch {
		case i > 0:
			c.p("dst = append(dst, ' ')")
		case before != "":
			c.p("dst = append(dst, %q...)", before)
		case !f.Number: // what begins like the line that ends the list is stuffed: R1081-LINE-5
			c.p("if %s != \"\" && %[1]s[0] == %[2]q {", lower(f.Name), frame.Close[0])
			c.p("dst = append(dst, %q)", frame.Close[0])
			c.p("}")
		}
		if f.Number {
			c.p("dst = strconv.AppendUint(dst, %s, 10)", lower(f.Name))
		} else {
			c.p("dst = appendText(dst, %s, %d)", lower(f.Name), frame.TextLimit(s))
		}
	}
	c.p("return append(dst, %q...)", frame.End)
	c.p("}")
}
