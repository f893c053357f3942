package server

import (
	"popper/parser"
)

// Stat: R1081-STAT-1.
func (d *dialog) Stat(*parser.Command) outcome {
	return outcome{ok: true, line: parser.AppendDropListing(nil, uint64(d.count), uint64(d.octets))}
}

// List: R1081-LIST-1, R1082-BB-3.
func (d *dialog) List(c *parser.Command) outcome {
	if c.Has(parser.ArgMessage) {
		i, ok := d.index(c)
		if !ok {
			return noSuchMessage()
		}
		if d.group != nil {
			return outcome{ok: true, line: parser.AppendGroupListing(nil, c.Message, d.size(i), d.group.maxima[i])}
		}
		return outcome{ok: true, line: parser.AppendScanListing(nil, c.Message, d.size(i))}
	}
	o := done("%d messages (%d octets)", d.count, d.octets)
	o.body = &listing{dialog: d, ready: d.drop.Len(), line: d.scanLine}
	return o
}

// scanLine is the line of LIST for message i (R1081-LIST-1, R1082-BB-3).
func (d *dialog) scanLine(dst []byte, i int) []byte {
	if d.group != nil {
		return parser.AppendGroupListingLine(dst, uint64(i)+1, d.size(i), d.group.maxima[i])
	}
	return parser.AppendScanListingLine(dst, uint64(i)+1, d.size(i))
}

// Retr: R1081-RETR-1, R1081-RETR-2, R1081-RETR-3.
func (d *dialog) Retr(c *parser.Command) outcome {
	i, ok := d.index(c)
	if !ok {
		return noSuchMessage()
	}
	number, size := c.Message, d.drop.Size(i)
	o := done("%d octets", size)
	o.body = &message{stream: d.drop.Message(i), size: size, whole: func() {
		d.accessed = max(d.accessed, number)
		if d.config.Expire == AtOnce {
			d.fetched.add(i, d.drop.Len())
		}
		d.retrieved++
		d.sent += size
	}}
	return o
}

// Top: R1081-TOP-1. It does not count as access (R1081-RETR-3 names RETR and
// DELE only).
func (d *dialog) Top(c *parser.Command) outcome {
	i, ok := d.index(c)
	if !ok {
		return noSuchMessage()
	}
	o := done("top of message follows")
	o.body = &message{stream: d.drop.Top(i, c.Lines)}
	return o
}

// Dele: R1081-DELE-1.
func (d *dialog) Dele(c *parser.Command) outcome {
	i, ok := d.index(c)
	if !ok {
		return noSuchMessage()
	}
	if d.group != nil { // R1082-BB-3
		return done("message %d stays, it is the group's", c.Message)
	}
	d.marks.add(i, d.drop.Len())
	d.count--
	d.octets -= d.drop.Size(i)
	d.accessed = max(d.accessed, c.Message)
	return done("message %d marked for deletion", c.Message)
}

// Noop: R1081-NOOP-1.
func (d *dialog) Noop(*parser.Command) outcome { return done("") }

// Last: R1081-LAST-1; a session starts with what earlier ones left, with a group anew.
func (d *dialog) Last(*parser.Command) outcome {
	return done("%d", d.highest())
}

// highest is the highest number accessed, by this session or an earlier one.
func (d *dialog) highest() uint64 {
	if d.accessed == uint64(d.drop.Len()) || d.group != nil {
		return d.accessed // and nothing needs to be read; a group keeps nothing of its readers
	}
	return max(d.accessed, uint64(d.drop.Last()))
}

// Rset: R1081-RSET-1.
func (d *dialog) Rset(*parser.Command) outcome {
	d.marks, d.accessed = nil, 0
	d.total()
	return done("maildrop has %d messages (%d octets)", d.count, d.octets)
}

// total counts the messages when none is marked.
func (d *dialog) total() {
	d.count, d.octets = int64(d.drop.Len()), d.drop.Octets()
}

func (d *dialog) size(i int) uint64 { return uint64(d.drop.Size(i)) }

// index is the position in the maildrop of the message that c names; false if
// there is none or it is marked (R1081-NUM-1).
func (d *dialog) index(c *parser.Command) (int, bool) {
	if c.Message == 0 || c.Message > uint64(d.drop.Len()) {
		return 0, false
	}
	i := int(c.Message - 1)
	return i, !d.marks.has(i)
}

func noSuchMessage() outcome { return refusal("no such message") }
