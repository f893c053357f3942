package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"log/syslog"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// openLog chooses where the log goes (BERK-LOG-1): the file of -t; else syslog
// under inetd or with --syslog; else the standard error output. trace is the
// file of -t, or nil.
func openLog(c *config) (log *slog.Logger, trace *os.File, err error) {
	level := slog.LevelInfo
	if c.debug {
		level = slog.LevelDebug
	}
	switch {
	case c.trace != "":
		trace, err = openTrace(c.trace)
		if err != nil {
			return nil, nil, configError("-t: %w", err)
		}
		return textLogger(trace, level), trace, nil
	case c.inetd:
		log, _ = syslogLogger(level) // no syslogd is no reason to refuse mail
		return log, nil, nil
	case c.syslog:
		log, err = syslogLogger(level)
		if err != nil {
			return nil, nil, configError("--syslog: %w: start the syslog service, or leave --syslog away", err)
		}
		return log, nil, nil
	}
	return textLogger(os.Stderr, level), nil, nil
}

func textLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// openTrace opens the file of -t. Names in directories like /tmp can be laid
// out as traps by others: no link is followed, and only a regular file is
// written. It is made readable for its owner only.
func openTrace(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		f.Close()
		return nil, &os.PathError{Op: "open", Path: path, Err: unix.EINVAL}
	}
	return f, nil
}

// reopenTrace puts a newly opened file of the same name behind the descriptor of
// the trace, in one step, so that no line is lost and nobody needs to know. Under
// inetd descriptor 2 is the trace as well, and follows.
func reopenTrace(trace *os.File, log *slog.Logger) {
	f, err := openTrace(trace.Name())
	if err != nil {
		log.Error("the trace cannot be opened again, and the old one serves on", "error", err)
		return
	}
	defer f.Close()
	also := sameFile(int(trace.Fd()), 2)
	err = unix.Dup3(int(f.Fd()), int(trace.Fd()), unix.O_CLOEXEC)
	if err == nil && also {
		err = unix.Dup3(int(f.Fd()), 2, 0)
	}
	if err != nil {
		log.Error("the trace cannot be opened again, and the old one serves on", "error", err)
		return
	}
	log.Info("trace reopened")
}

// sender is the part of *syslog.Writer that is used.
type sender interface {
	Debug(string) error
	Notice(string) error
	Warning(string) error
	Err(string) error
}

// syslogLogger logs to the syslog service of this machine, facility local0.
// Without one it returns the reason and a logger that forgets everything.
func syslogLogger(level slog.Level) (*slog.Logger, error) {
	w, err := syslog.New(syslog.LOG_LOCAL0|syslog.LOG_NOTICE, "popper")
	if err != nil {
		return slog.New(slog.DiscardHandler), err
	}
	return slog.New(newSyslogHandler(w, level)), nil
}

// syslogHandler lets a text handler write each record, without the time and
// level that syslog adds by itself, and sends that under the priority of the
// level: debug, notice, warning or err. The text handler quotes what needs it,
// so no client makes lines of its own in the log.
type syslogHandler struct {
	slog.Handler
	*syslogOut
}

// syslogOut is shared by a handler and those derived from it.
type syslogOut struct {
	mu   sync.Mutex
	line bytes.Buffer
	to   sender
}

func newSyslogHandler(to sender, level slog.Level) slog.Handler {
	out := &syslogOut{to: to}
	return syslogHandler{slog.NewTextHandler(&out.line, &slog.HandlerOptions{Level: level, ReplaceAttr: bare}), out}
}

// bare leaves the time and the level out.
func bare(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
		return slog.Attr{}
	}
	return a
}

func (h syslogHandler) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.line.Reset()
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	switch line := h.line.String(); {
	case r.Level < slog.LevelInfo:
		return h.to.Debug(line)
	case r.Level < slog.LevelWarn:
		return h.to.Notice(line)
	case r.Level < slog.LevelError:
		return h.to.Warning(line)
	default:
		return h.to.Err(line)
	}
}

func (h syslogHandler) WithAttrs(a []slog.Attr) slog.Handler {
	return syslogHandler{h.Handler.WithAttrs(a), h.syslogOut}
}

func (h syslogHandler) WithGroup(name string) slog.Handler {
	return syslogHandler{h.Handler.WithGroup(name), h.syslogOut}
}
