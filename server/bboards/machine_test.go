package bboards

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// R1082-MAX-1 as a model: whatever happens to a group, the maxima never falls, no message
// ever changes its number, no number is two messages', and each message that comes gets
// one above all that were given when the group was looked at before.
type machine struct {
	*fixture
	texts   []string          // the group's file, message by message
	given   map[string]uint64 // by subject, all that were ever seen
	maxima  uint64
	arrived int
}

func (m *machine) subject() string {
	m.arrived++
	return fmt.Sprintf("s%d", m.arrived)
}

// reload reads the group's file into texts.
func (m *machine) reload(t fataler) {
	t.Helper()
	m.texts = nil
	b, err := os.ReadFile(m.mail + "/system")
	if err != nil || len(b) == 0 {
		return
	}
	for _, text := range strings.SplitAfter(string(b), "\n\nFrom ") {
		text = strings.TrimSuffix(text, "From ")
		if !strings.HasPrefix(text, "From ") {
			text = "From " + text
		}
		m.texts = append(m.texts, text)
	}
}

// look compares all numbers with what was seen before.
func (m *machine) look(t *rapid.T, archived bool) {
	before := m.maxima
	now, other := m.numbers(t, archived), m.numbers(t, !archived)
	for s, n := range other {
		if here, ok := now[s]; ok && here != n {
			t.Fatalf("%s is in both files, with numbers %d and %d", s, here, n)
		}
		now[s] = n
	}
	maxima := m.info(t, "system").Maxima
	if maxima < before {
		t.Fatalf("the maxima fell from %d to %d", before, maxima)
	}
	m.maxima = maxima
	owner := map[uint64]string{}
	for s, n := range m.given {
		owner[n] = s
	}
	fresh := uint64(0)
	for s, n := range now {
		old, known := m.given[s]
		if known && old != n {
			t.Fatalf("%s had number %d, and has %d", s, old, n)
		}
		if !known {
			fresh++
			if o, ok := owner[n]; ok {
				t.Fatalf("%s has number %d, which is %s's", s, n, o)
			}
			if n > maxima || n == 0 {
				t.Fatalf("%s has number %d, the maxima is %d", s, n, maxima)
			}
			m.given[s], owner[n] = n, s
		}
	}
	if maxima-before < fresh {
		t.Fatalf("%d messages came, and the maxima went from %d to %d", fresh, before, maxima)
	}
}

// remove removes some messages behind popper's back, in place.
func (m *machine) remove(t *rapid.T) {
	m.reload(t)
	if len(m.texts) == 0 {
		return
	}
	keep := rapid.SliceOfN(rapid.Bool(), len(m.texts), len(m.texts)).Draw(t, "keep")
	var left string
	for i, text := range m.texts {
		if keep[i] {
			left += text
		}
	}
	m.write(t, m.mail+"/system", left)
}

func TestMaxima(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		x := newFixture(t, map[string]string{"system.group": groupText}).open(rt)
		m := &machine{fixture: x, given: map[string]uint64{}}
		earlier := ""
		lost := false // the cache, and since then nothing was looked at
		rt.Repeat(map[string]func(*rapid.T){
			"deliver": func(t *rapid.T) {
				m.deliver(t, "BBoard-Id: 3\nSubject: "+m.subject()+"\nbboard-id: 9\n\ntext\n")
			},
			"come without a stamp": func(t *rapid.T) { m.append(t, m.mail+"/system", letterText(m.subject(), 0)) },
			"come with any stamp": func(t *rapid.T) {
				if lost { // see number.go on what is lost with the cache
					m.look(t, false)
					lost = false
				}
				stamp := rapid.OneOf(rapid.Uint64Range(1, 60), rapid.Uint64Range(maxLeap-50, maxLeap+200), rapid.Uint64()).Draw(t, "stamp")
				m.append(t, m.mail+"/system", letterText(m.subject(), stamp))
			},
			"go": m.remove,
			"archive": func(t *rapid.T) {
				if len(m.texts) == 0 {
					m.look(t, false)
				}
				keep := rapid.IntRange(1, 5).Draw(t, "keep")
				if _, err := m.Archive("system", Rule{Keep: keep}, m.options); err != nil {
					t.Fatal(err)
				}
			},
			"another process": func(t *rapid.T) { m.open(t) },
			"lose the cache": func(t *rapid.T) {
				m.look(t, false)
				os.Remove(m.options.State + "/groups/system.list")
				lost = true
			},
			"the cache is of an earlier time": func(t *rapid.T) {
				m.look(t, false)
				list := m.options.State + "/groups/system.list"
				now := m.read(t, list)
				if earlier != "" {
					m.write(t, list, earlier)
					_ = os.Chmod(list, 0o600)
				}
				earlier, lost = now, true
			},
			"look":                func(t *rapid.T) { m.look(t, false); lost = false },
			"look at the archive": func(t *rapid.T) { m.look(t, true); lost = false },
		})
	})
}

// Who begins a group with numbers of MH's in its stamps, keeps them; what comes without
// one, or with one that cannot be, gets the next.
func TestStamps(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	x.append(t, x.mail+"/old", letterText("o1", 2)+letterText("o2", 3))
	x.append(t, x.mail+"/system", letterText("a", 5)+letterText("b", 7)+letterText("none", 0)+letterText("low", 6)+
		letterText("high", 9+maxLeap)+strings.Replace(letterText("c", 8), ": 8", ": 08", 1)+letterText("c", 10))
	// unique subjects: the second c bears 10
	x.write(t, x.mail+"/system", strings.Replace(x.read(t, x.mail+"/system"), "BBoard-ID: 08\nSubject: c", "BBoard-ID: 08\nSubject: zero", 1))
	if got := show(x.numbers(t, false)); got != "005 a, 007 b, 010 c, 011 none, 012 low, 013 high, 014 zero" {
		t.Error(got)
	}
	if got := show(x.numbers(t, true)); got != "002 o1, 003 o2" {
		t.Error(got)
	}
	// A forged stamp can have neither a number of a message that is gone, nor one far away.
	x.write(t, x.mail+"/system", letterText("forged", 13)+letterText("far", 20+maxLeap)+letterText("near", 20))
	if got := show(x.numbers(t, false)); got != "015 far, 020 near, 021 forged" && got != "020 near, 021 forged, 022 far" {
		t.Error(got)
	}
}

// Without its state a group keeps what the stamps tell.
func TestLostState(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	for _, s := range []string{"a", "b", "c"} {
		x.deliver(t, "Subject: "+s+"\n\n")
	}
	if _, err := x.Archive("system", Rule{Keep: 1}, x.options); err != nil {
		t.Fatal(err)
	}
	for _, lose := range []func(string) error{os.Remove, func(s string) error { return os.Truncate(s, 20) }} {
		if err := lose(x.options.State + "/groups/system.maxima"); err != nil {
			t.Fatal(err)
		}
		os.Remove(x.options.State + "/groups/system.list")
		x.open(t)
		x.deliver(t, "Subject: new"+fmt.Sprint(len(x.numbers(t, false)))+"\n\n")
		if got := show(x.numbers(t, true)); got != "001 a, 002 b" {
			t.Error(got)
		}
	}
	if got := show(x.numbers(t, false)); got != "003 c, 004 new1, 005 new2" {
		t.Error(got)
	}
	if !strings.Contains(x.log.String(), "damaged") {
		t.Errorf("the log: %s", &x.log)
	}
}

// State that another could have written is not believed.
func TestForeignState(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	x.deliver(t, "Subject: a\n\n")
	if err := os.Chmod(x.options.State+"/groups/system.maxima", 0o644); err != nil {
		t.Fatal(err)
	}
	if err := x.Deliver("system", letterOf("b"), 0, x.options); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("%v", err)
	}
}

// R1082-MAX-1: a state that is damaged still tells where numbers went on.
func TestDamagedState(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	for range 5 {
		x.deliver(t, "Subject: a\n\n")
	}
	x.write(t, x.mail+"/system", "")
	name := x.options.State + "/groups/system.maxima"
	text := strings.Replace(x.read(t, name), "last ", "lost ", 1)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Remove(x.options.State + "/groups/system.list")
	x.open(t)
	x.deliver(t, "Subject: new\n\n")
	if got := show(x.numbers(t, false)); got != "006 new" {
		t.Error(got)
	}
}

// R1082-MAX-1: losing the cache while one file has changed and the other has not makes
// no message of the other one forgotten, however many there are.
func TestForgetsOnlyWhatIsGone(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText})
	x.options.Wait = 20 * time.Second
	x.open(t)
	var b strings.Builder
	for i := range maxGone + 500 {
		fmt.Fprintf(&b, "From a Tue Jan  2 15:04:05 2024\nSubject: %d\n\n", i)
	}
	x.append(t, x.mail+"/system", b.String())
	x.append(t, x.mail+"/old", letterText("o", 0))
	time.Sleep(2500 * time.Millisecond) // until their time stamps tell of changes
	before := x.numbers(t, false)
	x.append(t, x.mail+"/old", letterText("p", 0))
	os.Remove(x.options.State + "/groups/system.list")
	x.info(t, "system")
	after := x.numbers(t, false)
	for s, n := range before {
		if after[s] != n {
			t.Fatalf("message %s had number %d, and has %d", s, n, after[s])
		}
	}
}
