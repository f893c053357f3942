package bboards

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"popper/mbox"
)

// state is what must outlive everything of a group: see number.go.
type state struct {
	maxima uint64
	last   time.Time
	seen   [len(boxes)]seen
	issued [len(boxes)]ranges
	given  map[string]uint64 // by unique-id

	grown bool // the last numbering has met a new message
}

// seen is the version of a file that was numbered last.
type seen struct {
	mbox.Version
	settled, numbered bool
}

func newState() *state { return &state{given: map[string]uint64{}} }

// The file NAME.maxima: a title, lines of a word and what belongs to it, and a checksum
// over all that.
const (
	stateEnding = ".maxima"
	stateTitle  = "popper-maxima-1\n"
	sumWord     = "sum "
)

func (s *state) encode() []byte {
	var b bytes.Buffer
	b.WriteString(stateTitle)
	fmt.Fprintf(&b, "maxima %d\n", s.maxima)
	if !s.last.IsZero() {
		fmt.Fprintf(&b, "last %d\n", s.last.Unix())
	}
	for _, x := range boxes {
		if v := s.seen[x]; v.numbered {
			fmt.Fprintf(&b, "seen %d %s\n", x, v.encode())
		}
		for _, r := range s.issued[x] {
			fmt.Fprintf(&b, "issued %d %d %d\n", x, r.from, r.to)
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(s.given)) {
		fmt.Fprintf(&b, "given %s %d\n", uid, s.given[uid])
	}
	return seal(b.Bytes())
}

func (v seen) encode() string {
	return fmt.Sprintf("%d %d %d %d %d %t", v.Dev, v.Ino, v.Size, v.Mtime, v.Ctime, v.settled)
}

func decodeSeen(text string) (v seen, err error) {
	n, err := fmt.Sscanf(text, "%d %d %d %d %d %t", &v.Dev, &v.Ino, &v.Size, &v.Mtime, &v.Ctime, &v.settled)
	if err == nil && n != 6 {
		err = errDamaged
	}
	v.numbered = true
	return v, err
}

// seal closes a file with its checksum.
func seal(b []byte) []byte {
	return fmt.Appendf(b, "%s%x\n", sumWord, sha256.Sum256(b))
}

// unseal checks title and checksum, and gives what is between.
func unseal(b []byte, title string) (string, bool) {
	k := bytes.LastIndex(b, []byte("\n"+sumWord)) + 1
	if k == 0 || !bytes.Equal(seal(bytes.Clone(b[:k])), b) {
		return "", false
	}
	return strings.CutPrefix(string(b[:k]), title)
}

var errDamaged = errors.New("the file is damaged")

func decodeState(b []byte) (*state, error) {
	text, ok := unseal(b, stateTitle)
	if !ok {
		return nil, errDamaged
	}
	s := newState()
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if err := s.decode(word, rest); err != nil {
			return nil, fmt.Errorf("%w: line %q", errDamaged, line)
		}
	}
	return s, nil
}

// decode takes one line of the file.
func (s *state) decode(word, rest string) (err error) {
	switch word {
	case "maxima":
		s.maxima, err = strconv.ParseUint(rest, 10, 64)
	case "last":
		var at int64
		at, err = strconv.ParseInt(rest, 10, 64)
		s.last = time.Unix(at, 0)
	case "seen":
		b, v, _ := strings.Cut(rest, " ")
		x, err := decodeBox(b)
		if err == nil {
			s.seen[x], err = decodeSeen(v)
		}
		return err
	case "issued":
		var x int
		var r span
		_, err = fmt.Sscanf(rest, "%d %d %d", &x, &r.from, &r.to)
		if err != nil || x < 0 || x >= len(boxes) {
			return errDamaged
		}
		s.issued[x] = append(s.issued[x], r)
	case "given":
		uid, n, _ := strings.Cut(rest, " ")
		s.given[uid], err = strconv.ParseUint(n, 10, 64)
	default:
		err = errDamaged
	}
	return err
}

func decodeBox(s string) (box, error) {
	for _, b := range boxes {
		if s == strconv.Itoa(int(b)) {
			return b, nil
		}
	}
	return 0, errDamaged
}

// came notes when a message came.
func (s *state) came(at time.Time) {
	if at.After(s.last) {
		s.last = at
	}
}

// forget drops the lowest numbers of messages that are in neither file, when there are
// too many.
func (s *state) forget(here map[string]uint64) {
	var gone []string
	for uid := range s.given {
		if _, ok := here[uid]; !ok {
			gone = append(gone, uid)
		}
	}
	if len(gone) <= maxGone {
		return
	}
	slices.SortFunc(gone, func(a, b string) int {
		if s.given[a] < s.given[b] {
			return -1
		}
		return 1
	})
	for _, uid := range gone[:len(gone)-maxGone] {
		delete(s.given, uid)
	}
}

// load reads the state of a group; found is false if there is none. One that is damaged
// is set aside.
func (d *Directory) load(g *definition) (s *state, found bool, err error) {
	name := d.file(g, stateEnding)
	data, err := readOwn(name)
	if errors.Is(err, fs.ErrNotExist) {
		s, err := d.seed(g)
		return s, false, err
	}
	if err != nil {
		return nil, false, err
	}
	s, err = decodeState(data)
	if err == nil {
		return s, true, nil
	}
	aside := name + ".damaged"
	d.log.Error("what was kept of a group's numbers is damaged; it is made anew of the messages, of which those without "+
		"a BBoard-ID stamp get other numbers; if there is a backup of the file, stop popper and put it back",
		"group", g.Name, "file", aside, "err", err)
	if err := os.Rename(name, aside); err != nil {
		return nil, false, err
	}
	s, err = d.seed(g)
	if err == nil {
		s.maxima = max(s.maxima, salvage(data))
	}
	return s, false, err
}

// salvage is the maxima that a damaged state tells. It may be wrong; a gap does no harm,
// and numbers that are given twice do.
func salvage(data []byte) (maxima uint64) {
	for line := range strings.Lines(string(data)) {
		if digits, ok := strings.CutPrefix(strings.TrimSpace(line), "maxima "); ok {
			if n, err := strconv.ParseUint(digits, 10, 64); err == nil && n < maxNumber/2 {
				maxima = max(maxima, n)
			}
		}
	}
	return maxima
}

// seed is the state of a group that is not known: what MH has kept of it.
func (d *Directory) seed(g *definition) (*state, error) {
	s := newState()
	path := g.GroupInfo.Info
	if path == "" {
		return s, nil
	}
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		s.maxima, s.last, err = parseCount(data)
	}
	if err != nil {
		return nil, fmt.Errorf("information file of MH: %w: mend it (its first line is the highest number that was given), or remove it", err)
	}
	return s, nil
}

// save makes the state durable.
func (d *Directory) save(g *definition, s *state) error {
	return writeOwn(d.file(g, stateEnding), s.encode(), true)
}

// file is the name of a file of popper's own about a group.
func (d *Directory) file(g *definition, ending string) string {
	return filepath.Join(d.state, g.key()+ending)
}
