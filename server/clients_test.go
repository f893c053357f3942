package server_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// What mail programs send, one case for each form that their sources or their makers'
// documents show, and what they cannot do without in the replies. A name stands where the
// form was seen; who sends what has none is only guessed.

// form is one dialogue.
type form struct {
	name  string
	with  []offer
	steps []string
	left  int // of the messages, afterwards; 0 for all three
}

const (
	denied   = "< -ERR [AUTH] wrong name or password"
	loggedIn = "< +OK maildrop has 3 messages (135 octets)" // Net::POP3 takes the number from it
	askName  = "< +OK send your password"
	noMech   = "< -ERR no such mechanism: AUTH alone lists those that there are"
	bye      = "< +OK popper signing off, 0 messages removed"
	farewell = "< +OK popper signing off"
	empty    = "< + " // with its blank, which is looked for (R5034-AUTH-1)
	proof    = "{\x00mrose\x00" + password + "}"
	wrong    = "{\x00mrose\x00wrong}"
)

// by is a login with USER and PASS.
func by(more ...string) []string {
	return append([]string{"> USER mrose", askName, "> PASS " + password, loggedIn}, more...)
}

// then joins dialogues.
func then(parts ...[]string) (all []string) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// times repeats a dialogue.
func times(n int, steps ...string) (all []string) {
	for range n {
		all = append(all, steps...)
	}
	return all
}

// openings are what comes before login: probes, and the ways to find out what there is.
var openings = []form{
	{"Thunderbird 102: CAPA, whole lines", []offer{plain, stls}, then([]string{
		"> CAPA", "< +OK…", "* STLS & UIDL & TOP & USER & SASL PLAIN", "> STLS", "< +OK…", "TLS", "> CAPA", "< +OK…", "! STLS",
		"> AUTH PLAIN", empty, "> " + proof, loggedIn, "> QUIT", bye, "CLOSED"}), 0},
	{"Thunderbird 101: AUTH and CAPA, before and after STLS", []offer{plain, stls}, then([]string{
		"> AUTH", "< +OK…", "* PLAIN", "> CAPA", "< +OK…", "* RESP-CODES & AUTH-RESP-CODE", "> STLS", "< +OK…", "TLS",
		"> AUTH", "< +OK…", "* PLAIN", "> CAPA", "< +OK…", "* RESP-CODES & AUTH-RESP-CODE"}, by("> QUIT", bye, "CLOSED")), 0},
	{"Thunderbird 102, encrypted password: CRAM-MD5 although not listed", []offer{plain}, then([]string{
		"> CAPA", "< +OK…", "*", "> AUTH CRAM-MD5", noMech}, by("> QUIT", bye)), 0},
	{"Outlook with SPA: AUTH and a blank, then NTLM", []offer{plain}, then([]string{
		"> AUTH ", "< +OK…", "* PLAIN", "> AUTH NTLM", noMech}, by("> QUIT", bye)), 0},
	{"Outlook with SPA, no mechanism at all", nil, then([]string{
		"> AUTH ", "< -ERR AUTH is not offered here"}, by("> QUIT", bye)), 0},
	{"mutt without CAPA, old Pine, PHP: a bare AUTH", []offer{plain}, then([]string{
		"> AUTH", "< +OK…", "* PLAIN"}, by("> QUIT", bye)), 0},
	{"K-9: a bare AUTH closes nothing", []offer{plain}, then(
		times(40, "> AUTH", "< +OK…", "* PLAIN"), by("> QUIT", bye)), 0},
	{"K-9: EXTERNAL, which is not there", []offer{plain}, then([]string{
		"> CAPA", "< +OK…", "*", "> AUTH EXTERNAL {mrose}", noMech}, by("> QUIT", bye)), 0},
	{"NeoMutt, Alpine, Evolution, MailKit: CAPA again after login", []offer{plain}, then(by(
		"> CAPA", "< +OK…", "* UIDL & TOP", "> QUIT", bye)), 0},
	{"JavaMail: one CAPA, before login, has UIDL", nil, then([]string{
		"> CAPA", "< +OK…", "* UIDL"}, by("> QUIT", bye)), 0},
	{"KMail, Sylpheed, Claws, s-nail: STLS without CAPA", []offer{stls}, then([]string{
		"> STLS", "< +OK…", "TLS"}, by("> QUIT", bye, "CLOSED")), 0},
	{"KMail, Sylpheed, Claws, s-nail: STLS that is not there", nil, then([]string{
		"> STLS", "< -ERR TLS is not offered here"}, by("> QUIT", bye)), 0},
	{"curl, libetpan: silence behind the reply to STLS", []offer{stls}, then([]string{
		"> CAPA", "< +OK…", "* STLS", "> STLS", "< +OK…", "TLS", "> CAPA", "< +OK…", "*"}, by("> QUIT", bye, "CLOSED")), 0},
	{"fdm: UTF8 before it knows anything", nil, then([]string{
		"> UTF8", "< +OK…"}, by("> UIDL", "< +OK…", "*", "> QUIT", bye)), 0},
	{"Horde: UTF8 if CAPA has it", []offer{plain}, []string{
		"> CAPA", "< +OK…", "* UTF8", "> UTF8", "< +OK…", "> AUTH PLAIN {mrose\x00mrose\x00" + password + "}", loggedIn, "> QUIT", bye}, 0},
	{"MailKit: UTF8 and LANG", nil, then([]string{
		"> UTF8", "< +OK…", "> LANG", "< +OK…", "*", "> LANG en", "< +OK en…"}, by("> QUIT", bye)), 0},
	{"Net::POP3: PING", nil, then([]string{
		"> PING mrose", "< -ERR unknown command"}, by("> QUIT", bye)), 0},
	{"fetchmail: RPOP with the password as its argument", nil, then([]string{
		"> USER mrose", askName, "> RPOP wrong", "< -ERR RPOP is not offered here, use PASS"}, by("> QUIT", bye)), 0},
}

// logins are by AUTH, APOP, and PASS; and what is tried when one is refused.
var logins = []form{
	{"Thunderbird 102: AUTH PLAIN, then USER and PASS, then the next password", []offer{plain}, []string{
		"> AUTH PLAIN", empty, "> " + wrong, denied, "> USER mrose", askName, "> PASS wrong", denied,
		"> AUTH PLAIN", empty, "> " + proof, loggedIn, "> QUIT", bye}, 0},
	{"c-client (Alpine, Pine, PHP): three times the same, a blank behind the plus", []offer{plain}, []string{
		"> AUTH PLAIN", empty, "> " + wrong, denied, "> AUTH PLAIN", empty, "> " + wrong, denied, "> AUTH PLAIN", empty, "> " + wrong, denied,
		"> AUTH PLAIN", empty, "> *", "< -ERR login cancelled", "> USER mrose", askName, "> PASS " + password, loggedIn, "> QUIT", bye}, 0},
	{"JavaMail, KMail, Evolution, nmh: a blank behind the plus", []offer{plain}, []string{
		"> AUTH PLAIN", empty, "> " + proof, loggedIn, "> QUIT", bye}, 0},
	{"NeoMutt: a blank behind the plus, and Base64", []offer{plain, bearer}, []string{
		"> AUTH PLAIN", empty, "> " + proof, loggedIn, "> QUIT", bye}, 0},
	{"JavaMail: an initial response of no octet", []offer{plain}, []string{
		"> AUTH PLAIN =", "< -ERR that is not what the mechanism expects", "> AUTH PLAIN " + proof, loggedIn, "> QUIT", bye}, 0},
	{"JavaMail: gone without QUIT when AUTH fails", []offer{plain}, []string{
		"> AUTH PLAIN " + wrong, denied, "CLOSE"}, 0},
	{"mpop, Net::POP3, poplib 3.14, nmh, getmail6: AUTH PLAIN in one line", []offer{plain}, []string{
		"> AUTH PLAIN " + proof, loggedIn, "> QUIT", bye}, 0},
	{"MailKit: what stands behind the plus is Base64", []offer{plain}, []string{
		"> AUTH PLAIN", empty, "> " + proof, loggedIn, "> QUIT", bye}, 0},
	{"MailKit: APOP, PLAIN, USER, all with the wrong secret", []offer{plain, apop}, []string{
		"> CAPA", "< +OK…", "*", "> APOP mrose " + strings.Repeat("0", 32), denied, "> AUTH PLAIN", empty, "> " + wrong, denied,
		"> USER mrose", askName, "> PASS wrong", denied, "> AUTH PLAIN", empty, "> " + proof, loggedIn, "> QUIT", bye}, 0},
	{"Mail::POP3Client: APOP, NOOP to see who lives, USER", []offer{apop}, then([]string{
		"> APOP mrose " + strings.Repeat("0", 32), denied, "> NOOP", "< -ERR NOOP is not valid in authorization state"}, by("> QUIT", bye)), 0},
	{"KMail, fetchmail, mutt, Sylpheed, Eudora: APOP in lower case", []offer{apop}, []string{
		"> APOP mrose $digest", loggedIn, "> QUIT", bye}, 0},
	{"curl: two lines, and no other way after it has failed", []offer{plain}, []string{
		"> CAPA", "< +OK…", "* SASL PLAIN", "> AUTH PLAIN", empty, "> " + wrong, denied, "> QUIT", farewell, "CLOSED"}, 0},
	{"Horde, and what hMailServer has seen: authorization identity and name", []offer{plain}, []string{
		"> AUTH PLAIN {mrose\x00mrose\x00" + password + "}", loggedIn, "> QUIT", bye}, 0},
	{"s-nail: USER and PASS, and right after nine mistakes", nil, then(
		times(9, "> USER mrose", askName, "> PASS wrong", denied), by("> QUIT", bye)), 0},
	{"s-nail: USER and PASS without end", nil, then(
		times(10, "> USER mrose", askName, "> PASS wrong", denied), []string{"CLOSED"}), 0},
	{"clients that show the reply to PASS only: no TLS, no login", []offer{tlsOnly}, []string{
		"> USER mrose", "< -ERR log in over TLS only: begin it with STLS, or connect to the port for it",
		"> PASS " + password, "< -ERR log in over TLS only: begin it with STLS, or connect to the port for it",
		"> STLS", "< +OK…", "TLS", "> USER mrose", askName, "> PASS " + password, loggedIn, "> QUIT", bye, "CLOSED"}, 0},
	{"JavaMail, old Thunderbird: Latin-1 in a password", nil, then([]string{
		"> USER mrose", askName, "> PASS p\xe4ssword", denied}, by("> QUIT", bye)), 0},
	{"poplib, K-9, MailKit: UTF-8 in a password", nil, then([]string{
		"> USER mrose", askName, "> PASS pässword", denied}, by("> QUIT", bye)), 0},
	{"without a password", nil, then([]string{
		"> USER mrose", askName, "> PASS ", "< -ERR…"}, by("> QUIT", bye)), 0},
	{"with a domain, which is part of the name", nil, then([]string{
		"> USER mrose@example.org", askName, "> PASS " + password, denied, `> USER EXAMPLE\mrose`, askName, "> PASS " + password, denied}, by("> QUIT", bye)), 0},
}

var (
	xoauth2     = "{user=mrose@example.org\x01auth=Bearer " + goodToken + "\x01\x01}"
	oauthBearer = "{n,a=mrose@example.org,\x01host=pop.example.org\x01port=995\x01auth=Bearer " + goodToken + "\x01\x01}"
	badXOAUTH2  = "{user=mrose\x01auth=Bearer wrong\x01\x01}"
	badBearer   = "{n,a=mrose,\x01auth=Bearer wrong\x01\x01}"
	noToken     = "< + " + b64(`{"status":"invalid_token"}`)
	noOldToken  = "< + " + b64(`{"status":"401","schemes":"bearer"}`)
)

// bearers are logins by tokens, and what is said to the challenge that tells why one was
// refused.
var bearers = []form{
	{"Thunderbird: XOAUTH2 in two lines", []offer{plain, bearer}, []string{
		"> CAPA", "< +OK…", "* SASL PLAIN OAUTHBEARER XOAUTH2", "> AUTH XOAUTH2", empty, "> " + xoauth2, loggedIn, "> QUIT", bye}, 0},
	{"getmail6, JavaMail, MailKit: XOAUTH2 in one line of 6 KiB", []offer{bearer}, []string{
		"> AUTH XOAUTH2 " + xoauth2, loggedIn, "> QUIT", bye}, 0},
	{"Indy: each mechanism in one line, and again in two", []offer{bearer}, then([]string{
		"> AUTH XOAUTH2 " + badXOAUTH2, noOldToken, "> ", denied, "> AUTH XOAUTH2", empty, "> " + badXOAUTH2, noOldToken, "> ", denied}, by("> QUIT", bye)), 0},
	{"NeoMutt: OAUTHBEARER in one line", []offer{bearer}, []string{
		"> AUTH OAUTHBEARER " + oauthBearer, loggedIn, "> CAPA", "< +OK…", "* UIDL", "> QUIT", bye}, 0},
	// The octet without a line end makes the next command the answer to the challenge.
	{"NeoMutt: OAUTHBEARER refused, ^A without a line end, the next mechanism", []offer{plain, bearer}, then([]string{
		"> AUTH OAUTHBEARER " + badBearer, noToken, ">| \x01", "> AUTH PLAIN", denied, "> " + proof, "< -ERR unknown command"}, by("> QUIT", bye)), 0},
	// Nor is it taken off a command line: that would be a second spelling of every command
	// (R1081-LINE-7), and what it costs is one mechanism: USER comes next.
	{"NeoMutt: OAUTHBEARER is not there, ^A in front of the next command", []offer{plain}, then([]string{
		"> AUTH OAUTHBEARER " + badBearer, noMech, ">| \x01", "> AUTH PLAIN", "< -ERR unknown command", "> " + proof, "< -ERR unknown command"}, by("> QUIT", bye)), 0},
	{"NeoMutt: ^A in front of QUIT", []offer{bearer}, []string{
		"> AUTH OAUTHBEARER " + badBearer, noToken, ">| \x01", "> QUIT", denied, "CLOSE"}, 0},
	{"mutt: the password behind an AUTH that was refused", nil, then([]string{
		"> AUTH PLAIN", "< -ERR AUTH is not offered here", "> " + proof, "< -ERR unknown command"}, by("> QUIT", bye)), 0},
	{"curl: ^A in Base64", []offer{bearer}, then([]string{
		"> AUTH OAUTHBEARER", empty, "> " + badBearer, noToken, "> AQ==", denied}, by("> QUIT", bye)), 0},
	{"c-client, Evolution: a star", []offer{bearer}, then([]string{
		"> AUTH OAUTHBEARER " + badBearer, noToken, "> *", denied}, by("> QUIT", bye)), 0},
	{"an empty line, rubbish, and a line without end", []offer{bearer}, then([]string{
		"> AUTH OAUTHBEARER " + badBearer, noToken, "> ", denied, "> AUTH OAUTHBEARER " + badBearer, noToken, "> what?", denied,
		"> AUTH XOAUTH2 " + badXOAUTH2, noOldToken, "> " + strings.Repeat("A", 40<<10), denied}, by("> QUIT", bye)), 0},
}

// fetches are what comes after login.
var fetches = []form{
	{"Thunderbird: STAT, LIST, UIDL, TOP n 0, RETR, DELE", nil, by(
		"> STAT", "< +OK 3 135", "> LIST", "< +OK…", "* 3 29", "> UIDL", "< +OK…", "*", "> TOP 3 0", "< +OK…", "* Subject: three",
		"> TOP 3 20", "< +OK…", "* ..dot", "> RETR 3", "< +OK 29 octets", "*", "> DELE 3", "< +OK…", "> NOOP", "< +OK", "> QUIT", "< +OK…", "CLOSED"), 2},
	{"Thunderbird 101, SeaMonkey: GURL, XSENDER, XTND XLST Message-Id", nil, by(
		"> GURL", "< -ERR unknown command", "> XSENDER 1", "< -ERR unknown command",
		"> XTND XLST Message-Id", "< +OK…", "* 2 Message-Id: <1@example.org>", "> QUIT", bye), 0},
	{"Outlook: no UIDL n", nil, by(
		"> STAT", "< +OK 3 135", "> UIDL", "< +OK…", "*", "> LIST", "< +OK…", "* 1 53", "> RETR 1", "< +OK 53 octets", "* hello", "> DELE 1", "< +OK…", "> QUIT", "< +OK…", "CLOSED"), 2},
	{"Outlook Express 6: no CAPA, all that it knows", nil, by(
		"> STAT", "< +OK 3 135", "> UIDL", "< +OK…", "*", "> LIST", "< +OK…", "*", "> TOP 1 0", "< +OK…", "*", "> RETR 2", "< +OK…", "*",
		"> DELE 2", "< +OK…", "> NOOP", "< +OK", "> RSET", "< +OK…", "> QUIT", bye), 0},
	{"Emacs, telnet: a bare LF", nil, []string{
		">| USER mrose\n", askName, ">| PASS " + password + "\n", loggedIn, ">| UIDL\n", "< +OK…", "*", ">| STAT\n", "< +OK 3 135", ">| QUIT\n", bye}, 0},
	{"pop3.el: UIDL before STAT", nil, by("> UIDL", "< +OK…", "*", "> STAT", "< +OK 3 135", "> LIST", "< +OK…", "*", "> QUIT", bye), 0},
	{"fetchmail: LAST, UIDL n, TOP with a very large number, *ENV", nil, by(
		"> LAST", "< +OK 0", "> LIST", "< +OK…", "*", "> UIDL 2", "< +OK 2 …", "> TOP 3 99999999", "< +OK…", "* end", "> *ENV 1", "< -ERR unknown command",
		"> DELE 3", "< +OK…", "> LAST", "< +OK 3", "> QUIT", "< +OK…", "CLOSED"), 2},
	{"Claws, Sylpheed: LAST, TOP with a large number", nil, by(
		"> LAST", "< +OK 0", "> TOP 3 10000", "< +OK…", "* end", "> QUIT", bye), 0},
	{"K-9: UIDL n and LIST n for each", nil, by(
		"> UIDL 1", "< +OK 1 …", "> LIST 1", "< +OK 1 53", "> UIDL 3", "< +OK 3 …", "> LIST 3", "< +OK 3 29", "> QUIT", bye), 0},
	{"JavaMail: the size from RETR, LIST n and RETR n in one write", nil, by(
		">| LIST 3\r\nRETR 3\r\n", "< +OK 3 29", "< +OK 29 octets", "* ..dot", "> QUIT", bye), 0},
	{"JavaMail, mpop, Evolution: USER and PASS in one write", nil, []string{
		">| USER mrose\r\nPASS wrong\r\n", askName, denied, ">| USER mrose\r\nPASS " + password + "\r\n", askName, loggedIn, "> QUIT", bye}, 0},
	{"mpop, KMail, pop3.el, Eudora: RETR and DELE in one write", nil, by(
		">| RETR 1\r\nDELE 1\r\nRETR 2\r\nDELE 2\r\nQUIT\r\n", "< +OK…", "*", "< +OK…", "< +OK…", "*", "< +OK…", "< +OK…", "CLOSED"), 1},
	{"nmh, libetpan: two numbers behind +OK", nil, by("> STAT", "< +OK 3 135", "> LIST 2", "< +OK 2 53", "> QUIT", bye), 0},
	{"Net::POP3, getmail6, NeoMutt: RSET and QUIT", nil, by("> DELE 1", "< +OK…", "> RSET", "< +OK…", "> QUIT", bye, "CLOSED"), 0},
	{"s-nail, Thunderbird: NOOP to stay", nil, by("> NOOP", "< +OK", "> NOOP", "< +OK", "> QUIT", bye), 0},
	{"blanks behind", nil, by("> STAT ", "< +OK 3 135", "> LIST 1 ", "< +OK 1 53", "> UIDL ", "< +OK…", "*", "> QUIT", bye), 0},
	{"PHPMailer 6.4: QUIT without a line end", nil, []string{
		"> USER mrose", askName, "> PASS " + password, loggedIn, ">| QUIT", "CLOSE"}, 0},
	{"a client that closes without QUIT", nil, by("> DELE 1", "< +OK…", "CLOSE"), 0}, // R1081-QUIT-3
	{"poplib, Ruby: a reply to QUIT, and then the end", []offer{stls}, then([]string{
		"> STLS", "< +OK…", "TLS"}, by("> QUIT", bye, "CLOSED")), 0},
	{"a second QUIT", nil, by(">| RSET\r\nQUIT\r\nQUIT\r\n", "< +OK…", bye, "CLOSED"), 0},
}

// R2449-CAPA-1, R5034-AUTH-1, R2595-STLS-1, R6856-UTF8-1, R1081-LINE-7: whatever a client
// probes for, it can log in afterwards.
func TestClientOpenings(t *testing.T) { holdAll(t, openings) }

// R5034-AUTH-1, R1939-APOP-1, R1081-PASS-1, BERK-AUTH-1: clients that are refused try one way
// after the other, on one connection.
func TestClientLogins(t *testing.T) { holdAll(t, logins) }

// R5034-AUTH-1: a token that is refused costs one reply, whatever the client says to it.
func TestClientTokens(t *testing.T) { holdAll(t, bearers) }

// R1081-LINE-2, R1081-LINE-4, R1081-STAT-1, R1081-LIST-1, R1081-RETR-1, R1081-TOP-1,
// R1081-LAST-1, R1081-QUIT-2, R1081-QUIT-3, R1939-UIDL-1, BERK-XLST-1.
func TestClientFetches(t *testing.T) { holdAll(t, fetches) }

// holdAll holds the dialogues.
func holdAll(t *testing.T, forms []form) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			o, shut := open(t, f.with...)
			o.visit(t).play(f.steps)
			shut()
			o.discreet(t)
			want := f.left
			if want == 0 {
				want = 3
			}
			if got := o.messages(t); got != want {
				t.Errorf("%d messages are left, want %d", got, want)
			}
		})
	}
}

// What is refused for another reason than the password must not look like a wrong one.
// fetchmail, Sylpheed and Claws look for words: "lock" or "wait" (R2449-CODE-1).
func TestClientsKnowABusyMaildrop(t *testing.T) {
	o, shut := open(t, plain)
	defer shut()
	holder := o.visit(t)
	holder.play(by())
	o.visit(t).play([]string{
		"> USER mrose", askName, "> PASS " + password, "< -ERR [IN-USE] maildrop is locked by another session, wait and try again",
		"> AUTH PLAIN " + proof, "< -ERR [IN-USE] maildrop is locked by another session, wait and try again",
		"> USER mrose", askName, "> PASS wrong", denied, // in which they must not find them
	})
}

// R1081-LIST-1, R1939-UIDL-1: mpop counts the lines, Gmail's importer and the mail program of
// old Androids give up on an empty one, and fdm on two ids that are equal, or too long,
// or not in order.
func TestClientsCountLines(t *testing.T) {
	o, shut := open(t)
	defer shut()
	v := o.visit(t)
	v.play(by())
	seen := map[string]bool{}
	for _, command := range []string{"LIST", "UIDL"} {
		v.play([]string{"> " + command, "< +OK…"})
		lines := strings.Split(strings.Trim(v.body(), "\n"), "\n")
		if len(lines) != 3 {
			t.Fatalf("%s: %q", command, lines)
		}
		for i, line := range lines {
			m := regexp.MustCompile(`^([0-9]+) ([!-~]{1,70})$`).FindStringSubmatch(line)
			if m == nil || m[1] != strconv.Itoa(i+1) || command == "UIDL" && seen[m[2]] {
				t.Errorf("%s: %q", command, line)
				continue
			}
			seen[m[2]] = command == "UIDL"
		}
	}
}
