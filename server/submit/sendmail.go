package submit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"popper/server"
)

// sendmail is the program of that name, or one that takes its arguments: those of
// postfix, exim, opensmtpd, dma, msmtp, nullmailer and others do. It is started
// without a shell, as
//
//	PATH -t -oem -oi -f SENDER
//
// where -t takes the recipients from the header, and Bcc out of it; -oem mails errors
// that come up later to the sender; -oi says that a line of one dot does not end the
// message, but only the end of the input does; and -f is the envelope sender. The user
// is in SENDER alone, which never begins with "-".
type sendmail struct {
	path string
	time time.Duration // how long it may take
}

// Sendmail submits through a program, given by its absolute path.
func Sendmail(path string, o Options) (server.Submission, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("%s: give the whole path, for instance /usr/sbin/sendmail", path)
	}
	if _, err := exec.LookPath(path); err != nil {
		return nil, mendProgram(path, err)
	}
	return open(o, &sendmail{path, programTime})
}

// mendProgram tells what mends a program that cannot be started.
func mendProgram(path string, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: install a mail program that has it (postfix, exim, dma, msmtp-mta), or correct the path", err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: the user that popper runs as must be allowed to execute %s", err, path)
	}
	return err
}

// carry runs the program. It and its children, unless they leave its process group,
// are killed when ctx or their time ends, or when the message cannot be read to its
// end: a program that is only told that there is no more would send half of it.
func (s *sendmail) carry(ctx context.Context, l *letter) error {
	late := fmt.Errorf("%s took longer than %v and was killed: try it by hand", s.path, s.time)
	ctx, cancel := context.WithTimeoutCause(ctx, s.time, late)
	defer cancel()
	var said head
	cmd := exec.CommandContext(ctx, s.path, "-t", "-oem", "-oi", "-f", l.from)
	message := &source{r: unixEnds(io.MultiReader(bytes.NewReader(l.header.Bytes()), l.body))}
	message.abort = func() { _ = killGroup(cmd) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = message, &said, &said
	cmd.Dir, cmd.Env = "/", environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd) }
	cmd.WaitDelay = outputTime
	if err := cmd.Start(); err != nil {
		return mendProgram(s.path, err)
	}
	err := cmd.Wait()
	switch {
	case message.err != nil:
		return fmt.Errorf("the message cannot be read back: %w", message.err)
	case cmd.ProcessState.Success(): // whatever it has read, and whoever holds its output
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case cmd.ProcessState.Exited():
		return s.verdict(cmd.ProcessState.ExitCode(), said.String())
	}
	return fmt.Errorf("%s: %w: %s", s.path, err, clean(said.String()))
}

// killGroup kills the program, which is the leader of its group.
func killGroup(cmd *exec.Cmd) error {
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// environment is all that the program learns of popper's.
func environment() []string {
	env := []string{"PATH=" + cmp.Or(os.Getenv("PATH"), "/usr/sbin:/usr/bin:/sbin:/bin")}
	for _, name := range []string{"TZ", "LANG"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// source is a message that must be read whole or not at all.
type source struct {
	r     io.Reader
	abort func()
	err   error // what kept it from being read
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
		s.abort() // before the reader of the pipe can see its end
	}
	return n, err
}
