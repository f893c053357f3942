package adminfile

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"
)

// Source says what a [Live] file is, and what is made of it.
type Source[T any] struct {
	What  string // for the log: "passwd file"
	Path  string
	Rule  Rule
	Parse func(data []byte) (T, error) // its errors must not hold secrets
	Made  string                       // what makes a file that is not there; "" if nothing can be said
	// Taken is told of each state of the file that comes into use; it may be nil.
	Taken func(fs.FileInfo)
	Log   *slog.Logger
}

// Live is a file in use, as its parser has understood it. It is read anew when it has
// changed; each call of Current looks. Its methods may be called from many sessions at
// once.
//
// A new state of the file that cannot be read or does not parse is reported in
// the log, once, and the last good one serves on: a slip in one line must not
// lock everybody out, and a file that is half written is often just that.
// The price is that a file which was removed takes nobody's access away.
type Live[T any] struct {
	source Source[T]

	mu    sync.Mutex
	value T
	seen  Identity  // of the last state read, good or bad
	read  time.Time // when that was
	told  complaint // the last one in the log
}

// complaint is about one state of the file. A young state is read at each look,
// and must not fill the log.
type complaint struct {
	Identity
	text string
}

// Open reads the file for the first time, and fails if it cannot be used.
func Open[T any](s Source[T]) (*Live[T], error) {
	l := &Live[T]{source: s}
	if err := l.load(); err != nil {
		return nil, err
	}
	return l, nil
}

// Current is what is in the file now, or what its last good state held.
func (l *Live[T]) Current() T {
	l.mu.Lock()
	defer l.mu.Unlock()
	var st syscall.Stat_t
	_ = syscall.Stat(l.source.Path, &st)
	now := IdentityOf(&st) // of nothing, if it is not there
	if now == l.seen && l.settledLocked() {
		return l.value
	}
	if err := l.load(); err != nil {
		if c := (complaint{now, err.Error()}); c != l.told {
			l.told = c
			l.source.Log.Error("the "+l.source.What+" cannot be used; its last good state serves on", "error", err)
		}
	}
	return l.value
}

// settledLocked tells whether the file was old enough when it was read for its
// times to betray any later change.
func (l *Live[T]) settledLocked() bool {
	return l.seen.Settled(l.read)
}

// load reads and parses the file and, if all is well, takes it into use. A state that could
// not be read is not one that was seen: the fault may pass (no free descriptor) while
// nothing about the file changes. A state that does not parse stays as it is.
func (l *Live[T]) load() error {
	s := &l.source
	read := time.Now()
	data, fi, err := Read(s.Path, s.Rule)
	if err != nil {
		return s.mend(err)
	}
	id := IdentityOf(fi.Sys().(*syscall.Stat_t))
	another := id != l.seen
	l.seen, l.read = id, read
	value, err := s.Parse(data)
	if err != nil {
		return err
	}
	if s.Taken != nil && another {
		s.Taken(fi)
	}
	l.value, l.told = value, complaint{}
	return nil
}

// mend adds to an error what the administrator can do.
func (s *Source[T]) mend(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist) && s.Made != "":
		return fmt.Errorf("%w: %s", err, s.Made)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: let the user that popper runs as read it (chgrp GROUP %[2]s; chmod g+r %[2]s)", err, s.Path)
	}
	return err
}
