// Package spoolfile holds a message of unknown length while it arrives: in memory
// as long as it is small, then in a private file that has no name.
package spoolfile

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// memory is how many octets are kept in memory. Most messages are smaller; a
// hundred clients that send at the same time take 6.4 MB.
const memory = 64 << 10

// File holds what was written to it. The zero value is ready, and holds nothing.
// It is for one goroutine at a time.
type File struct {
	small []byte
	file  *os.File // not nil: it holds all, and small nothing
	size  int64
}

// Write appends b. An error is that of the disk for temporary files; what was
// written before stays.
func (f *File) Write(b []byte) (int, error) {
	if f.file == nil && len(f.small)+len(b) <= memory {
		f.small = append(f.small, b...)
		f.size += int64(len(b))
		return len(b), nil
	}
	if f.file == nil {
		if err := f.move(); err != nil {
			return 0, err
		}
	}
	n, err := f.file.WriteAt(b, f.size)
	f.size += int64(n)
	return n, err
}

// move puts what is in memory into a file. Its name is removed at once, so that it
// cannot stay behind, whatever becomes of this process, and no other can open it.
func (f *File) move() error {
	file, err := os.CreateTemp("", "popper-")
	if err != nil {
		return fmt.Errorf("%w: make room for temporary files, or set TMPDIR to a directory that has room", err)
	}
	err = os.Remove(file.Name())
	if err == nil {
		_, err = file.WriteAt(f.small, 0)
	}
	if err != nil {
		file.Close()
		return err
	}
	f.file, f.small = file, nil
	return nil
}

// Size is the number of octets held.
func (f *File) Size() int64 { return f.size }

// Reader reads all that is held now, from the start. Several readers do not
// disturb one another.
func (f *File) Reader() *io.SectionReader {
	if f.file == nil {
		return io.NewSectionReader(bytes.NewReader(f.small), 0, f.size)
	}
	return io.NewSectionReader(f.file, 0, f.size)
}

// Close forgets what is held.
func (f *File) Close() error {
	file := f.file
	*f = File{}
	if file == nil {
		return nil
	}
	return file.Close()
}
