package bboards

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A group of a hundred thousand messages without stamps, which is the dearest kind: at
// first sight, when one message has come, and when nothing has.
func BenchmarkGroup(b *testing.B) {
	build := func(b *testing.B) *fixture {
		x := newFixture(b, map[string]string{"system.group": groupText}).open(b)
		x.options.Wait = time.Minute
		x.Directory.options.Wait = time.Minute
		var text strings.Builder
		for i := range 100_000 {
			text.WriteString(letterText(fmt.Sprint(i), 0))
		}
		x.write(b, x.mail+"/system", text.String())
		return x
	}
	b.Run("first", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			x := build(b)
			b.StartTimer()
			x.info(b, "system")
		}
	})
	for _, c := range []string{"one", "none"} {
		b.Run(c, func(b *testing.B) {
			x := build(b)
			x.info(b, "system")
			time.Sleep(3 * time.Second) // until its time stamps can be believed
			x.info(b, "system")
			b.ResetTimer()
			for i := range b.N {
				if c == "one" {
					x.append(b, x.mail+"/system", letterText(fmt.Sprint("new", i), 0))
				}
				x.info(b, "system")
			}
		})
	}
}
