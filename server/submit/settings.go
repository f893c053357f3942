package submit

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"popper/server/adminfile"
)

// settings are what the URL of a submission server says:
//
//	smtp://[USER@]HOST[:PORT]              with STARTTLS; the port is 587
//	smtp://HOST[:PORT]?starttls=no         in the clear
//	smtps://[USER@]HOST[:PORT]             with TLS from the start; the port is 465
//
// The password is not in it: all users of a machine see the command lines.
type settings struct {
	host, port string
	user       string
	implicit   bool // TLS from the start
	plain      bool // no TLS, by the administrator's word
	hello      string
}

func (s *settings) addr() string { return net.JoinHostPort(s.host, s.port) }

const urlForm = "it has the form smtp://HOST:PORT, or smtps://USER@HOST"

// parseURL's errors do not quote the URL: there may be a password in it.
func parseURL(text string) (s settings, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return s, errors.New(urlForm)
	}
	s = settings{host: u.Hostname(), port: u.Port(), user: u.User.Username(), implicit: u.Scheme == "smtps", hello: helloName()}
	if s.port == "" {
		s.port = map[bool]string{false: "587", true: "465"}[s.implicit]
	}
	if _, has := u.User.Password(); has {
		return s, errors.New("a password in the URL can be seen by every user of this machine: put it into a file, for --submission-password")
	}
	n, err := strconv.Atoi(s.port)
	known := u.Scheme == "smtp" || u.Scheme == "smtps"
	if !known || s.host == "" || err != nil || n < 1 || n > 65535 || strings.Trim(u.Path, "/") != "" || u.Opaque != "" || u.Fragment != "" {
		return s, errors.New(urlForm)
	}
	switch q := u.RawQuery; {
	case q == "":
	case q != "starttls=no":
		return s, errors.New("the only thing that may follow ? is starttls=no")
	case s.implicit:
		return s, errors.New("smtps:// and starttls=no exclude one another")
	case s.user != "":
		return s, errors.New("with starttls=no a password would be sent in the clear")
	default:
		s.plain = true
	}
	return s, nil
}

// helloName is how this machine names itself to the server. Not every machine has a
// full name, and servers that take submissions do not insist on it.
func helloName() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "localhost"
	}
	return name
}

// ReadPassword reads the file that holds a password in one line. It is a secret of
// popper's: a file that others can read or write is refused.
func ReadPassword(path string) (string, error) {
	text, _, err := adminfile.Read(path, adminfile.Rule{
		Max: maxPassword, Closed: 0o026, Why: "others can read or write the password in it: chmod go-w,o-r"})
	if errors.Is(err, os.ErrPermission) {
		return "", fmt.Errorf("%w: let the user that popper runs as read it, and nobody else (chown USER %s)", err, path)
	}
	if err != nil {
		return "", err
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if password == "" || strings.ContainsAny(password, "\r\n\x00") {
		return "", fmt.Errorf("%s: it holds the password in one line, and nothing else", path)
	}
	return password, nil
}
