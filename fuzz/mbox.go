package fuzz

import (
	"bytes"
	"errors"
	"io"

	"popper/mbox"
	"popper/mbox/mboxref"
)

// FuzzMbox opens the input as a maildrop, compares it with the slow reader, and
// removes messages that the input's own octets choose. MBOX-1, MBOX-2, MBOX-3, MBOX-4,
// MBOX-5, MBOX-6, R1081-SIZE-1, UPD-1.
func FuzzMbox(data []byte) int {
	unquote := len(data)%2 == 1
	want, refErr := mboxref.Messages(data, unquote)
	writeSpool(data)
	m, err := mbox.Open(spoolPath(), mbox.Options{State: statePath(), Unquote: unquote})
	must((err == nil) == (refErr == nil), "%q: %v, slow reader: %v", data, err, refErr)
	if err != nil {
		must(errors.Is(err, mbox.ErrNotMailbox), "%q: %v", data, err)
		return 0
	}
	defer m.Close()
	must(m.Len() == len(want), "%q: %d messages, slow reader has %d", data, m.Len(), len(want))
	for i, w := range want {
		got := octets(m.Message(i))
		must(bytes.Equal(got, w.Body), "%q: message %d is %q, slow reader has %q", data, i, got, w.Body)
		must(m.Size(i) == int64(len(mboxref.Normal(w.Body))), "%q: message %d: size %d", data, i, m.Size(i))
		head := octets(m.Top(i, 1))
		must(bytes.HasPrefix(got, head), "%q: the top of message %d is %q", data, i, head)
	}
	checkRemoval(m, data, want)
	return worth(len(want) > 1)
}

func octets(s *mbox.Stream) (out []byte) {
	for {
		b, err := s.Next()
		if err == io.EOF {
			return out
		}
		must(err == nil, "stream: %v", err)
		out = append(out, b...)
	}
}

// checkRemoval: UPD-1, what stays does so octet for octet.
func checkRemoval(m *mbox.Maildrop, data []byte, messages []mboxref.Message) {
	marked := func(i int) bool { return data[messages[i].End-1]%2 == 0 || i%3 == len(data)%3 }
	var stays []byte
	at := 0
	for i, w := range messages {
		if marked(i) {
			stays = append(stays, data[at:w.Start]...)
			at = w.End
		}
	}
	stays = append(stays, data[at:]...)
	err := m.Remove(marked)
	must(err == nil, "%q: remove: %v", data, err)
	got := readSpool()
	must(bytes.Equal(got, stays), "%q: after removal %q, want %q", data, got, stays)
}
