package mbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Delivery: a letter is written behind what the file holds, and never before it. The
// order of things is
//
//	the delivery locks; a look whether the file is still the one at the path, and
//	whether it is a mailbox at all;
//	the line ends that a separator line needs before it, the separator line, the text,
//	a closing empty line;
//	fsync, and if the file was empty, fsync of its directory too, since it may be new;
//	the locks are let go, and the caller hears of success.
//
// If anything fails before that, the file is cut back to what it was, fsync. It is
// not cut if it has another length than we gave it: then a program that ignores the
// locks has put mail behind ours, and a torn message is better than a lost one. (Between
// each look at the length and what follows, such a program has microseconds left.)
//
// What a power cut can leave is a torn tail: some of the octets behind the old end,
// zeros for others. No octet before the old end is ever written, and so all mail that
// was there is there. At the worst the beginning of the tail is missing; then the last
// message seems to go on. The message that was being delivered is not lost: success was
// not reported, so that the mail system still has it and tries again. If the power fails
// after the fsync and before that system has heard of it, the message comes twice. A
// file that has no message yet gets its separator line first, with an fsync of its own:
// zeros at the beginning would make it something that is not a mailbox (MBOX-5), which
// nobody could open and nothing could be delivered to.
//
// The next delivery puts line ends behind a torn tail like behind any other text.
//
// A maildrop in which an update or a merge was interrupted may be appended to: recovery
// takes what lies behind the old end, or once the file was cut, behind the new one, for
// mail that was delivered (update.go, merge.go). What is written here begins with an "F"
// or a line end, as it must for that. Its journal is looked for only if the file does not
// begin like a mailbox, which the update may be the cause of.

// Append appends l to the maildrop at path. It takes the delivery locks, as o.Locks
// and o.Wait say, and not the session lock: mail is delivered while clients read. It
// returns nil only when the disk has the message; after an error the file is what it
// was. l.Text is read while the locks are held: it should be at hand.
//
// A missing file is made if o.Create says how. o.State is not needed.
//
// Errors are ErrLocked, ErrCanceled, ErrNotMailbox, ErrReadOnly, ErrNotCreated,
// ErrChanged, or the system's, each with what mends it.
func Append(path string, l Letter, q Quoting, o Options) error {
	o = o.withDefaults()
	for range maxReopen {
		fd, err := openToAppend(path, o.Create)
		if err != nil {
			return err
		}
		if fd == nil { // made by another program this very moment
			continue
		}
		done, err := appendLocked(path, fd, l, q, o)
		fd.Close()
		if err != nil || done {
			return err
		}
	}
	return fmt.Errorf("%w: %s was replaced %d times while it was being opened", ErrChanged, path, maxReopen)
}

// appendLocked appends to the open file under the delivery locks, if that is still
// the file at the path.
func appendLocked(path string, fd *os.File, l Letter, q Quoting, o Options) (done bool, err error) {
	locks, err := lockDelivery(path, fd, o)
	if err != nil {
		return false, err
	}
	defer locks.release()
	if same, err := sameFile(path, fd); err != nil || !same {
		return false, err
	}
	fi, err := fd.Stat()
	if err != nil {
		return false, err
	}
	if links(fi) != 1 {
		return false, fmt.Errorf("%w: %s has %d names: remove the others", ErrNotMailbox, path, links(fi))
	}
	if err = appendLetter(fd, path, l, q, o, locks.refresh); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return true, nil
}

// tail is what is being appended to a file.
type tail struct {
	f        file
	old      int64 // size of the file as it was
	at       int64 // size that it has by what was written
	progress func()
}

// appendLetter appends to the file f, which is at path and locked.
func appendLetter(f file, path string, l Letter, q Quoting, o Options, progress func()) error {
	id, err := stat(f)
	if err != nil {
		return err
	}
	some, err := hasMail(f, id.size)
	if err != nil && !o.interrupted(path) {
		return err
	}
	head, err := endsBefore(f, id.size)
	if err != nil {
		return err
	}
	line, err := l.separator()
	if err != nil {
		return err
	}
	t := &tail{f, id.size, id.size, progress}
	if err = t.write([]byte(head + line)); err == nil && !some {
		err = f.Sync()
	}
	if err == nil {
		err = t.letter(l, q, o.block)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil && t.old == 0 {
		err = o.disk.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return t.undo(err)
	}
	return nil
}

// letter writes fields and text, and closes them.
func (t *tail) letter(l Letter, q Quoting, block int) error {
	quote, err := q.quoter()
	if err != nil {
		return err
	}
	text, err := l.text()
	if err != nil {
		return err
	}
	in := getBlock(block)
	defer putBlock(in)
	out := make([]byte, 0, block+block/4+quotingSlack)
	var last byte
	for {
		n, err := io.ReadFull(text, in)
		if n > 0 {
			last = in[n-1]
			if err := t.write(quote.Append(out, in[:n])); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return t.write(append(quote.End(out), closing(last)...))
		}
		if err != nil {
			return fmt.Errorf("message: %w", err)
		}
	}
}

// closing is the line end that a text lacks whose last octet is last (0: there is
// none), and the empty line behind a message (MBOX-2). A CR at the end of the text is
// not half a line end (MBOX-3), and must not become it.
func closing(last byte) string {
	switch last {
	case 0, '\n':
		return "\n"
	case '\r':
		return "\r\n\n"
	}
	return "\n\n"
}

// write writes b behind what was written, if nobody else has written there.
func (t *tail) write(b []byte) error {
	t.progress()
	now, err := stat(t.f)
	if err != nil {
		return err
	}
	if now.size != t.at {
		return fmt.Errorf("%w: it went from %d to %d octets in spite of the delivery locks: make its programs use the same kinds",
			ErrChanged, t.at, now.size)
	}
	if _, err := t.f.WriteAt(b, t.at); err != nil {
		t.at += t.written(b)
		return err
	}
	t.at += int64(len(b))
	return nil
}

// written is how much of b a failed call has put behind the file nevertheless. What
// WriteAt says of it is too little if the system wrote a part before it failed, so
// the file itself is asked: if it holds the beginning of b there, and nothing else.
func (t *tail) written(b []byte) int64 {
	now, err := stat(t.f)
	n := now.size - t.at
	if err != nil || n <= 0 || n > int64(len(b)) {
		return 0
	}
	got := make([]byte, n)
	if err := readFull(t.f, got, t.at); err != nil || !bytes.Equal(got, b[:n]) {
		return 0
	}
	return n
}

// undo takes back what was written, because of an error.
func (t *tail) undo(because error) error {
	now, err := stat(t.f)
	if err == nil && now.size != t.at {
		err = fmt.Errorf("it has %d octets and not %d: another program wrote to it", now.size, t.at)
	}
	if err == nil {
		err = t.f.Truncate(t.old)
	}
	if err == nil {
		err = t.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("%w; a part of the message may stay, since the file cannot be cut back to its %d octets: %w", because, t.old, err)
	}
	return because
}
