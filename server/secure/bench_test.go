package secure

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"runtime"
	"testing"

	"popper/server"
	"popper/server/secure/securetest"
)

// end is one end of a pipe that can be let go of, for the other's memory not to count.
type end struct{ net.Conn }

// BenchmarkIdle tells what an idle session's TLS takes of memory: heap, and the stack of
// the goroutine that has held the handshake and waits.
func BenchmarkIdle(b *testing.B) {
	const sessions = 500
	cert := securetest.New(b, securetest.Options{})
	certFile, keyFile := cert.Write(b, b.TempDir())
	p, err := Open(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		b.Run(tls.VersionName(version), func(b *testing.B) {
			config := cert.Client()
			config.MaxVersion = version
			for b.Loop() {
				before, secured, done := memory(), make(chan server.Private), make(chan bool)
				var all []server.Private
				for range sessions {
					here, there := net.Pipe()
					go func() {
						below := &end{here}
						c, err := p.Secure(context.Background(), below)
						if err != nil {
							b.Error(err)
						}
						below.Conn = nil
						secured <- c
						<-done
					}()
					if err := tls.Client(there, config).Handshake(); err != nil {
						b.Fatal(err)
					}
					all = append(all, <-secured)
				}
				after := memory()
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/sessions, "heap-B/session")
				b.ReportMetric(float64(after.StackInuse-before.StackInuse)/sessions, "stack-B/session")
				runtime.KeepAlive(all)
				close(done)
			}
		})
	}
}

func memory() runtime.MemStats {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m
}

// BenchmarkHandshake is a whole one, the client's part included.
func BenchmarkHandshake(b *testing.B) {
	cert := securetest.New(b, securetest.Options{})
	certFile, keyFile := cert.Write(b, b.TempDir())
	p, err := Open(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		here, there := net.Pipe()
		go func() { _ = tls.Client(there, cert.Client()).Handshake() }()
		if _, err := p.Secure(context.Background(), here); err != nil {
			b.Fatal(err)
		}
	}
}
