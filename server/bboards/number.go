package bboards

import (
	"slices"
	"strconv"
	"strings"
)

// The numbers of messages (R1082-MAX-1). RFC 1082 calls them maxima: each message of a
// group has one, a reader remembers the highest that he has seen, and next time fetches
// what has a higher one. So a number must never change, never be another message's too,
// and never be given again; and whoever comes later must have a higher one.
//
// Where does a number come from? popper stamps what it delivers: "BBoard-ID: n" in the
// header. So did MH. But other programs deliver without a stamp, and a sender can write
// any stamp that he likes. A message whose unique-id (mbox/uid.go) is not known yet gets
//
//	the number of its stamp, if that is one that popper has given away for this file
//	and not seen in it yet, or if it is above the maxima, by at most maxLeap;
//	otherwise the next number.
//
// So no sender can take a number that was given, nor use up the numbers.
//
// What is kept? The maxima, durably; and for each message whose number does not follow
// from the files by the rule below, its unique-id and its number, durably ("given").
// Besides, as a cache, unique-id and number of every message of both files. If the cache
// is lost, or is of an earlier time than the state, so is the knowledge which messages are
// new, and a message that is not in what there is of it, and not among the given ones, is
// numbered by
//
//	the rule    its stamp holds if it is above the numbers of all messages before it
//	            in the file, and at most maxLeap above the maxima
//
// Whatever decided on a number, it is compared with the rule, and if the rule would not
// give the same number the message becomes one of the given ones. Messages that go from
// the file, and a maxima that grows, do not make the rule say otherwise. Hence losing the
// cache changes no number.
//
// If the whole state is lost, the maxima is that of the .cnt file of MH, if there is
// one, or the highest number found, and only numbers that stamps bear survive: messages
// without one, or with one that was not believed, are numbered anew. And if the cache is
// lost, and messages are sorted before the next look, numbers may change. If it is lost
// just when a forged stamp has come with a number of a message that is gone, that is
// believed.
//
// Twins, which have the same octets, separator line and all, and no stamp, are told
// apart by their order only: when the first goes, the second takes its number.
//
// Messages of group and archive share numbers and maxima. When one is archived it takes
// its number along: as the stamp of what is put into the archive (archive.go).

// box is one of a group's two files.
type box uint8

const (
	current box = iota
	archive
)

var boxes = [...]box{archive, current} // in the order in which numbers are given

func (b box) String() string { return [...]string{"group", "archive"}[b] }

// letter is a message as numbering sees it. The stamp is asked for only if it matters.
type letter struct {
	uid   string
	stamp func() (uint64, error) // 0: none
}

// numbering gives each message of a file its number. known are the numbers of messages
// seen before in either file, others are those that must be other messages', and stale tells
// that there may be messages in this file which were seen before and are not known.
func (s *state) number(b box, letters []letter, known map[string]uint64, others map[uint64]bool, stale bool) ([]uint64, error) {
	r := ruling{state: s, box: b, stale: stale, used: others}
	numbers, stamps := make([]uint64, len(letters)), make([]uint64, len(letters))
	for i, l := range letters {
		n, ok := s.given[l.uid]
		if !ok {
			if n, ok = known[l.uid]; ok {
				stamps[i] = n // or it would be one of the given ones
			}
		}
		if !ok {
			var err error
			if stamps[i], err = l.stamp(); err != nil {
				return nil, err
			}
			if r.believes(stamps[i]) {
				n = stamps[i]
			}
			r.news = true
		}
		numbers[i] = n
		r.note(n)
	}
	for i := range numbers {
		if numbers[i] == 0 {
			s.maxima++
			numbers[i] = s.maxima
		}
	}
	var before uint64
	for i, n := range numbers {
		if n != stamps[i] || n <= before {
			s.given[letters[i].uid] = n
		}
		before = max(before, n)
	}
	s.grown = r.news
	s.issued[b] = nil // what has not come by now will not come
	return numbers, nil
}

// ruling is what decides on the stamps of one file, in order.
type ruling struct {
	*state
	box    box
	stale  bool
	before uint64          // the highest number so far
	used   map[uint64]bool // by others
	news   bool
}

// believes tells whether a new message may have the number of its stamp.
func (r *ruling) believes(stamp uint64) bool {
	if stamp == 0 || stamp > maxNumber || stamp > max(r.maxima, r.before)+maxLeap {
		return false
	}
	if r.stale {
		return stamp > r.before && !r.used[stamp]
	}
	return stamp > r.maxima || r.issued[r.box].take(stamp)
}

// note takes notice of a number that a message has.
func (r *ruling) note(n uint64) {
	r.before = max(r.before, n)
	r.maxima = max(r.maxima, n)
}

// ranges are numbers that popper has put into stamps and not seen since, in the order in
// which they were given.
type ranges []span

type span struct{ from, to uint64 }

// add adds a number.
func (r *ranges) add(n uint64) {
	if k := len(*r); k > 0 && (*r)[k-1].to+1 == n {
		(*r)[k-1].to = n
		return
	}
	*r = append(*r, span{n, n})
}

// has tells whether a number is there.
func (r ranges) has(n uint64) bool {
	return slices.ContainsFunc(r, func(s span) bool { return s.from <= n && n <= s.to })
}

// take takes a number out, if it is there.
func (r *ranges) take(n uint64) bool {
	if !r.has(n) {
		return false
	}
	var left ranges
	for _, s := range *r {
		if s.from <= n && n <= s.to {
			if s.from < n {
				left = append(left, span{s.from, n - 1})
			}
			if n < s.to {
				left = append(left, span{n + 1, s.to})
			}
			continue
		}
		left = append(left, s)
	}
	*r = left
	return true
}

// parseStamp reads the BBoard-ID fields of a message: its stamp is the plain decimal
// number in the line of the one that it has. Lines that continue it do not count: they
// are the message's own, if it begins with such lines. 0 is none.
func parseStamp(fields []byte) uint64 {
	line, more, _ := strings.Cut(string(fields), "\n")
	for line := range strings.Lines(more) {
		if line[0] != ' ' && line[0] != '\t' {
			return 0
		}
	}
	_, value, _ := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != value {
		return 0
	}
	return n
}
