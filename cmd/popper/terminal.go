package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// readSecret reads a password: typed twice without echo if in is a terminal,
// else the first line of in.
func readSecret(in *os.File, prompt io.Writer, user string) ([]byte, error) {
	old, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS)
	r := bufio.NewReader(in)
	if err != nil {
		return readLine(r)
	}
	restore, err := silence(in, old)
	if err != nil {
		return nil, err
	}
	defer restore()
	fmt.Fprintf(prompt, "Password for %s: ", user)
	first, err := readLine(r)
	if err != nil {
		return nil, err
	}
	fmt.Fprint(prompt, "\nThe same again: ")
	second, err := readLine(r)
	fmt.Fprintln(prompt)
	if err == nil && !bytes.Equal(first, second) {
		err = errors.New("the two passwords differ; nothing was changed")
	}
	return first, err
}

// silence turns the echo off until restore is called, or a signal ends the
// program: a shell that echoes nothing would be left behind otherwise.
func silence(in *os.File, old *unix.Termios) (restore func(), err error) {
	mode := *old
	mode.Lflag &^= unix.ECHO
	mode.Lflag |= unix.ICANON | unix.ISIG
	mode.Iflag |= unix.ICRNL
	signals := notify(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	go func() {
		if _, ok := <-signals; ok {
			unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, old)
			os.Exit(1)
		}
	}()
	restore = func() {
		signal.Stop(signals)
		close(signals)
		unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, old)
	}
	if err := unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, &mode); err != nil {
		restore()
		return nil, fmt.Errorf("turn the terminal's echo off: %w", err)
	}
	return restore, nil
}

// readLine reads a line without its end. The last line may lack one.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadBytes('\n')
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	if err == io.EOF {
		err = errors.New("no password was given")
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), err
}
