package submit

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"popper/server"
)

// exchange is an SMTP server of the test's own.
type exchange struct {
	mu   sync.Mutex
	mail []string // sender, recipients, text
	data error    // the answer to the message
}

func (x *exchange) NewSession(*smtp.Conn) (smtp.Session, error) { return &talk{x: x}, nil }

type talk struct {
	x        *exchange
	envelope string
}

func (s *talk) Reset()        { s.envelope = "" }
func (s *talk) Logout() error { return nil }

func (s *talk) Mail(from string, _ *smtp.MailOptions) error {
	s.envelope = from
	return nil
}

func (s *talk) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case strings.HasPrefix(to, "unknown@"):
		return &smtp.SMTPError{Code: 550, Message: "no such user here"}
	case strings.HasPrefix(to, "later@"):
		return &smtp.SMTPError{Code: 451, Message: "greylisted"}
	}
	s.envelope += " " + to
	return nil
}

func (s *talk) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.x.mu.Lock()
	defer s.x.mu.Unlock()
	if s.x.data == nil {
		s.x.mail = append(s.x.mail, s.envelope+"\n"+string(b))
	}
	return s.x.data
}

// start serves on a port of the loopback interface.
func (x *exchange) start(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := smtp.NewServer(x)
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { srv.Close() })
	return "smtp://" + l.Addr().String()
}

func relayed(t *testing.T, url string) server.Submission {
	t.Helper()
	s, err := SMTP(url, "", Options{Domain: "example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// BERK-XMIT-1, BERK-XMIT-2: to all recipients, Bcc hidden, dots and octets as they are.
func TestSMTP(t *testing.T) {
	x := new(exchange)
	text := "To: bob@example.net, Carl <carl@example.net>\r\nBcc: eve@example.net\r\nFrom: ann@example.org\r\nDate: x\r\nMessage-ID: <y>\r\n\r\n.\r\n..\r\n\xe4 line\r\nlast"
	if err := submitTo(relayed(t, x.start(t)), "ann", text); err != nil {
		t.Fatal(err)
	}
	want := "ann@example.org bob@example.net carl@example.net eve@example.net\n" + strings.Replace(text, "Bcc: eve@example.net\r\n", "", 1) + "\r\n"
	if len(x.mail) != 1 || x.mail[0] != want {
		t.Errorf("sent %q, want %q", x.mail, want)
	}
}

// One that is refused, and nobody gets it; the reason names him.
func TestSMTPRefused(t *testing.T) {
	for _, c := range []struct {
		to        string
		data      error
		reason    string
		temporary bool
	}{
		{"bob@example.net, unknown@example.net", nil, "refused unknown@example.net: 550 no such user here", false},
		{"later@example.net, bob@example.net", nil, "refused later@example.net: 451 greylisted", true},
		{"bob@example.net", &smtp.SMTPError{Code: 554, Message: "smells of spam"}, "554 smells of spam", false},
		{"bob@example.net", &smtp.SMTPError{Code: 452, Message: "disk full"}, "452 disk full", true},
	} {
		x := &exchange{data: c.data}
		err := submitTo(relayed(t, x.start(t)), "ann", "To: "+c.to+"\r\n\r\nx\r\n")
		var r *server.Refusal
		if !errors.As(err, &r) || !strings.Contains(r.Reason, c.reason) || r.Temporary != c.temporary {
			t.Errorf("%s: %v", c.to, err)
		}
		if len(x.mail) > 0 {
			t.Errorf("%s: sent %q", c.to, x.mail)
		}
	}
}

// A server that is down, and one that closes at once, are no refusal: the client is
// told to try again, and the log what to look at.
func TestSMTPDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := relayed(t, "smtp://"+l.Addr().String())
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Close()
		}
		l.Close()
	}()
	var r *server.Refusal
	for range 2 {
		if err := submitTo(s, "ann", message); err == nil || errors.As(err, &r) {
			t.Errorf("%v", err)
		}
	}
	if err := submitTo(s, "ann", message); err == nil || !strings.Contains(err.Error(), "is the mail server") {
		t.Errorf("%v", err)
	}
}

// A password never goes out without TLS, and not every URL is one.
func TestSMTPURL(t *testing.T) {
	for url, want := range map[string]string{
		"smtp://u:p@host":            "put it into a file",
		"smtp://u@host?starttls=no":  "in the clear",
		"smtps://host?starttls=no":   "exclude",
		"smtp://host?tls=no":         "starttls=no",
		"http://host":                "smtp://HOST:PORT",
		"smtp://":                    "smtp://HOST:PORT",
		"smtp://host:99999":          "smtp://HOST:PORT",
		"smtp://u@host":              "needs a password",
		"host:25":                    "smtp://HOST:PORT",
		"smtp://host/path":           "smtp://HOST:PORT",
		"smtp://host:25?starttls=no": "",
	} {
		_, err := SMTP(url, "", Options{Domain: "example.org"})
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), ":p@")) {
			t.Errorf("%s: %v", url, err)
		}
	}
	s, err := SMTP("smtp://ann@"+strings.TrimPrefix(new(exchange).start(t), "smtp://"), "secret", Options{Domain: "example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if err := submitTo(s, "ann", message); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("%v", err)
	}
}
