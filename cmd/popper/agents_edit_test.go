package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"
)

// UPD-3, UPD-4: the server is killed at a random instant of QUIT, and before the next
// login an agent delivers that edits what lies there. Either the update is finished as
// if nothing had been, or the journal is kept and the log says so. Then mail may be there
// twice, and the deleted one again; but no letter is lost: each is there, and if one
// is not in one piece, its beginning and its end are, and all between. POPPER_KILLS is
// ten times the number of kills.
func TestKillThenEditingAgent(t *testing.T) {
	t.Parallel()
	forEditing(t, func(t *testing.T, a agent) {
		rounds := (times(t, "POPPER_KILLS", 50) + 9) / 10 // they take their time
		span := 300 * time.Millisecond
		aside, torn := 0, 0
		for range rounds {
			k := &killer{post: newPost(t, a, 200, 200_000, ""), span: span}
			if journals, letters := k.editedRound(); journals > 0 {
				aside, torn = aside+1, torn+letters
			}
			span = k.span
		}
		t.Logf("%d rounds: %d journals set aside, %d letters in two pieces", rounds, aside, torn)
	})
}

func forEditing(t *testing.T, test func(*testing.T, agent)) {
	for _, a := range agents {
		if a.edits {
			t.Run(a.name, func(t *testing.T) { test(t, a) })
		}
	}
}

// editedRound tells how many journals were kept, and how many letters are in pieces.
func (k *killer) editedRound() (journals, torn int) {
	k.t.Helper()
	server, addr := k.serve()
	c := k.enter(addr)
	gone := k.shortest(20)
	c.ask(fmt.Sprint("DELE ", gone), "+OK")
	reply := k.quit(c, server)
	if err := k.deliver(); err != nil {
		k.t.Fatal(err)
	}
	server, addr = k.serve()
	k.enter(addr).leave()
	kept, _ := filepath.Glob(k.dir + "/.ann.pop.unfinished-*")
	stay := slices.DeleteFunc(upTo(1, k.sent), func(n int) bool { return n == gone })
	switch {
	case len(kept) == 0:
		c = k.enter(addr)
		got := k.retrAll(c)
		c.leave()
		if !slices.Equal(got, stay) && (reply != "" || !slices.Equal(got, upTo(1, k.sent))) {
			k.t.Fatalf("reply %q, letters %v without %d", reply, got, gone)
		}
	case !strings.Contains(server.out.String(), "served as it is"):
		k.t.Errorf("the log does not tell: %s", server.out.String())
	default:
		torn = k.search(stay)
	}
	_ = server.Process.Kill()
	<-server.exited
	if err := os.RemoveAll(k.dir); err != nil { // much of it, for many rounds
		k.t.Error(err)
	}
	return len(kept), torn
}

// shortest is the shortest of the first n letters: the less is removed, the more of a
// letter lies where it was and where it goes.
func (p *post) shortest(n int) int {
	list := upTo(1, n)
	return slices.MinFunc(list, func(a, b int) int { return len(p.letter(a)) - len(p.letter(b)) })
}

// addedInFile are the lines of added as they stand in the spool file.
var addedInFile = regexp.MustCompile(strings.ReplaceAll(added.String(), `\r`, ``))

// search looks for letters in the spool file, and tells how many are in two pieces.
func (p *post) search(letters []int) (torn int) {
	p.t.Helper()
	b, err := os.ReadFile(p.mailbox)
	if err != nil {
		p.t.Fatal(err)
	}
	text := addedInFile.ReplaceAllString(string(b), "")
	for _, n := range letters {
		letter := p.letter(n)
		if strings.Contains(text, letter) {
			continue
		}
		torn++
		from := sort.Search(len(letter), func(i int) bool { return !strings.Contains(text, letter[:i+1]) })
		to := sort.Search(len(letter), func(i int) bool { return strings.Contains(text, letter[i:]) })
		if from < to {
			p.t.Errorf("letter %d: of %d octets, those from %d to %d are lost", n, len(letter), from, to)
		}
	}
	return torn
}
