package fuzz

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"popper/mbox"
	"popper/server"
)

// groupSpool is the mail of the one discussion group of the session target; its name
// is the letter that the seeds have for a name.
const groupSpool = "From a@example.com Tue Jan  2 15:04:05 2024\nBBoard-ID: 7\n\nseven\n\n" +
	"From b@example.com Tue Jan  2 15:04:06 2024\nBBoard-ID: 9\n\n.\n\n"

type group struct{}

func (group) Readable(string) ([]server.Group, error) { return []server.Group{group{}}, nil }
func (group) Named(name string) bool                  { return strings.EqualFold(name, "a") }

func (group) Info() (server.GroupInfo, error) {
	return server.GroupInfo{Name: "a", Maildrop: groupPath(), Maxima: 9, LastDate: time.Unix(1704207846, 0)}, nil
}

func (group) Open(archive bool, o mbox.Options) (*mbox.Maildrop, []uint64, error) {
	if archive {
		return nil, nil, server.ErrNoArchive
	}
	o.Shared = true
	m, err := mbox.Open(groupPath(), o)
	return m, []uint64{7, 9}, err
}

func groupPath() string { return spoolPath() + ".group" }

// writeGroup lays the group's mail out; sessions must not change it (R1082-BB-3).
func writeGroup() {
	if err := os.WriteFile(groupPath(), []byte(groupSpool), 0o600); err != nil {
		panic(err)
	}
}

func checkGroup() {
	b, err := os.ReadFile(groupPath())
	must(err == nil && string(b) == groupSpool, "the group's mail has become %q (%v)", b, err)
}

// postman counts messages; one in three is refused.
type postman struct{ sent int }

func (p *postman) Submit(_ context.Context, user string, r io.ReadSeeker, size int64) error {
	b, err := io.ReadAll(r)
	must(err == nil && int64(len(b)) == size && user == "u", "a message of %d octets by %q, %d announced (%v)", len(b), user, size, err)
	must(size == 0 || strings.HasSuffix(string(b), "\r\n"), "a message ends with %q", b)
	if p.sent++; p.sent%3 == 0 {
		return &server.Refusal{Reason: string(b[:min(len(b), 1000)])}
	}
	return nil
}

// content takes a message and its final dot from what a client sends, and tells
// whether it is whole: written by hand, apart from the un-stuffer.
func content(in []byte) (rest []byte, whole bool) {
	if strings.HasPrefix(string(in), ".\r\n") {
		return in[3:], true
	}
	_, after, whole := strings.Cut(string(in), "\r\n.\r\n")
	return []byte(after), whole
}
