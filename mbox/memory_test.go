package mbox

import (
	"io"
	"os"
)

// memory is a file of octets that stands in for the (empty) one at a path, so that
// very many can be scanned in little time.
type memory struct {
	data []byte
	os.FileInfo
}

func (m memory) ReadAt(b []byte, at int64) (int, error) {
	n := copy(b, m.data[min(at, int64(len(m.data))):])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m memory) Size() int64                        { return int64(len(m.data)) }
func (m memory) Stat() (os.FileInfo, error)         { return m, nil }
func (m memory) Close() error                       { return nil }
func (m memory) WriteAt([]byte, int64) (int, error) { panic("written") }
func (m memory) Truncate(int64) error               { panic("cut") }
func (m memory) Sync() error                        { panic("synced") }
