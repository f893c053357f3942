package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// serveClient serves the one client on descriptors 0 and 1 to its end. trace,
// if not nil, is the file that descriptor 2 becomes.
func serveClient(serve func(net.Conn), trace *os.File, log *slog.Logger) error {
	conn, err := takeClient(trace)
	if err != nil {
		return fmt.Errorf("the client's descriptors cannot be taken over: %w", err)
	}
	if conn.RemoteAddr() == nil { // the kernel knows no peer any more
		log.Info("the client was gone before the session began")
		return conn.Close()
	}
	serve(conn)
	return nil
}

// takeClient moves the client away from descriptors 0, 1 and 2. A superserver
// puts its socket on all three, and whatever a library, or the runtime in its
// last words, may write to the standard output or error must not reach it.
// Besides, a broken pipe on 1 or 2 would kill the program.
func takeClient(trace *os.File) (net.Conn, error) {
	in, err := duplicate(0)
	if err != nil {
		return nil, err
	}
	out, err := duplicate(1)
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	if trace == nil {
		trace = null
	}
	err = errors.Join(
		unix.Dup3(int(null.Fd()), 0, 0),
		unix.Dup3(int(null.Fd()), 1, 0),
		unix.Dup3(int(trace.Fd()), 2, 0))
	if err != nil {
		return nil, err
	}
	if !isSocket(in) {
		return newPipes(in, out), nil
	}
	f := os.NewFile(uintptr(in), "client")
	defer f.Close() // FileConn makes a descriptor of its own
	defer unix.Close(out)
	return net.FileConn(f)
}

func duplicate(fd int) (int, error) {
	d, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	return d, os.NewSyscallError("dup", err)
}

func isSocket(fd int) bool { return fileType(fd) == unix.S_IFSOCK }

// isListening tells whether fd is a socket that waits for connections.
func isListening(fd int) bool {
	listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return err == nil && listening != 0
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

func fileType(fd int) uint32 {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return 0
	}
	return st.Mode & unix.S_IFMT
}
