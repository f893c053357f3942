package grammar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"popper/grammar/automaton"
)

// frames resolves the two frames that there are: of commands and of replies.
func (r *resolver) frames() {
	for _, d := range r.decls {
		if d.Frame == nil {
			continue
		}
		switch f := r.frame(d.Frame); d.Frame.Name {
		case "command":
			f.Doc, r.model.Command = d.doc(), f
		case "reply":
			f.Doc, r.model.Reply = d.doc(), f
		default:
			r.fail(d.Pos, "there are two frames: command and reply", "unknown frame %s", d.Frame.Name)
		}
	}
}

func (r *resolver) frame(d *FrameDecl) *Frame {
	f := &Frame{OK: "+OK", Err: "-ERR", Close: "."}
	seen := map[string]bool{}
	for _, p := range d.Props {
		w := p.word()
		if seen[w] {
			r.fail(p.Pos, "drop one of the two", "frame %s says twice: %s", d.Name, w)
		}
		seen[w] = true
		if slices.Contains(foreign[d.Name], w) {
			r.fail(p.Pos, "drop it, or move it to the other frame", "%s means nothing in frame %s", w, d.Name)
		}
		switch {
		case p.Limit != "":
			f.Limit, _ = strconv.Atoi(p.Limit)
		case p.End != nil:
			f.End = r.join(p.End)
		case p.Tolerate != nil:
			f.Tolerate = r.join(p.Tolerate)
		case p.Gap != "":
			r.gap(f, p)
		case p.Trailing:
			f.Trailing = true
		case p.Caseless:
			f.Caseless = true
		case p.OK != nil:
			f.OK = r.word(p.OK)
		case p.Err != nil:
			f.Err = r.word(p.Err)
		case p.Close != nil:
			f.Close = r.word(p.Close)
		case p.More != nil:
			f.More = r.word(p.More)
		}
	}
	r.checkFrame(d, f)
	return f
}

// foreign are the properties that a frame leaves to the other one.
var foreign = map[string][]string{
	"command": {"ok", "err", "close", "more"},
	"reply":   {"tolerate", "gap", "trailing gap", "caseless"},
}

// word is what a line of a reply begins with, or is: no client could make out
// one with a space or a line end in it, or none at all.
func (r *resolver) word(t *Text) string {
	s := r.quoted(t)
	if s == "" || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) {
		r.fail(t.Pos, "write one word of printable ASCII", "%q is no word for a reply", s)
	}
	return s
}

// word is the word with which a property begins.
func (p *FrameProp) word() string {
	switch {
	case p.Limit != "":
		return "limit"
	case p.End != nil:
		return "end"
	case p.Tolerate != nil:
		return "tolerate"
	case p.Gap != "":
		return "gap"
	case p.Trailing:
		return "trailing gap"
	case p.Caseless:
		return "caseless"
	case p.OK != nil:
		return "ok"
	case p.Err != nil:
		return "err"
	case p.More != nil:
		return "more"
	}
	return "close"
}

func (r *resolver) join(os []*Octet) (s string) {
	for _, o := range os {
		s += r.text(o)
	}
	return s
}

func (r *resolver) gap(f *Frame, p *FrameProp) {
	d, ok := r.classD[p.Gap]
	if !ok {
		r.unknown(p.Pos, expressible, p.Gap)
		f.Gap = automaton.Of(' ')
		return
	}
	f.Gap = r.class(d)
	// of the first term that holds any, the first octet is the one that is written
	for _, t := range d.Terms {
		if s := r.set(t); !s.Empty() {
			f.GapWritten = s.Octets()[0]
			return
		}
	}
}

// checkFrame: lines end with LF, because readers find the end of a line that
// they gave up on by looking for one octet.
func (r *resolver) checkFrame(d *FrameDecl, f *Frame) {
	if f.Limit < 1 || f.Limit > maxLimit {
		r.fail(d.Pos, fmt.Sprintf("say: limit N, from 1 to %d octets with the line end", maxLimit), "frame %s has no proper limit", d.Name)
	}
	if f.End != "\r\n" && f.End != "\n" {
		r.fail(d.Pos, "say: end CRLF", "frame %s has no line end, or not one in LF", d.Name)
	}
	if f.Tolerate != "" && (f.Tolerate != "\n" || f.End == "\n") {
		r.fail(d.Pos, "where lines end with CRLF, LF can be tolerated; nothing else can", "frame %s tolerates %q", d.Name, f.Tolerate)
	}
	if longest := max(len(f.OK), len(f.Err), len(f.Close)) + len(" ") + len(f.End); d.Name == "reply" && 0 < f.Limit && f.Limit < longest {
		r.fail(d.Pos, fmt.Sprintf("make it %d at least, and more for text", longest), "the limit of frame reply is too small for its words, a space and the line end")
	}
	if d.Name == "reply" && f.OK == f.Err {
		r.fail(d.Pos, "let them differ", "success and failure are both %q", f.OK)
	}
	if d.Name == "reply" && f.More != "" && (f.More == f.OK || f.More == f.Err) {
		r.fail(d.Pos, "let them differ", "a reply and a line that asks for more both begin with %q", f.More)
	}
	if d.Name == "command" && f.Gap.Empty() {
		r.fail(d.Pos, "say: gap CLASS", "frame command does not say what stands between words")
	}
	if ends := automaton.Of('\r', '\n'); !f.Gap.And(ends).Empty() {
		r.fail(d.Pos, "take CR and LF out of the class", "frame %s has a gap that holds a line end", d.Name)
	}
}
