package grammar

import (
	"fmt"
	"strconv"

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
	for _, p := range d.Props {
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
			f.OK = r.quoted(p.OK)
		case p.Err != nil:
			f.Err = r.quoted(p.Err)
		case p.Close != nil:
			f.Close = r.quoted(p.Close)
		}
	}
	r.checkFrame(d, f)
	return f
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
		r.unknown(p.Pos, "class", p.Gap)
		return
	}
	f.Gap = r.class(d)
	// the first octet named in the class is the one that is written
	first := r.octets(d.Terms[0].Base)
	if !first.Empty() {
		f.GapWritten = first.Octets()[0]
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
	if f.Tolerate != "" && f.Tolerate != "\n" {
		r.fail(d.Pos, "the only other line end that can be tolerated is LF", "frame %s tolerates %q", d.Name, f.Tolerate)
	}
	if d.Name == "command" && f.Gap.Empty() {
		r.fail(d.Pos, "say: gap CLASS", "frame command does not say what stands between words")
	}
	if ends := automaton.Of('\r', '\n'); !f.Gap.And(ends).Empty() {
		r.fail(d.Pos, "take CR and LF out of the class", "frame %s has a gap that holds a line end", d.Name)
	}
}
