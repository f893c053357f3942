package table

// AllVerbs are the keywords of the command set, each once.
var AllVerbs = []string{
	"USER", "PASS", "RPOP", "QUIT",
	"STAT", "LIST", "RETR", "DELE", "NOOP", "LAST", "RSET", "TOP", "UIDL", "APOP",
	"XTND BBOARDS", "XTND ARCHIVE", "XTND X-BBOARDS", "XTND XMIT", "XTND XLST",
	"CAPA", "STLS", "AUTH", "UTF8", "LANG", "HELP",
}

// Dialects tells from which document each keyword is; what is not here is from RFC
// 1081 (TOP and RPOP are optional there). HELP is from none: people type it.
var Dialects = map[string]string{
	"UIDL": "rfc1939", "APOP": "rfc1939",
	"XTND BBOARDS": "rfc1082", "XTND ARCHIVE": "rfc1082", "XTND X-BBOARDS": "rfc1082",
	"XTND XMIT": "berkeley", "XTND XLST": "berkeley",
	"CAPA": "rfc2449",
	"STLS": "rfc2595",
	"AUTH": "rfc5034",
	"UTF8": "rfc6856", "LANG": "rfc6856",
	"HELP": "popper",
}

// Asking are the keywords whose positive reply asks the client for a message.
var Asking = []string{"XTND XMIT"} // BERK-XMIT-1

// AskingLines are the keywords that may ask the client for lines before they are
// answered, each after a line that begins with "+" (RFC 5034, section 4).
var AskingLines = []string{"AUTH"} // R5034-AUTH-1

// Capabilities tells by which tag CAPA announces each keyword. Those of RFC 1081 that
// are not optional need none. Nor do PASS, which comes with USER (RFC 2449, section
// 6.2), and APOP, which the greeting's timestamp announces (section 6).
var Capabilities = map[string]string{ // R2449-CAPA-1
	"USER": "USER", // RFC 2449, section 6.2
	"TOP":  "TOP",  // RFC 2449, section 6.1
	"UIDL": "UIDL", // RFC 2449, section 6.8
	"AUTH": "SASL", // RFC 2449, section 6.3, and RFC 5034, section 3
	"STLS": "STLS", // RFC 2595, section 4
	"UTF8": "UTF8", // RFC 6856, section 2
	"LANG": "LANG", // RFC 6856, section 3.1
}

// Limits tells how many octets a line of each keyword may have, line end included;
// what is not here has 255 (RFC 2449, section 4). To RFC 5034, section 4, that limit
// holds for AUTH and its first response too, but it binds the client; clients
// with an OAuth token send it at once though it is longer.
var Limits = map[string]int{"AUTH": 16384} // R5034-AUTH-1
