package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"popper/mbox"
	"popper/parser"
)

// Discussion groups (RFC 1082). Opening one closes what was open. For the default
// maildrop that is the update, exactly as QUIT does it (R1082-BB-2): so the group is
// opened first, that an error leaves the session where it was, and if the update then
// fails the session ends, since what is left of its maildrop is not to be used.

// group is the discussion group that a session reads.
type group struct {
	name   string
	maxima []uint64 // of each message
}

// guest is what Groups calls somebody whom nobody knows.
const guest = ""

// reader is the name by which groups know who reads.
func (d *dialog) reader() string {
	if d.anonymous {
		return guest
	}
	return d.name
}

// groups are those that the client may read.
func (d *dialog) groups() ([]Group, error) {
	if d.config.Groups == nil {
		return nil, nil
	}
	return d.config.Groups.Readable(d.reader())
}

const xtnd = "XTND" // R1082-X-1

// XtndBboards: R1082-BB-1, R1082-BB-2.
func (d *dialog) XtndBboards(c *parser.Command) outcome {
	if c.Has(parser.ArgName) {
		return d.enter(string(c.Name), false)
	}
	all, err := d.groups()
	if err != nil {
		return d.groupTrouble("", err)
	}
	var listed []GroupInfo
	for _, g := range all {
		i, err := g.Info()
		if err != nil {
			return d.groupTrouble(i.Name, err)
		}
		listed = append(listed, i)
	}
	return groupListing(listed...)
}

// XtndArchive: R1082-AR-1.
func (d *dialog) XtndArchive(c *parser.Command) outcome { return d.enter(string(c.Name), true) }

// enter opens a group, or its archive.
func (d *dialog) enter(name string, archive bool) outcome {
	g, info, o := d.find(name)
	if g == nil {
		return o
	}
	drop, maxima, err := g.Open(archive, d.options())
	if err != nil {
		return d.groupTrouble(info.Name, err)
	}
	if archive {
		info.Maxima = 0
	}
	for _, m := range maxima { // what came since is not there to be read
		info.Maxima = max(info.Maxima, m)
	}
	if o := d.leave(); !o.ok {
		_ = drop.Close()
		return o
	}
	d.drop, d.group = drop, &group{info.Name, maxima}
	d.marks, d.fetched, d.accessed = nil, nil, 0
	d.total()
	d.log.Info("group opened", "user", clip(d.name), "group", info.Name, "archive", archive, "messages", d.count)
	return groupListing(info)
}

// find looks for a group that the client may read; nil with the answer if there is none.
func (d *dialog) find(name string) (Group, GroupInfo, outcome) {
	all, err := d.groups()
	if err != nil {
		return nil, GroupInfo{}, d.groupTrouble("", err)
	}
	for _, g := range all {
		if !g.Named(name) {
			continue
		}
		info, err := g.Info()
		if err != nil {
			return nil, info, d.groupTrouble(info.Name, err)
		}
		return g, info, outcome{}
	}
	return nil, GroupInfo{}, refusal("no such bboard")
}

// leave closes what is open, with the update if that is the default maildrop.
func (d *dialog) leave() outcome {
	if d.group == nil {
		if o := d.update(); !o.ok {
			o.end = "update failed"
			return o
		}
	}
	d.close()
	return done("")
}

// groupListing is one line for each group.
func groupListing(groups ...GroupInfo) outcome {
	var lines []byte
	for _, g := range groups {
		lines = parser.AppendBboardLine(lines, g.Name, g.Maxima)
	}
	return done(xtnd).list(lines)
}

// XtndXBboards: R1082-XB-1.
func (d *dialog) XtndXBboards(c *parser.Command) outcome {
	g, i, o := d.find(string(c.Name))
	if g == nil {
		return o
	}
	date := ""
	if !i.LastDate.IsZero() {
		date = i.LastDate.Format(time.RFC1123Z)
	}
	var s parser.Stuffer
	var b []byte
	for _, line := range []string{
		i.Name, strings.Join(i.Aliases, " "), i.Maildrop, i.Archive, i.Info, i.Map, "*", strings.Join(i.Leaders, " "),
		i.Address, i.Request, i.FeedIn, strings.Join(i.FeedsOut, " "), fmt.Sprintf("0%o %d", i.Flags, i.Maxima), date,
	} {
		b = s.Append(b, []byte(line+"\n"))
	}
	o = done(xtnd)
	o.body = &text{rest: s.End(b)}
	return o
}

// groupTrouble answers an error of a group. A group that a client may not read was not
// found, so that what is left is for the administrator.
func (d *dialog) groupTrouble(name string, err error) outcome {
	if errors.Is(err, ErrNoArchive) {
		return refusal("no archive of this bboard")
	}
	t := openTrouble(err)
	d.log.Log(context.Background(), t.level, "discussion group cannot be opened: "+t.advice,
		"user", clip(d.name), "group", name, "err", err)
	return refusal(strings.Replace(t.client, "[IN-USE]", "[SYS/TEMP]", 1)) // that code is for logins
}

// options are those for a maildrop of this session.
func (d *dialog) options() mbox.Options {
	o := d.config.Maildrop
	o.Interval = d.config.LoginDelay
	o.Cancel = d.ctx.Done()
	o.Warn = func(msg string, args ...any) {
		d.log.Warn(msg, append([]any{"user", clip(d.name)}, args...)...)
	}
	return o
}
