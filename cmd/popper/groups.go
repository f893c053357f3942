package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"popper/mbox"
	"popper/parser"
	"popper/server/bboards"
)

// dialectFlags are what RFC 1082 and the Berkeley server added, as an administrator
// wants it.
type dialectFlags struct {
	dialects  []parser.Dialect // nil: all
	groups    string
	anonymous bool
	from      []netip.Prefix // nil: from everywhere
	rpop      string
}

func (c *dialectFlags) define(f *flag.FlagSet) {
	f.Func("dialects", "", c.setDialects)
	f.StringVar(&c.groups, "groups", "", "")
	f.BoolVar(&c.anonymous, "anonymous", false, "")
	f.Func("anonymous-from", "", c.setFrom)
	f.StringVar(&c.rpop, "rpop", "", "")
}

func (c *dialectFlags) setDialects(s string) error {
	var known []string
	for _, d := range parser.Dialects {
		known = append(known, d.String())
	}
	c.dialects = []parser.Dialect{}
	for word := range strings.SplitSeq(s, ",") {
		i := slices.Index(known, word)
		if i < 0 {
			return fmt.Errorf("no dialect is called %q; there are %s", word, strings.Join(known, ", "))
		}
		c.dialects = append(c.dialects, parser.Dialects[i])
	}
	return nil
}

// knows tells whether commands of dialect d are known.
func (c *dialectFlags) knows(d parser.Dialect) bool {
	return c.dialects == nil || slices.Contains(c.dialects, d)
}

// setFrom reads addresses and prefixes.
func (c *dialectFlags) setFrom(s string) error {
	c.anonymous = true
	for word := range strings.SplitSeq(s, ",") {
		p, err := prefix(word)
		if err != nil {
			return err
		}
		c.from = append(c.from, p)
	}
	return nil
}

// prefix reads an address, or a prefix of addresses. Names are no use: whoever serves
// the reverse of his address can give it any name.
func prefix(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no address and no prefix like 192.0.2.0/24: names are not taken", s)
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// guests is who may be anonymous, as server.Config has it.
func (c *dialectFlags) guests() func(netip.Addr) bool {
	if !c.anonymous {
		return nil
	}
	return func(a netip.Addr) bool {
		return c.from == nil || slices.ContainsFunc(c.from, func(p netip.Prefix) bool { return p.Contains(a) })
	}
}

// openGroups reads the groups directory, for a program that delivers or archives.
func openGroups(dir, state string, locks lockFlags) (*bboards.Directory, error) {
	if err := makeOwn(state); err != nil {
		return nil, configError("--state: %w", err)
	}
	log := textLogger(os.Stderr, slog.LevelWarn)
	g, err := bboards.Open(dir, mbox.Options{State: state, Locks: locks.kinds, Wait: locks.wait}, log)
	if err != nil {
		return nil, configError("--groups: %w", err)
	}
	return g, nil
}

const archiveUsage = `popper archive: moves messages of discussion groups to their archives

  popper archive --groups DIR [flags] GROUP...

  --groups DIR           the groups: files NAME.group, or MH's bboards
  --state DIR            popper's own directory (/var/lib/popper)
  --keep N               all but the newest N messages (0)
  --older-than DURATION  only messages that came longer ago, for instance 720h
  --locks KINDS, --lock-wait DURATION   as for popper
`

// archive is `popper archive`, for cron.
func archive(args []string) int {
	var groups, state string
	var rule bboards.Rule
	var age time.Duration
	var locks lockFlags
	f := flag.NewFlagSet("popper archive", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&groups, "groups", "", "")
	f.StringVar(&state, "state", defaultState, "")
	f.IntVar(&rule.Keep, "keep", 0, "")
	duration(f, &age, "older-than", 0)
	locks.define(f)
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(archiveUsage)
		return 0
	case err != nil:
		return exit(usageError("%w", err))
	case groups == "":
		return exit(usageError("give --groups DIR"))
	case f.NArg() == 0:
		return exit(usageError("name the groups to archive"))
	case rule.Keep < 0 || age < 0 || rule.Keep == 0 && age == 0:
		return exit(usageError("give --keep N or --older-than DURATION: without them all would be archived"))
	}
	if err := locks.check(); err != nil {
		return exit(err)
	}
	if age > 0 {
		rule.Before = time.Now().Add(-age)
	}
	d, err := openGroups(groups, state, locks)
	if err != nil {
		return exit(err)
	}
	return archiveAll(d, f.Args(), rule, mbox.Options{State: state, Locks: locks.kinds, Wait: locks.wait})
}

// archiveAll goes through all groups, though one be in trouble.
func archiveAll(d *bboards.Directory, names []string, rule bboards.Rule, o mbox.Options) (code int) {
	for _, name := range names {
		moved, err := d.Archive(name, rule, o)
		if moved > 0 { // else cron would mail it
			fmt.Printf("%s: %d messages archived\n", name, moved)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "popper archive: %s: %v\n", name, err)
			code = sysexit(err)
		}
	}
	return code
}
