package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/mail"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"popper/mbox"
	"popper/server/passwd"
	"popper/server/spoolfile"
)

const deliverUsage = `popper deliver: appends the message on standard input to a maildrop

  popper deliver [flags] [USER]

USER is whose maildrop it is; without it, the user who runs the program. Run by root,
it becomes USER before it touches any file, or with --file alone the directory's owner. As the name popper-deliver it does the same.

  --maildrop PATTERN     where the mail is; %u is the user (/var/mail/%u)
  --file FILE            the maildrop itself, instead
  -f SENDER              envelope sender; else $SENDER, else the message's Return-Path
  -d USER                the same as USER
  --quote KIND           how lines "From " are quoted: mboxrd or mboxo (mboxrd)
  --return-path          puts a Return-Path field in front
  --delivered-to ADDR    puts a Delivered-To field in front
  --locks KINDS          delivery locks in the order they are taken, of dotlock,
                         fcntl, flock (dotlock,fcntl)
  --lock-wait DURATION   how long to wait for them (20s)
  --group GROUP          deliver to a discussion group instead, with --groups DIR and
                         --state DIR as popper has them
  --max-size SIZE        a longer message is refused, for instance 50M (no limit)

Exit codes are those of sysexits.h: 0 when the message is on the disk, 75 if the mail
system should try again, others if that would not help.
`

// delivery is the command line of popper deliver.
type delivery struct {
	pattern, file string
	sender        string
	known         bool // -f was given
	user          string
	quoting       mbox.Quoting
	returnPath    bool
	deliveredTo   string
	lockFlags
	maxSize              int64
	group, groups, state string
}

// deliver is `popper deliver`. A mail system starts it for each message, and needs to
// hear one thing: whether the message is on the disk, or else whether to try again.
func deliver(args []string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			code = tellMailSystem(fmt.Errorf("please report this: %v", p))
		}
	}()
	// A mail system that stops, and tells its children, must not leave half a letter: it
	// would deliver the whole one again. What is waited for is bounded.
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	d, err := parseDelivery(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(deliverUsage)
		return 0
	}
	if err == nil {
		err = d.run(os.Stdin)
	}
	if err == nil {
		return 0
	}
	return tellMailSystem(err)
}

func tellMailSystem(err error) int {
	// One line: mail systems put it into what they tell the sender.
	fmt.Fprintf(os.Stderr, "popper deliver: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	return sysexit(err)
}

func parseDelivery(args []string) (*delivery, error) {
	d := &delivery{quoting: mbox.Mboxrd}
	f := flag.NewFlagSet("popper deliver", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&d.pattern, "maildrop", defaultMaildrop, "")
	f.StringVar(&d.file, "file", "", "")
	f.Func("f", "", func(s string) error {
		d.sender, d.known = strings.Trim(s, "<>"), true
		return nil
	})
	f.StringVar(&d.user, "d", "", "")
	f.Func("quote", "", d.setQuoting)
	f.BoolVar(&d.returnPath, "return-path", false, "")
	f.StringVar(&d.deliveredTo, "delivered-to", "", "")
	d.lockFlags.define(f)
	size(f, &d.maxSize, "max-size")
	f.StringVar(&d.group, "group", "", "")
	f.StringVar(&d.groups, "groups", "", "")
	f.StringVar(&d.state, "state", defaultState, "")
	if err := f.Parse(args); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			err = usageError("%w", err)
		}
		return nil, err
	}
	named := d.user
	if f.NArg() > 0 {
		d.user = f.Arg(0)
	}
	switch {
	case f.NArg() > 1:
		return nil, usageError("one user: %q is too much", f.Arg(1))
	case named != "" && named != d.user:
		return nil, usageError("two users: %q and %q", named, d.user)
	case (d.group == "") != (d.groups == ""):
		return nil, usageError("--group NAME and --groups DIR belong together")
	case d.group != "" && d.user+d.file != "":
		return nil, usageError("--group, and a user or a file: to which?")
	case strings.ContainsAny(d.deliveredTo, "\r\n"):
		return nil, usageError("--delivered-to: an address is on one line")
	}
	return d, d.lockFlags.check()
}

func (d *delivery) setQuoting(s string) error {
	for _, q := range []mbox.Quoting{mbox.Mboxrd, mbox.Mboxo} {
		if s == q.String() {
			d.quoting = q
			return nil
		}
	}
	return errors.New("it is mboxrd or mboxo")
}

// run delivers the message that in has. All of it is at hand before a lock is taken.
func (d *delivery) run(in io.Reader) error {
	appendTo, err := d.target()
	if err != nil {
		return err
	}
	var held spoolfile.File
	defer held.Close()
	if err := d.hold(&held, in); err != nil {
		return err
	}
	l := mbox.Letter{Sender: d.envelopeSender(held.Reader()), Time: time.Now(), Text: held.Reader()}
	l.Fields = d.fields(l.Sender)
	return appendTo(l)
}

// target is how a letter gets to where it belongs.
func (d *delivery) target() (func(mbox.Letter) error, error) {
	o := mbox.Options{State: d.state, Locks: d.kinds, Wait: d.wait, Create: new(mbox.Creation)}
	if d.group != "" {
		g, err := openGroups(d.groups, d.state, d.lockFlags)
		if err != nil {
			return nil, failure{exitTempFail, err} // an administrator is at work
		}
		o.Create.Mode = 0o644 // everybody may read it, unless the administrator says otherwise
		return func(l mbox.Letter) error { return g.Deliver(d.group, l, d.quoting, o) }, nil
	}
	path, err := d.maildrop()
	if err != nil {
		return nil, err
	}
	return func(l mbox.Letter) error { return mbox.Append(path, l, d.quoting, o) }, nil
}

// hold takes the message in.
func (d *delivery) hold(held *spoolfile.File, in io.Reader) error {
	if d.maxSize > 0 {
		in = io.LimitReader(in, d.maxSize+1)
	}
	if _, err := io.Copy(held, in); err != nil {
		return failure{exitTempFail, fmt.Errorf("the message cannot be held: %w", err)}
	}
	if d.maxSize > 0 && held.Size() > d.maxSize {
		return failure{exitDataErr, fmt.Errorf("the message is longer than %d octets (--max-size)", d.maxSize)}
	}
	return nil
}

// maildrop is the file to deliver to. Run by root, the program is the maildrop's user
// afterwards.
func (d *delivery) maildrop() (path string, err error) {
	switch {
	case d.file != "" && !filepath.IsAbs(d.file):
		return "", usageError("--file %s: write an absolute path", d.file)
	case d.file != "" && d.user == "" && os.Geteuid() == 0:
		return d.file, becomeOwner(filepath.Dir(d.file))
	case d.file != "" && d.user == "":
		return d.file, nil
	}
	if err := d.whoseMail(); err != nil {
		return "", err
	}
	if path = d.file; path == "" {
		if path, err = passwd.Maildrop(d.pattern, d.user); err != nil {
			return "", usageError("%w", err)
		}
	}
	if os.Geteuid() == 0 {
		if err := become(d.user, filepath.Dir(path)); err != nil {
			return "", err
		}
	}
	return path, nil
}

// envelopeSender is the sender that the mail system has told, or the message has.
func (d *delivery) envelopeSender(message io.Reader) string {
	if d.known {
		return d.sender
	}
	if s, ok := os.LookupEnv("SENDER"); ok {
		return strings.Trim(s, "<>")
	}
	if m, err := mail.ReadMessage(io.LimitReader(message, maxSenderLook)); err == nil {
		return strings.Trim(strings.TrimSpace(m.Header.Get("Return-Path")), "<>")
	}
	return ""
}

// maxSenderLook is how far into a message a Return-Path is looked for, in octets: mail
// systems put it first.
const maxSenderLook = 64 << 10

// fields are those to be put in front.
func (d *delivery) fields(sender string) (b []byte) {
	if d.returnPath {
		b = fmt.Appendf(b, "Return-Path: <%s>\n", oneLine(sender))
	}
	if d.deliveredTo != "" {
		b = fmt.Appendf(b, "Delivered-To: %s\n", d.deliveredTo)
	}
	return b
}

// oneLine keeps a sender from beginning a field of his own.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return '-'
		}
		return r
	}, s)
}
