package server

import (
	"context"
	"log/slog"

	"popper/parser"
)

// trace logs a command at debug level. Of a bad line only its kind is told: it
// may be a misspelt PASS. A digest is no password, but tells whoever guesses passwords
// when he has it.
func (s *session) trace(r parser.Result, c *parser.Command) {
	if !s.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	s.log.Debug("command", "state", s.dialog.state, "line", traced(r, c))
}

func traced(r parser.Result, c *parser.Command) string {
	if r != parser.Parsed {
		return "(" + badLine(r) + ")"
	}
	k, hidden := *c, []byte("****")
	k.Secret, k.Response, k.Digest = hidden, hidden, hidden // those that the verb has are written
	line := parser.AppendCommand(nil, &k)
	return string(line[:len(line)-len("\r\n")])
}
