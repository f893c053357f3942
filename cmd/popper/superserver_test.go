package main_test

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// superservers start popper for each connection to a port; all of them must
// carry the same sessions.
var superservers = map[string]func(s *site, port string, args []string) *process{
	"openbsd-inetd": func(s *site, port string, args []string) *process {
		conf := filepath.Join(s.dir, "inetd.conf")
		s.write(conf, fmt.Sprintf("127.0.0.1:%s stream tcp nowait.6000 %s %s popper %s\n",
			port, userName(s.t), binary, strings.Join(args, " ")))
		return start(s.t, nil, need(s.t, "inetd"), "-i", conf)
	},
	"xinetd": func(s *site, port string, args []string) *process {
		program := os.Getenv("POPPER_XINETD")
		if program == "" {
			program = need(s.t, "xinetd")
		}
		conf := filepath.Join(s.dir, "xinetd.conf")
		s.write(conf, fmt.Sprintf(`service popper
{
	type = UNLISTED
	socket_type = stream
	protocol = tcp
	bind = 127.0.0.1
	port = %s
	wait = no
	user = %s
	server = %s
	server_args = %s
}
`, port, userName(s.t), binary, strings.Join(args, " ")))
		return start(s.t, nil, program, "-dontfork", "-f", conf, "-pidfile", filepath.Join(s.dir, "pid"))
	},
	"socat": func(s *site, port string, args []string) *process {
		return socat(s, port, args, ",nofork") // the socket itself
	},
	"socat socketpair": func(s *site, port string, args []string) *process {
		return socat(s, port, args, "")
	},
	"socat pipes": func(s *site, port string, args []string) *process {
		return socat(s, port, args, ",pipes")
	},
}

func socat(s *site, port string, args []string, options string) *process {
	return start(s.t, nil, need(s.t, "socat"), "TCP-LISTEN:"+port+",bind=127.0.0.1,fork,reuseaddr",
		"EXEC:"+binary+" "+strings.Join(args, " ")+options)
}

func userName(t *testing.T) string {
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

func TestSuperservers(t *testing.T) {
	for name, launch := range superservers {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			port := freePort(t)
			launch(s, port, s.flags("--inetd", "-d", "-t", s.trace))
			c := greet(t, retry(t, "127.0.0.1:"+port))
			c.login()
			c.ask("DELE 1", "+OK")
			c.Close() // cut
			s.waitTrace("session ends")
			s.unchanged()
			s.session(dial(t, "127.0.0.1:"+port))
			trace := s.read(s.trace)
			if !strings.Contains(trace, "PASS ****") || strings.Contains(trace, "Xyzzy") {
				t.Errorf("trace: %s", trace)
			}
			if inherits := name != "socat socketpair" && name != "socat pipes"; inherits && !strings.Contains(trace, "peer=127.0.0.1:") {
				t.Errorf("no peer address in the trace: %s", trace)
			}
		})
	}
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// retry connects to a server that is about to listen.
func retry(t *testing.T, addr string) net.Conn {
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			return conn
		}
		if time.Now().After(late) {
			t.Fatal(err)
		}
	}
}

func (s *site) waitTrace(text string) {
	s.t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		b, _ := os.ReadFile(s.trace)
		if strings.Contains(string(b), text) {
			return
		}
		if time.Now().After(late) {
			s.t.Fatalf("no %q in the trace %q", text, b)
		}
	}
}
