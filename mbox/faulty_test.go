package mbox

import (
	"fmt"
	"os"
)

// faulty lets some calls through and fails with err from then on. It keeps a record.
type faulty struct {
	file
	left  int
	err   error
	calls []string
}

func (f *faulty) fail(format string, args ...any) error {
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	if f.left--; f.left < 0 {
		return f.err
	}
	return nil
}

func (f *faulty) ReadAt(b []byte, at int64) (int, error) {
	if err := f.fail("read"); err != nil {
		return 0, err
	}
	return f.file.ReadAt(b, at)
}

func (f *faulty) WriteAt(b []byte, at int64) (int, error) {
	if err := f.fail("write"); err != nil {
		return 0, err
	}
	return f.file.WriteAt(b, at)
}

func (f *faulty) Truncate(size int64) error {
	if err := f.fail("truncate"); err != nil {
		return err
	}
	return f.file.Truncate(size)
}

func (f *faulty) Sync() error {
	if err := f.fail("sync"); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *faulty) Stat() (os.FileInfo, error) {
	if err := f.fail("stat"); err != nil {
		return nil, err
	}
	return f.file.Stat()
}
