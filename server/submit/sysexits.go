package submit

import (
	"fmt"

	"popper/server"
)

// Exit codes of mail programs, those of sysexits.h.
const (
	exUsage       = 64
	exDataErr     = 65
	exNoUser      = 67
	exNoHost      = 68
	exUnavailable = 69
	exSoftware    = 70
	exOSErr       = 71
	exOSFile      = 72
	exCantCreate  = 73
	exIOErr       = 74
	exTempFail    = 75
	exProtocol    = 76
	exNoPerm      = 77
	exConfig      = 78
	exCannotRun   = 126 // of a shell
	exNoProgram   = 127
)

// verdicts are those that concern the client.
var verdicts = map[int]struct {
	reason    string
	temporary bool
}{
	exDataErr:     {"the mail program does not understand it", false},
	exNoUser:      {"a recipient is unknown", false},
	exNoHost:      {"a recipient's host is unknown", false},
	exUnavailable: {"the mail program cannot do it", false},
	exOSErr:       {"the mail program lacks something", true},
	exCantCreate:  {"the mail program cannot store it", true},
	exIOErr:       {"the mail program cannot store it", true},
	exTempFail:    {"the mail program cannot take it now", true},
	exProtocol:    {"mail transfer did not work", true},
	exNoPerm:      {"you may not send it", false},
}

// verdict makes words of an exit code other than 0. What the program said may tell of
// its files where it is not set up well; then it is for the log alone.
func (s *sendmail) verdict(code int, said string) error {
	err := fmt.Errorf("%s ended with exit code %d: %s", s.path, code, clean(said))
	v, ok := verdicts[code]
	switch {
	case ok:
		return &server.Refusal{Reason: because(v.reason, said), Temporary: v.temporary, Err: err}
	case code == exUsage || code == exSoftware || code == exOSFile || code == exConfig || code == exCannotRun || code == exNoProgram:
		return fmt.Errorf("%w: it is not set up well, or takes other arguments than sendmail; try it by hand", err)
	}
	return &server.Refusal{Reason: because("the mail program refused it", said), Err: err}
}
