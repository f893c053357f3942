package server

import (
	"errors"
	"io"
	"net"
	"testing"
)

// R2595-STLS-1: a private connection that ends closes its sending half below TLS, too:
// or a client that waits for that has to wait until the time to linger is over.
func TestPatientConnClosesHalf(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	there, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	here, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	if err := (&patientConn{Conn: here}).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := there.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the client gets %v", err)
	}
	if _, err := there.Write([]byte("more")); err != nil {
		t.Errorf("the client cannot go on: %v", err)
	}
	pipe, _ := net.Pipe()
	if err := (&patientConn{Conn: pipe}).CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without halves: %v", err)
	}
}
