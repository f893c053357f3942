package mend

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Address is that of a user.
type Address struct{ Local, Domain string }

// AddressOf is the address of a user whose mail comes to domain. A login name with an
// "@" is an address already, as is usual where users of many domains share a server.
func AddressOf(user, domain string) (Address, error) {
	a := Address{user, domain}
	if at := strings.LastIndexByte(user, '@'); at >= 0 {
		a = Address{user[:at], user[at+1:]}
	}
	if a.Local == "" || !utf8.ValidString(a.Local) || strings.ContainsFunc(a.Local, unicode.IsControl) {
		return a, fmt.Errorf("user name %q cannot be an address", user)
	}
	return a, CheckDomain(a.Domain)
}

// CheckDomain tells whether domain can stand in addresses.
func CheckDomain(domain string) error {
	if _, err := mail.ParseAddress("x@" + domain); err != nil || strings.ContainsAny(domain, " \t()<>,;:\\\"[]") {
		return fmt.Errorf("%q is not a mail domain such as example.org", domain)
	}
	return nil
}

// String is the address for an envelope, and for a field. A local part that is not made
// of letters, digits and a few harmless signs is quoted; above all one that begins with
// "-", which a program could take for an option.
func (a Address) String() string {
	if strings.HasPrefix(a.Local, "-") {
		return quoted(a.Local) + "@" + a.Domain
	}
	return join(a.Local, a.Domain, "._+=-")
}

// envelope is a recipient's address as an envelope has it: quotes stand where RFC 5322
// wants them, and nowhere else.
func envelope(address string) string {
	at := strings.LastIndexByte(address, '@')
	return join(address[:at], address[at+1:], "._+=-!#$%&'*/?^`{|}~")
}

// join quotes the local part unless it consists of letters, digits and signs.
func join(local, domain, signs string) string {
	odd := func(r rune) bool {
		return r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(signs, r)
	}
	if strings.ContainsFunc(local, odd) || strings.Contains("."+local+".", "..") {
		local = quoted(local)
	}
	return local + "@" + domain
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
