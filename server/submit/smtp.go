package submit

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"popper/server"
)

// relay submits by SMTP (RFC 6409), a connection for each message.
//
// A message goes to all its recipients or to none: when one is refused, the
// connection is closed before DATA, and until then nothing has been sent.
//
// TLS is required, and the server's certificate must be valid for its name, except
// where the octets do not leave this machine, or the administrator says so. A
// password is never sent without it. A server on this machine is spoken to in the
// clear even if it offers STARTTLS: nobody could listen, and its certificate is, as
// systems are set up, one that nothing vouches for.
type relay struct {
	settings
	password string
	tls      *tls.Config
	limit    time.Duration // for all of it
}

// SMTP submits to the server that a URL names, see settings. The password may be
// empty if the URL names no user.
func SMTP(url, password string, o Options) (server.Submission, error) {
	s, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	switch {
	case s.user != "" && password == "":
		return nil, errors.New("a user needs a password, in a file that --submission-password names")
	case s.user == "" && password != "":
		return nil, errors.New("a password needs a user: smtp://USER@HOST")
	}
	return open(o, &relay{s, password, &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}, talkTime})
}

func (r *relay) carry(ctx context.Context, l *letter) error {
	late := fmt.Errorf("%s took longer than %v", r.addr(), r.limit)
	ctx, cancel := context.WithTimeoutCause(ctx, r.limit, late)
	defer cancel()
	err := r.talk(ctx, l)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// talk holds one SMTP session. When ctx ends, so does the connection.
func (r *relay) talk(ctx context.Context, l *letter) error {
	c, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := r.authenticate(c); err != nil {
		return err
	}
	body, err := r.envelope(c, l)
	if err != nil {
		_ = c.Quit() // a courtesy
		return err
	}
	if err := send(c, body); err != nil {
		return err
	}
	_ = c.Quit() // it has been taken already
	return nil
}

// connect makes a connection, with TLS where it must be.
func (r *relay) connect(ctx context.Context) (*smtp.Client, error) {
	dialer := net.Dialer{Timeout: dialTime}
	conn, err := dialer.DialContext(ctx, "tcp", r.addr())
	if err != nil {
		return nil, fmt.Errorf("%w: is the mail server that --submission names up, and its port right?", err)
	}
	context.AfterFunc(ctx, func() { conn.Close() }) // ctx ends with carry, at the latest
	c, err := r.secure(ctx, conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	c.CommandTimeout, c.SubmissionTimeout = answerTime, answerTime
	if err := c.Hello(r.hello); err != nil {
		conn.Close()
		return nil, r.mendTLS(err) // STARTTLS shakes hands with the first command behind it
	}
	return c, nil
}

func (r *relay) secure(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	here := conn.RemoteAddr().(*net.TCPAddr).IP.IsLoopback()
	switch {
	case r.implicit:
		secure := tls.Client(conn, r.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, r.mendTLS(err)
		}
		return smtp.NewClient(secure), nil
	case r.plain || here && r.user == "":
		return smtp.NewClient(conn), nil
	}
	c, err := smtp.NewClientStartTLS(conn, r.tls)
	if err != nil {
		return nil, r.mendTLS(err)
	}
	return c, nil
}

// mendTLS tells what may mend a connection that fails at its beginning.
func (r *relay) mendTLS(err error) error {
	var invalid *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid):
		return fmt.Errorf("%s: %w: use the name that its certificate bears, or let the system trust who signed it", r.addr(), err)
	case r.implicit:
		return fmt.Errorf("%s: %w: if it wants STARTTLS, say smtp:// instead of smtps://", r.addr(), err)
	case r.plain:
		return fmt.Errorf("%s: %w", r.addr(), err)
	}
	return fmt.Errorf("%s: %w: TLS is required; say smtps:// if it speaks TLS from the start, or add ?starttls=no "+
		"if the network between is safe", r.addr(), err)
}

// authenticate never sends a password in the clear: with a user, secure has seen to TLS.
// Its errors are the server's words; the library keeps what it sent out of them.
func (r *relay) authenticate(c *smtp.Client) error {
	if r.user == "" {
		return nil
	}
	if _, secure := c.TLSConnectionState(); !secure {
		return errors.New("no password is sent without TLS")
	}
	var auth sasl.Client
	switch {
	case c.SupportsAuth(sasl.Plain):
		auth = sasl.NewPlainClient("", r.user, r.password)
	case c.SupportsAuth(sasl.Login):
		auth = sasl.NewLoginClient(r.user, r.password)
	default:
		return fmt.Errorf("%s offers neither AUTH PLAIN nor AUTH LOGIN: give no user, or another port", r.addr())
	}
	if err := c.Auth(auth); err != nil {
		return fmt.Errorf("%s does not let %s in: %w: correct the user in --submission or the file of --submission-password", r.addr(), r.user, err)
	}
	return nil
}

// envelope says who sends to whom, and gives the message as it travels. BODY=8BITMIME
// is the library's doing, wherever it is offered; where it is not, the message is sent
// as it is: for thirty years there has been no server that would harm it.
func (r *relay) envelope(c *smtp.Client, l *letter) (io.Reader, error) {
	l.header.HideBcc()
	header := l.header.Bytes()
	options := smtp.MailOptions{Size: l.size, UTF8: !ascii(append(l.to, l.from)...)}
	if offered, _ := c.Extension("SMTPUTF8"); options.UTF8 && !offered {
		return nil, &server.Refusal{Reason: "the mail server does not take addresses with letters beyond ASCII"}
	}
	if err := c.Mail(l.from, &options); err != nil {
		return nil, refused("the mail server refused it", err)
	}
	for _, to := range l.to {
		if err := c.Rcpt(to, nil); err != nil {
			return nil, refused("the mail server refused "+clean(to), err)
		}
	}
	return io.MultiReader(bytes.NewReader(header), l.body), nil
}

// send sends the message itself. If it cannot be read to its end, its final dot is
// never written: the connection closes instead.
func send(c *smtp.Client, body io.Reader) error {
	w, err := c.Data()
	if err != nil {
		return refused("the mail server refused it", err)
	}
	message := &source{r: smtpEnds(body), abort: func() { c.Close() }}
	if _, err := io.Copy(w, message); message.err != nil {
		return fmt.Errorf("the message cannot be read back: %w", message.err)
	} else if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return refused("the mail server refused it", err)
	}
	return nil
}

// refused makes a refusal of an answer of the server. Other errors stay.
func refused(reason string, err error) error {
	var answer *smtp.SMTPError
	if !errors.As(err, &answer) {
		return err
	}
	said := fmt.Sprintf("%d %s", answer.Code, answer.Message)
	return &server.Refusal{Reason: because(reason, said), Temporary: answer.Code/100 == 4, Err: err}
}

func ascii(all ...string) bool {
	for _, s := range all {
		for _, c := range []byte(s) {
			if c >= 0x80 {
				return false
			}
		}
	}
	return true
}
