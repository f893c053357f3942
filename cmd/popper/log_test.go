package main

import (
	"flag"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
)

// recorder is a syslog that remembers.
type recorder []string

func (r *recorder) add(kind, s string) error { *r = append(*r, kind+" "+s); return nil }

func (r *recorder) Debug(s string) error   { return r.add("debug", s) }
func (r *recorder) Notice(s string) error  { return r.add("notice", s) }
func (r *recorder) Warning(s string) error { return r.add("warning", s) }
func (r *recorder) Err(s string) error     { return r.add("err", s) }

// BERK-LOG-1: priority notice for events and debug for debugging.
func TestSyslogPriorities(t *testing.T) {
	var r recorder
	log := slog.New(newSyslogHandler(&r, slog.LevelDebug)).With("peer", "192.0.2.1:99")
	log.Debug("command", "line", "USER a\nb")
	log.Info("login", "user", "ann")
	log.WithGroup("g").Warn("failed", "time", 1)
	log.Error("broken")
	want := []string{
		`debug msg=command peer=192.0.2.1:99 line="USER a\nb"` + "\n",
		"notice msg=login peer=192.0.2.1:99 user=ann\n",
		"warning msg=failed peer=192.0.2.1:99 g.time=1\n",
		"err msg=broken peer=192.0.2.1:99\n",
	}
	if strings.Join(r, "") != strings.Join(want, "") {
		t.Errorf("got %q, want %q", r, want)
	}
	if slog.New(newSyslogHandler(&r, slog.LevelInfo)).Debug("x"); len(r) != len(want) {
		t.Error("debugging is logged without -d")
	}
}

// The flags of the program, its help and the README are one list.
func TestFlagsAreDocumented(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var c config
	flags := c.flags()
	words := regexp.MustCompile(`(?m)^  (--?[a-z-]+) `).FindAllStringSubmatch(usage, -1)
	documented := map[string]bool{}
	for _, w := range words {
		documented[strings.TrimLeft(w[1], "-")] = true
		if flags.Lookup(strings.TrimLeft(w[1], "-")) == nil {
			t.Errorf("the help speaks of %s, which is no flag", w[1])
		}
		if !strings.Contains(string(readme), "| `"+w[1]) {
			t.Errorf("%s is not in the README's table", w[1])
		}
	}
	names := 0
	flags.VisitAll(func(f *flag.Flag) {
		names++
		if !documented[f.Name] {
			t.Errorf("--%s is not in the help", f.Name)
		}
	})
	if names != len(words) {
		t.Errorf("%d flags, %d in the help", names, len(words))
	}
}
