package parser_test

import (
	"fmt"
	"strings"
	"testing"

	"popper/parser"
)

// One line at a time, as a client that waits for each answer sends them.
func BenchmarkCommandLine(b *testing.B) {
	for _, line := range []string{"STAT\r\n", "RETR 123\r\n", "TOP 1234 0\r\n", "USER mrose\r\n", "PASS tanstaaf of 20 octets\r\n"} {
		b.Run(line[:4], func(b *testing.B) {
			in := []byte(line)
			var p parser.CommandParser
			b.ReportAllocs()
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				if _, r := p.Parse(in); r != parser.Parsed {
					b.Fatal(r)
				}
			}
		})
	}
}

// A line with a limit of its own, as one segment brings it, and as the slowest client does:
// each octet has the first MaxCommand octets matched again, and the others searched for the end.
func BenchmarkLongLine(b *testing.B) {
	for _, n := range []int{1 << 10, parser.MaxLine} {
		in := []byte("AUTH PLAIN " + strings.Repeat("x", n-len("AUTH PLAIN \r\n")) + "\r\n")
		for name, step := range map[string]int{"whole": n, "octets": 1} {
			b.Run(fmt.Sprintf("%d/%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(n))
				for b.Loop() {
					var p parser.CommandParser
					for at := step; at <= n; at += step {
						if _, r := p.Parse(in[:at]); (r == parser.Parsed) != (at == n) {
							b.Fatal(r)
						}
					}
				}
			})
		}
	}
}

func BenchmarkStuff(b *testing.B) {
	text := make([]byte, 256<<10)
	for i := range text {
		text[i] = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01234567890\n"[i%74]
	}
	var t parser.Stuffer
	dst := make([]byte, 0, 2*len(text))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		dst = t.Append(dst[:0], text)
	}
}

func BenchmarkSeparator(b *testing.B) {
	line := []byte("From mrose@dbc.mtview.ca.us Tue Jan  2 15:04:05 1989")
	b.ReportAllocs()
	for b.Loop() {
		if !parser.IsSeparator(line) {
			b.Fatal("not a separator")
		}
	}
}
