package bboards

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// R1082-MAX-1: each message delivered has the next number, in its header and for readers;
// the sender's own stamps are gone; the date is that of the last.
func TestDeliver(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	start := time.Now().Add(-time.Second)
	x.append(t, x.mail+"/system", letterText("first", 0))
	x.deliver(t, "Subject: a\nbboard-id : 77\n folded\nX: y\n\nBBoard-ID: text\nFrom x\n")
	x.deliver(t, "BBoard-ID: 3\nSubject: b\n\n")
	if got := show(x.numbers(t, false)); got != "001 first, 002 a, 003 b" {
		t.Error(got)
	}
	text := x.read(t, x.mail+"/system")
	if !strings.Contains(text, "2024\nBBoard-ID: 2\nSubject: a\nX: y\n\nBBoard-ID: text\n>From x\n") || strings.Contains(text, "77") {
		t.Errorf("%q", text)
	}
	if i := x.info(t, "SYSTEM"); i.Maxima != 3 || i.LastDate.Before(start.Truncate(time.Second)) {
		t.Errorf("%+v", i)
	}
}

// A number whose message did not come through is never given again.
func TestDeliverCrash(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	x.deliver(t, "Subject: a\n\n")
	x.fail = func(string) error { return errCut }
	if err := x.Deliver("system", letterOf("lost"), 0, x.options); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	x.open(t)
	if i := x.info(t, "system"); i.Maxima != 2 {
		t.Errorf("%+v", i)
	}
	l := letterOf("")
	l.Text = iotest.ErrReader(errCut)
	if err := x.Deliver("system", l, 0, x.options); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	x.deliver(t, "Subject: b\n\n")
	if got := show(x.numbers(t, false)); got != "001 a, 004 b" {
		t.Error(got)
	}
}

// Many at one time, readers among them: the order in the file is that of the numbers.
func TestDeliverTogether(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	x.options.Wait = time.Minute
	x.deliver(t, "Subject: first\n\n")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := x.Deliver("system", letterOf(fmt.Sprint(i)), 0, x.options); err != nil {
				t.Error(err)
			}
		})
		if i%4 == 0 {
			all.Go(func() {
				all, err := x.Readable("root")
				if err != nil {
					t.Error(err)
					return
				}
				m, numbers, err := all[0].Open(false, x.options)
				if err != nil {
					t.Error(err)
					return
				}
				defer m.Close()
				for k, n := range numbers {
					if n != uint64(k)+1 {
						t.Errorf("message %d has number %d", k, n)
					}
				}
			})
		}
	}
	all.Wait()
	if i := x.info(t, "system"); i.Maxima != 21 {
		t.Errorf("%+v", i)
	}
}

func TestDeliverNoGroup(t *testing.T) {
	x := newFixture(t, map[string]string{"system.group": groupText}).open(t)
	for _, name := range []string{"", "../system", "system\x00", strings.Repeat("x", 1<<20), "%s%n", "a\nb"} {
		err := x.Deliver(name, letterOf("a"), 0, x.options)
		if !errors.Is(err, ErrNoGroup) || len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\x00\n") {
			t.Errorf("%.40q: %.200v", name, err)
		}
	}
}

// Stamps go, wherever the pieces are cut, and nothing else does.
func TestStripper(t *testing.T) {
	long := strings.Repeat("x", 10000)
	for in, want := range map[string]string{
		"": "", "\n": "\n", "x": "x", "BBoard-ID: 1": "", "BBoard-ID: 1\n": "", "A: b\nBBOARD-ID:1\nC: d\n\nBBoard-ID: 1\n": "A: b\nC: d\n\nBBoard-ID: 1\n",
		"BBoard-ID \t: 1\n a\n\tb\nA: b\n": "A: b\n", "BBoard-IDs: 1\n": "BBoard-IDs: 1\n", "BBoard-ID\n": "BBoard-ID\n",
		"A: b\r\nBBoard-ID: 1\r\n\r\nBBoard-ID: 2\r\n":                                       "A: b\r\n\r\nBBoard-ID: 2\r\n",
		"A: " + long + "\nBBoard-ID: " + long + "\n" + long + "\nB: " + long + "\n\n" + long: "A: " + long + "\n" + long + "\nB: " + long + "\n\n" + long,
	} {
		for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in)), iotest.DataErrReader(strings.NewReader(in))} {
			got, err := io.ReadAll(newStripper(r))
			if err != nil || string(got) != want {
				t.Errorf("%.60q: %.60q %v", in, got, err)
			}
		}
	}
}
