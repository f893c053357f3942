package mbox

import (
	"bytes"
)

// hideInternal takes another program's bookkeeping out of the table, if that is
// what the first message is (MBOX-6). It then belongs to the preamble, which is
// neither shown nor ever removed. Only the first message can be one: a letter
// further on that looks like one is somebody's letter.
func (t *table) hideInternal(f file) error {
	if len(t.msgs) == 0 {
		return nil
	}
	from, to := t.msgs[0].start+t.msgs[0].sep(), t.id.size
	if len(t.msgs) > 1 {
		to = t.msgs[1].start
	}
	b := make([]byte, min(to-from, maxInternalHeader))
	if err := readFull(f, b, from); err != nil {
		return err
	}
	if internal(b) {
		t.hidden, t.msgs = t.msgs[:1:1], t.msgs[1:]
	}
	return nil
}

// internal judges a message by the beginning of its octets. The first Subject
// counts; nothing that is not a whole field does.
func internal(b []byte) bool {
	var subject, known, state bool
	for line := range bytes.Lines(b) {
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
		if len(line) == 0 {
			break
		}
		name, value, field := bytes.Cut(line, []byte{':'})
		switch {
		case !field:
		case bytes.EqualFold(name, []byte("Subject")) && !known:
			known = true
			subject = string(bytes.Trim(value, " \t")) == "DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA"
		case bytes.EqualFold(name, []byte("X-IMAP")):
			state = true
		}
	}
	return subject && state
}
