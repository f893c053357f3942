package passwd

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestBadLines(t *testing.T) {
	good := "ann:" + secretBcrypt
	for _, c := range []struct{ line, want string }{
		{"ann", "user:hash"},
		{":" + secretBcrypt, "no user name"},
		{"ann:", "no hash"},
		{"ann:secret", "plain text is refused"},
		{good + "\n" + good, "a line above already"},
		{good + ":mail/ann", "not an absolute path"},
		{good + ":/mail/%n", "% must be followed"},
		{good + ":/mail/%", "% must be followed"},
		{good + ":1000:1000::/home/ann", "not an absolute path"}, // a line of another program
		{good + ":/mail/a\tb", "control character"},
		{"../ann:" + secretBcrypt, "dot"},
		{".ann:" + secretBcrypt, "dot"},
		{"..:" + secretBcrypt, "dot"},
		{"a/b:" + secretBcrypt, `'/'`},
		{"a\x00b:" + secretBcrypt, `'\x00'`},
		{"a\x7fb:" + secretBcrypt, `'\x7f'`},
		{"a b:" + secretBcrypt, `' '`},
		{" ann:" + secretBcrypt, `' '`},
		{"ännchen:" + secretBcrypt, "printable ASCII"},
		{strings.Repeat("a", maxName+1) + ":" + secretBcrypt, "128"},
	} {
		lines := strings.Count(c.line, "\n") + 3
		_, err := parse("/etc/popper/passwd", []byte("# c\n\n"+c.line+"\n"), pattern)
		place := fmt.Sprintf("/etc/popper/passwd:%d: ", lines)
		if err == nil || !strings.HasPrefix(err.Error(), place) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v; want %s… %s", c.line, err, place, c.want)
		}
	}
}

func TestCheckPattern(t *testing.T) {
	for p, want := range map[string]string{
		"/var/mail/%u":          "",
		"/home/%u/%%x/mbox":     "",
		"var/mail/%u":           "absolute",
		"":                      "absolute",
		"/var/mail/all":         "no %u",
		"/var/mail/%%u":         "no %u",
		"/var/mail/%u/../inbox": "no %u",
		"/var/mail/%d/%u":       "% must be followed",
	} {
		err := CheckPattern(p)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", p, err, want)
		}
	}
}

// Whatever the file says, a maildrop of the pattern lies in the pattern's
// directory, and no two users have the same one.
func TestNoPathLeavesItsDirectory(t *testing.T) {
	plain := rapid.StringOfN(rapid.SampledFrom([]rune("ab.%u~-_@\\")), 1, 8, -1)
	nasty := rapid.StringOf(rapid.SampledFrom([]rune("a./%\x00:\n ü")))
	name := rapid.OneOf(plain, plain, plain, plain, nasty)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(name, 1, 5).Draw(t, "names")
		text := ""
		for _, n := range names {
			text += n + ":" + secretBcrypt + "\n"
		}
		table, err := parse("f", []byte(text), pattern)
		if err != nil {
			return
		}
		drops := map[string]string{}
		for n, u := range table.users {
			if filepath.Dir(u.maildrop) != "/var/mail" || filepath.Base(u.maildrop) != n {
				t.Fatalf("user %q has maildrop %q", n, u.maildrop)
			}
			if other, ok := drops[u.maildrop]; ok {
				t.Fatalf("users %q and %q share %q", n, other, u.maildrop)
			}
			drops[u.maildrop] = n
		}
	})
}
