package mbox

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

const (
	killEnv   = "POPPER_TEST_KILL"
	roundsEnv = "POPPER_KILL_ROUNDS"
)

// UPD-2, UPD-4: a process is killed (SIGKILL) at a random instant of Remove, then mail
// is delivered; the next Open finds all of it, and the update done or not begun.
func TestKill(t *testing.T) {
	data, without := bigBox()
	if path := os.Getenv(killEnv); path != "" {
		m := open(t, path, killOptions(path))
		if _, err := os.Stdout.WriteString("go\n"); err != nil {
			t.Fatal(err)
		}
		if err := m.Remove(set(0)); err != nil {
			t.Fatal(err)
		}
		return
	}
	rounds := 20
	if s := os.Getenv(roundsEnv); s != "" {
		var err error
		if rounds, err = strconv.Atoi(s); err != nil {
			t.Fatalf("%s: %v", roundsEnv, err)
		}
	}
	const delivered = sepA + "\ndelivered\n\n"
	var torn, done int
	for range rounds {
		path := spool(t, data)
		killRemove(t, path)
		if got := contents(t, path); got == without {
			done++
		} else if got != data {
			torn++
		}
		appendTo(t, path, delivered)
		m := open(t, path, killOptions(path))
		if got := contents(t, path); got != data+delivered && got != without+delivered {
			t.Fatalf("became %q", got)
		}
		agree(t, m, []byte(contents(t, path)))
		m.Close()
	}
	t.Logf("%d rounds: %d in the middle, %d at the end, the others before", rounds, torn, done)
}

func killOptions(path string) Options {
	o := options(path)
	o.block, o.window = 4<<10, 16<<10
	return o
}

// killRemove runs Remove in a process of its own and kills that.
func killRemove(t *testing.T, path string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill$", "-test.count=1")
	cmd.Env = append(os.Environ(), killEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "go\n" {
		t.Errorf("child: %q, %v", line, err)
	}
	time.Sleep(rand.N(60 * time.Millisecond))
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed, or had ended
}
