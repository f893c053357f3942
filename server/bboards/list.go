package bboards

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// The file NAME.list: the cache of number.go, of each file of the group the version, and
// of each of its messages the unique-id and the number, in the order of the file. It is
// not needed, and is believed only with the right checksum.
const (
	listEnding = ".list"
	listTitle  = "popper-list-1\n"
)

// numbered is what is known of one file: nil is nothing.
type numbered struct {
	seen
	uids    []string
	numbers []uint64
}

type lists [len(boxes)]*numbered

func (l *lists) encode() []byte {
	var b bytes.Buffer
	b.WriteString(listTitle)
	for _, x := range boxes {
		if l[x] == nil {
			continue
		}
		fmt.Fprintf(&b, "box %d %s\n", x, l[x].encode())
		for i, uid := range l[x].uids {
			b.WriteString(uid)
			b.WriteByte(' ')
			b.WriteString(strconv.FormatUint(l[x].numbers[i], 10))
			b.WriteByte('\n')
		}
	}
	return seal(b.Bytes())
}

// decodeLists reads the file; whatever is wrong, nothing is known.
func decodeLists(data []byte) (l lists) {
	text, ok := unseal(data, listTitle)
	if !ok {
		return lists{}
	}
	var at *numbered
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if word == "box" {
			b, v, _ := strings.Cut(rest, " ")
			x, err := decodeBox(b)
			if err != nil {
				return lists{}
			}
			at = new(numbered)
			if at.seen, err = decodeSeen(v); err != nil {
				return lists{}
			}
			l[x] = at
			continue
		}
		n, err := strconv.ParseUint(rest, 10, 64)
		if err != nil || at == nil {
			return lists{}
		}
		at.uids, at.numbers = append(at.uids, word), append(at.numbers, n)
	}
	return l
}

// known are the numbers by unique-id of all messages.
func (l *lists) known() map[string]uint64 {
	all := map[string]uint64{}
	for _, x := range boxes {
		if l[x] != nil {
			for i, uid := range l[x].uids {
				all[uid] = l[x].numbers[i]
			}
		}
	}
	return all
}

// used are the numbers in one file.
func (n *numbered) used() map[uint64]bool {
	all := map[uint64]bool{}
	if n != nil {
		for _, k := range n.numbers {
			all[k] = true
		}
	}
	return all
}
