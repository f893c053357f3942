package mbox

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// memDisk is a disk in memory that keeps a record of all that changes it, so that a
// power cut at any instant can be acted out (crashstate_test.go).
type memDisk struct {
	nodes map[int][]byte // inode: octets, as programs see them
	names map[string]int
	log   []op
	base  *memDisk // the durable state when the log began

	left   int           // calls that are let through before fault; negative: all
	fault  error         // what the next call fails with; a write has done half its work
	failed string        // the last call that did
	dead   bool          // all later calls fail too
	full   int           // so many calls of Reserve find no room
	poor   bool          // it cannot reserve room
	linked bool          // Place links the new name, and then removes the old one
	deaf   func(op) bool // which fsyncs do nothing and say that they have; nil: none
}

// op is a change of the disk, or a call that makes changes durable.
type op struct {
	kind opKind
	node int
	at   int64 // offset of a write, size of a truncate
	data []byte
	name string // of create, rename, remove; the directory of syncDir
	to   string // of rename
}

type opKind string

const (
	opWrite    opKind = "write"
	opTruncate opKind = "truncate"
	opSync     opKind = "sync"
	opCreate   opKind = "create"
	opRename   opKind = "rename"
	opRemove   opKind = "remove"
	opSyncDir  opKind = "syncdir"
)

func newMemDisk(files map[string]string) *memDisk {
	d := &memDisk{nodes: map[int][]byte{}, names: map[string]int{}, left: -1}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		d.names[name] = len(d.nodes) + 1
		d.nodes[len(d.nodes)+1] = []byte(files[name])
	}
	d.base = d.clone()
	return d
}

// clone copies the state, not the record.
func (d *memDisk) clone() *memDisk {
	c := &memDisk{nodes: make(map[int][]byte, len(d.nodes)), names: maps.Clone(d.names), left: -1, deaf: d.deaf, linked: d.linked, poor: d.poor}
	for n, b := range d.nodes {
		c.nodes[n] = bytes.Clone(b)
	}
	return c
}

// restart makes the state durable, and begins a new record.
func (d *memDisk) restart() { d.log, d.base = nil, d.clone() }

func (d *memDisk) text(name string) string { return string(d.nodes[d.names[name]]) }

// call counts a call and tells whether it is to fail.
func (d *memDisk) call(name string) error {
	if d.left < 0 {
		return nil
	}
	if d.left > 0 {
		d.left--
		return nil
	}
	if !d.dead {
		d.left = -1
	}
	d.failed = name
	return d.fault
}

func (d *memDisk) note(o op) {
	if d.deaf == nil || !d.deaf(o) {
		d.log = append(d.log, o)
		d.apply(o)
	}
}

// apply does what o does, without a record.
func (d *memDisk) apply(o op) {
	switch o.kind {
	case opWrite:
		d.setSize(o.node, max(int64(len(d.nodes[o.node])), o.at+int64(len(o.data))))
		copy(d.nodes[o.node][o.at:], o.data)
	case opTruncate:
		d.setSize(o.node, o.at)
	case opCreate:
		d.names[o.name] = o.node
		if d.nodes[o.node] == nil {
			d.nodes[o.node] = []byte{}
		}
	case opRename:
		d.names[o.to] = d.names[o.name]
		delete(d.names, o.name)
	case opRemove:
		delete(d.names, o.name)
	}
}

func (d *memDisk) setSize(node int, size int64) {
	b := d.nodes[node]
	if n := int64(len(b)); n < size {
		b = append(slices.Grow(b, max(int(size-n), 1<<13)), make([]byte, size-n)...)
	}
	d.nodes[node] = b[:size]
}

func (d *memDisk) Lstat(name string) (os.FileInfo, error) {
	if err := d.call("Lstat"); err != nil {
		return nil, err
	}
	if name == filepath.Dir(crashPath) {
		return memInfo{mode: fs.ModeDir | 0o755}, nil
	}
	node, ok := d.names[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return d.info(node), nil
}

func (d *memDisk) Open(name string) (file, error) {
	if err := d.call("Open"); err != nil {
		return nil, err
	}
	node, ok := d.names[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return &memFile{d, node}, nil
}

func (d *memDisk) Create(name string) (file, error) {
	if err := d.call("Create"); err != nil {
		return nil, err
	}
	if _, ok := d.names[name]; ok {
		return nil, fs.ErrExist
	}
	node := 1
	for d.nodes[node] != nil {
		node++
	}
	d.note(op{kind: opCreate, node: node, name: name})
	return &memFile{d, node}, nil
}

func (d *memDisk) Rename(from, to string) error {
	if err := d.call("Rename"); err != nil {
		return err
	}
	if _, ok := d.names[from]; !ok {
		return fs.ErrNotExist
	}
	d.note(op{kind: opRename, name: from, to: to})
	return nil
}

func (d *memDisk) Place(from, to string) error {
	if _, ok := d.names[to]; ok {
		return fs.ErrExist
	}
	if !d.linked {
		return d.Rename(from, to)
	}
	if err := d.call("Place"); err != nil {
		return err
	}
	d.note(op{kind: opCreate, node: d.names[from], name: to})
	return d.Remove(from)
}

func (d *memDisk) Remove(name string) error {
	if err := d.call("Remove"); err != nil {
		return err
	}
	if _, ok := d.names[name]; !ok {
		return fs.ErrNotExist
	}
	d.note(op{kind: opRemove, name: name})
	return nil
}

func (d *memDisk) SyncDir(dir string) error {
	if err := d.call("SyncDir"); err != nil {
		return err
	}
	d.note(op{kind: opSyncDir, name: filepath.Clean(dir)})
	return nil
}

func (d *memDisk) Lock(file) error { return d.call("Lock") }

func (d *memDisk) Reserve(file, int64, int64) error {
	if d.full--; d.full >= 0 {
		return unix.ENOSPC
	}
	if d.poor {
		return errors.ErrUnsupported
	}
	return d.call("Reserve")
}

type memFile struct {
	d    *memDisk
	node int
}

func (f *memFile) ReadAt(b []byte, at int64) (int, error) {
	if err := f.d.call("ReadAt"); err != nil {
		return 0, err
	}
	data := f.d.nodes[f.node]
	n := copy(b, data[min(at, int64(len(data))):])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(b []byte, at int64) (int, error) {
	err := f.d.call("WriteAt")
	n := len(b)
	if err != nil {
		n /= 2
	}
	if n > 0 && !errors.Is(err, errKilled) {
		f.d.note(op{kind: opWrite, node: f.node, at: at, data: bytes.Clone(b[:n])})
	}
	return n, err
}

func (f *memFile) Truncate(size int64) error {
	if err := f.d.call("Truncate"); err != nil {
		return err
	}
	f.d.note(op{kind: opTruncate, node: f.node, at: size})
	return nil
}

func (f *memFile) Sync() error {
	if err := f.d.call("Sync"); err != nil {
		return err
	}
	f.d.note(op{kind: opSync, node: f.node})
	return nil
}

func (f *memFile) Stat() (os.FileInfo, error) {
	if err := f.d.call("Stat"); err != nil {
		return nil, err
	}
	return f.d.info(f.node), nil
}

func (f *memFile) Close() error { return nil }

// errKilled is what every call gives to a process that is no more.
var errKilled = errors.New("killed")

func (d *memDisk) info(node int) memInfo {
	links := uint64(0)
	for _, n := range d.names {
		if n == node {
			links++
		}
	}
	return memInfo{node, int64(len(d.nodes[node])), links, 0o600}
}

type memInfo struct {
	node  int
	size  int64
	links uint64
	mode  fs.FileMode
}

func (i memInfo) Name() string       { return "" }
func (i memInfo) Size() int64        { return i.size }
func (i memInfo) Mode() os.FileMode  { return i.mode }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) IsDir() bool        { return false }
func (i memInfo) Sys() any {
	return &syscall.Stat_t{Ino: uint64(i.node), Uid: uint32(os.Geteuid()), Nlink: i.links}
}
