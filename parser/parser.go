// Package parser reads and writes the lines of POP3 and of the mbox format.
//
// Nearly all of it is generated from the grammar files; a name that ends in
// _gen.go says so. What is written by hand is what all of that stands on: how
// a line that is given up is read to its end, and how text is made fit for a
// reply.
package parser

import "bytes"

// Result is what became of the octets given to Parse.
type Result uint8

// The results. All but More stand for one whole line, which gets one reply.
const (
	More      Result = iota // the line is not complete
	Parsed                  // Command holds it
	Unknown                 // its keyword is none of ours
	Malformed               // its keyword is ours, its arguments are wrong
	TooLong                 // it has more octets than it may have
)

// String is the result's name.
func (r Result) String() string {
	return [...]string{"more", "parsed", "unknown", "malformed", "toolong"}[r]
}

// CommandParser takes command lines off a stream. The zero value is ready.
//
// The caller keeps a buffer and gives it whole: it begins with the first octet
// not yet discarded. An incomplete line is matched again from its start when
// more of it has come; as a line has at most MaxCommand octets, this costs less
// than keeping the automaton's state would, and makes it plain that the outcome
// cannot depend on how the octets were split. (Of a line that may be longer, by
// Verb.Limit, the rest is matched when its end has come.) Only for a line that is
// given up is there state: how much of it was discarded.
type CommandParser struct {
	Command
	bad     Result // why the line being skipped is bad; More: none is
	skipped int    // octets of it already discarded, at most MaxCommand+1
}

// Parse reads one command line from the start of buf. The caller discards n
// octets. On More n is 0, unless a bad line is being skipped, and Parse wants
// to be called again when there is more; a buffer of MaxLine octets is
// always enough, and one of MaxCommand for all but the few verbs with a limit of
// their own. No line is ever split into two, and none is answered twice
// (R2449-LINE-8). The texts in Command are parts of buf.
func (p *CommandParser) Parse(buf []byte) (n int, r Result) {
	if p.bad != More {
		return p.skip(buf, 0)
	}
	at, r := p.match(buf[:min(len(buf), MaxCommand)])
	if r == More && len(buf) >= MaxCommand && at > MaxCommand {
		return p.parseLong(buf, at)
	}
	switch {
	case r == Parsed:
		return at, Parsed
	case r != More:
		p.bad = r
		return p.skip(buf, at)
	case len(buf) < MaxCommand:
		return 0, More
	}
	p.bad = TooLong
	return p.skip(buf, MaxCommand)
}

// parseLong goes on where a line may have more octets than MaxCommand: limit. What is
// no command when its end has come is a line that is too long.
func (p *CommandParser) parseLong(buf []byte, limit int) (n int, r Result) {
	k := bytes.IndexByte(buf[MaxCommand:min(len(buf), limit)], '\n')
	if k < 0 && len(buf) < limit {
		return 0, More
	}
	if k >= 0 {
		if at, r := p.match(buf[:MaxCommand+k+1]); r == Parsed && at <= p.Verb.Limit() {
			return at, Parsed
		}
	}
	p.bad = TooLong
	return p.skip(buf, MaxCommand)
}

// skip looks for the end of a bad line in buf[from:].
func (p *CommandParser) skip(buf []byte, from int) (int, Result) {
	k := bytes.IndexByte(buf[from:], '\n')
	if k < 0 {
		p.skipped = min(p.skipped+len(buf), MaxCommand+1)
		return len(buf), More
	}
	n, r := from+k+1, p.bad
	if p.skipped+n > MaxCommand {
		r = TooLong
	}
	p.bad, p.skipped = More, 0
	return n, r
}
