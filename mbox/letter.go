package mbox

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"time"

	"popper/parser"
)

// Quoting is how lines of a message that begin with "From " are kept from being
// taken for separator lines (MBOX-4).
type Quoting uint8

const (
	// NoQuoting is for text that is quoted already.
	NoQuoting Quoting = iota
	// Mboxrd puts a ">" before "From ", and before any number of ">" and "From ":
	// it can be undone.
	Mboxrd
	// Mboxo puts a ">" before "From " only, as older programs do.
	Mboxo
)

func (q Quoting) String() string {
	switch q {
	case NoQuoting:
		return "none"
	case Mboxrd:
		return "mboxrd"
	case Mboxo:
		return "mboxo"
	}
	return fmt.Sprintf("Quoting(%d)", uint8(q))
}

// quoter rewrites text that comes in pieces.
type quoter interface {
	Append(dst, src []byte) []byte
	End(dst []byte) []byte
}

func (q Quoting) quoter() (quoter, error) {
	switch q {
	case NoQuoting:
		return new(plain), nil
	case Mboxrd:
		return new(parser.Quoter), nil
	case Mboxo:
		return new(parser.OldQuoter), nil
	}
	return nil, fmt.Errorf("unknown kind of quoting: %s", q)
}

// plain quotes nothing.
type plain struct{ parser.Keeper }

func (*plain) End(dst []byte) []byte { return dst }

// Letter is a message that is to be appended to a maildrop.
type Letter struct {
	// Separator is a whole separator line without its LF, kept from another maildrop.
	// If it is empty, one is made of Sender and Time.
	Separator string
	// Sender is the envelope sender. If it is empty, MAILER-DAEMON stands for it;
	// octets that do not belong in a separator line become "-".
	Sender string
	// Time is when the message was delivered, in the zone that the separator line
	// is to show. The zero time means now.
	Time time.Time
	// Fields are header lines to put in front of the text, each ended by LF.
	Fields []byte
	// Text is the message, with LF or CRLF at the ends of lines, with or without a
	// last one. If it begins with a separator line of its own, that is dropped.
	Text io.Reader
}

// separator is the separator line, with its LF.
func (l Letter) separator() (string, error) {
	line := l.Separator
	if line == "" {
		at := l.Time
		if at.IsZero() {
			at = time.Now()
		}
		line = "From " + separatorSender(l.Sender) + " " + at.Format(time.ANSIC)
	}
	if !separator([]byte(line)) || line[len(line)-1] == '\r' {
		return "", fmt.Errorf("%q is no separator line", line)
	}
	return line + "\n", nil
}

// separatorSender is how a sender stands in a separator line: in one word, as qmail
// writes it, for programs that find the date by counting words.
func separatorSender(sender string) string {
	if sender == "" {
		return "MAILER-DAEMON"
	}
	b := []byte(sender[:min(len(sender), maxSender)])
	for i, c := range b {
		if c <= ' ' || c == 0x7F {
			b[i] = '-'
		}
	}
	return string(b)
}

// text is what follows the separator line: Fields and Text.
func (l Letter) text() (io.Reader, error) {
	if l.Text == nil {
		return bytes.NewReader(l.Fields), nil
	}
	r := bufio.NewReaderSize(l.Text, 2*maxOpenLine)
	b, err := r.Peek(maxOpenLine + 1)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("message: %w", err)
	}
	if line, _, ended := bytes.Cut(b, []byte{'\n'}); separator(line) {
		if ended {
			line = b[:len(line)+1]
		}
		if _, err := r.Discard(len(line)); err != nil {
			return nil, err
		}
	}
	return io.MultiReader(bytes.NewReader(l.Fields), r), nil
}
