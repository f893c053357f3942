package table

import "strings"

// authLines are AUTH with the name of a mechanism and, behind it, a first response:
// one word each. A response is of the octets of Base64 and "=" (RFC 5034, section 5); it may
// be "=" alone. Whether it decodes, and which mechanisms there are, is for the
// server to say. AUTH alone lists mechanisms. R5034-AUTH-1.
var authLines = []Case{
	{"auth/alone", "AUTH\r\n", wants(`AUTH`), "R5034-AUTH-1"},
	{"auth/alone LF", "AUTH\n", wants(`AUTH`), "R1081-LINE-2"},
	{"auth/alone, trailing SP", "AUTH \r\n", wants(`AUTH`), "R5034-AUTH-1"},
	{"auth/alone, trailing blanks LF", "auth \t \n", wants(`AUTH`), "R5034-AUTH-1"},
	{"auth/mechanism", "AUTH PLAIN\r\n", wants(`AUTH mechanism="PLAIN"`), "R5034-AUTH-1"},
	{"auth/mechanism LF", "AUTH DIGEST-MD5\n", wants(`AUTH mechanism="DIGEST-MD5"`), "R1081-LINE-2"},
	{"auth/mechanism keeps its case", "aUtH plain\r\n", wants(`AUTH mechanism="plain"`), "R1081-LINE-1"},
	{"auth/mechanism, trailing SP", "AUTH PLAIN \r\n", wants(`AUTH mechanism="PLAIN"`), "R5034-AUTH-1"},
	{"auth/mechanism, blanks around", "AUTH\t SCRAM-SHA-256-PLUS \t\n", wants(`AUTH mechanism="SCRAM-SHA-256-PLUS"`), "R5034-AUTH-1"},
	{"auth/mechanism of digits and signs", "AUTH KERBEROS_V4\r\n", wants(`AUTH mechanism="KERBEROS_V4"`), "R5034-AUTH-1"},
	{"auth/mechanism unknown", "AUTH FOOBAR\r\n", wants(`AUTH mechanism="FOOBAR"`), "R5034-AUTH-1"},
	{"auth/mechanism 0x21", "AUTH !\r\n", wants(`AUTH mechanism="!"`), "R5034-AUTH-1"},
	{"auth/mechanism 0x7E", "AUTH ~ abcd\r\n", wants(`AUTH mechanism="~" response="abcd"`), "R5034-AUTH-1"},
	{"auth/cancelled before it began", "AUTH *\r\n", wants(`AUTH mechanism="*"`), "R5034-AUTH-1"},
	{"auth/mechanism 0x1F", "AUTH \x1f\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/mechanism 0x7F", "AUTH PLAIN\x7f\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/mechanism 0x80", "AUTH \x80\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/mechanism NUL", "AUTH PLAIN\x00\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/CR behind gap", "AUTH \r\r\n", wants(`malformed`), "R1081-LINE-2"},
	{"auth/CR behind mechanism", "AUTH PLAIN\r\r\n", wants(`malformed`), "R1081-LINE-2"},
	{"auth/AUT", "AUT PLAIN\r\n", wants(`unknown`), "R1081-LINE-7"},
	{"auth/AUTHX", "AUTHX PLAIN\r\n", wants(`unknown`), "R1081-LINE-7"},
	{"auth/AUTHENTICATE", "AUTHENTICATE PLAIN\r\n", wants(`unknown`), "R1081-LINE-7"},
	{"auth/glued", "AUTH=PLAIN\r\n", wants(`unknown`), "R1081-LINE-1"},

	{"auth/RFC example", "AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q=\r\n", wants(`AUTH mechanism="PLAIN" response="dGVzdAB0ZXN0AHRlc3Q="`), "R5034-AUTH-1"},
	{"auth/response LF", "auth Plain AGEAYg==\n", wants(`AUTH mechanism="Plain" response="AGEAYg=="`), "R1081-LINE-2"},
	{"auth/response, blanks around", "AUTH \tPLAIN\t AGEAYg== \t\r\n", wants(`AUTH mechanism="PLAIN" response="AGEAYg=="`), "R5034-AUTH-1"},
	{"auth/empty response", "AUTH PLAIN =\r\n", wants(`AUTH mechanism="PLAIN" response="="`), "R5034-AUTH-1"},
	{"auth/empty response LF", "AUTH EXTERNAL = \n", wants(`AUTH mechanism="EXTERNAL" response="="`), "R5034-AUTH-1"},
	{"auth/pad that does not decode", "AUTH PLAIN =AAA\r\n", wants(`AUTH mechanism="PLAIN" response="=AAA"`), "R5034-AUTH-1"},
	{"auth/three arguments", "AUTH PLAIN AGEA Yg==\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/three arguments by HT", "AUTH PLAIN AGEA\tYg==\r\n", wants(`malformed`), "R5034-AUTH-1"},

	// The octets of Base64, and those beside them.
	{"auth/response *", "AUTH PLAIN *\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response +", "AUTH PLAIN +\r\n", wants(`AUTH mechanism="PLAIN" response="+"`), "R5034-AUTH-1"},
	{"auth/response ,", "AUTH PLAIN ,\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response -", "AUTH PLAIN -\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response .", "AUTH PLAIN .\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response /", "AUTH PLAIN /\r\n", wants(`AUTH mechanism="PLAIN" response="/"`), "R5034-AUTH-1"},
	{"auth/response 0", "AUTH PLAIN 0\r\n", wants(`AUTH mechanism="PLAIN" response="0"`), "R5034-AUTH-1"},
	{"auth/response 9", "AUTH PLAIN 9\r\n", wants(`AUTH mechanism="PLAIN" response="9"`), "R5034-AUTH-1"},
	{"auth/response :", "AUTH PLAIN :\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response <", "AUTH PLAIN <\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response >", "AUTH PLAIN >\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response @", "AUTH PLAIN @\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response A", "AUTH PLAIN A\r\n", wants(`AUTH mechanism="PLAIN" response="A"`), "R5034-AUTH-1"},
	{"auth/response Z", "AUTH PLAIN Z\r\n", wants(`AUTH mechanism="PLAIN" response="Z"`), "R5034-AUTH-1"},
	{"auth/response [", "AUTH PLAIN [\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response _ of another Base64", "AUTH PLAIN _\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response `", "AUTH PLAIN `\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response a", "AUTH PLAIN a\r\n", wants(`AUTH mechanism="PLAIN" response="a"`), "R5034-AUTH-1"},
	{"auth/response z", "AUTH PLAIN z\r\n", wants(`AUTH mechanism="PLAIN" response="z"`), "R5034-AUTH-1"},
	{"auth/response {", "AUTH PLAIN {\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response with all of them", "AUTH PLAIN 09AZaz+/==\r\n", wants(`AUTH mechanism="PLAIN" response="09AZaz+/=="`), "R5034-AUTH-1"},
	{"auth/response NUL", "AUTH PLAIN a\x00b\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/response 0xC1, A with its high bit", "AUTH PLAIN \xc1\r\n", wants(`malformed`), "R5034-AUTH-1"},
	{"auth/CR inside response", "AUTH PLAIN AGEA\rYg==\r\n", wants(`malformed`), "R1081-LINE-2"},
	{"auth/CR behind response", "AUTH PLAIN AGEAYg==\r\r\n", wants(`malformed`), "R1081-LINE-2"},

	{"auth/arguments are not remembered", "AUTH PLAIN AGEA\r\nAUTH LOGIN\r\nAUTH\r\n",
		wants(`AUTH mechanism="PLAIN" response="AGEA"`, `AUTH mechanism="LOGIN"`, `AUTH`), "R1081-LINE-4"},
	{"auth/unfinished", "AUTH PLAIN AGEAYg==", nil, "R1081-LINE-4"},
	{"auth/unfinished CR", "AUTH PLAIN AGEAYg==\r", nil, "R1081-LINE-4"},
}

// longAuthLines stand around the two limits of AUTH: 255 octets, to which it is a
// line like any other, and the 16384 of Limits, to which it must be a valid line. Where a
// response holds n octets, "AUTH PLAIN response" CRLF holds n+13, with LF n+12.
var longAuthLines = []Case{
	plain("auth/255", 242, "\r\n"),
	plain("auth/256", 243, "\r\n"),
	plain("auth/257", 244, "\r\n"),
	plain("auth/LF 255", 243, "\n"),
	plain("auth/LF 256", 244, "\n"),
	plain("auth/512", 499, "\r\n"),
	plain("auth/513", 500, "\r\n"),
	plain("auth/2000", 1987, "\r\n"),
	plain("auth/16383", 16370, "\r\n"),
	plain("auth/16384", 16371, "\r\n"),
	{"auth/16385", "AUTH PLAIN " + xs(16372) + "\r\n", wants(`toolong`), "R5034-AUTH-1"},
	plain("auth/LF 16384", 16372, "\n"),
	{"auth/LF 16385", "AUTH PLAIN " + xs(16373) + "\n", wants(`toolong`), "R5034-AUTH-1"},
	{"auth/40000", "AUTH PLAIN " + xs(39987) + "\r\n", wants(`toolong`), "R5034-AUTH-1"},
	{"auth/mechanism 255", "AUTH " + xs(248) + "\r\n", wants(`AUTH mechanism="` + xs(248) + `"`), "R5034-AUTH-1"},
	{"auth/mechanism 256", "AUTH " + xs(249) + "\r\n", wants(`AUTH mechanism="` + xs(249) + `"`), "R5034-AUTH-1"},
	{"auth/alone 255", "AUTH" + strings.Repeat(" ", 249) + "\r\n", wants(`AUTH`), "R5034-AUTH-1"},
	{"auth/alone 256", "AUTH" + strings.Repeat(" ", 250) + "\r\n", wants(`AUTH`), "R5034-AUTH-1"},
	{"auth/gap 300", "AUTH" + strings.Repeat("\t", 300) + "PLAIN\n", wants(`AUTH mechanism="PLAIN"`), "R5034-AUTH-1"},
	{"auth/second gap 300", "AUTH PLAIN" + strings.Repeat(" ", 300) + "AGEA\r\n", wants(`AUTH mechanism="PLAIN" response="AGEA"`), "R5034-AUTH-1"},
	{"auth/trailing blanks 300", "AUTH PLAIN AGEA" + strings.Repeat(" ", 300) + "\r\n", wants(`AUTH mechanism="PLAIN" response="AGEA"`), "R5034-AUTH-1"},
	{"auth/CR at 254, LF at 255", "AUTH PLAIN " + xs(242) + "\r\nSTAT\r\n", wants(`AUTH mechanism="PLAIN" response="`+xs(242)+`"`, `STAT`), "R5034-AUTH-1"},
	{"auth/CR at 255, LF at 256", "AUTH PLAIN " + xs(243) + "\r\nSTAT\r\n", wants(`AUTH mechanism="PLAIN" response="`+xs(243)+`"`, `STAT`), "R5034-AUTH-1"},

	// Malformed to 255 octets, and longer ones too long.
	{"auth/malformed 255", "AUTH PLAIN " + xs(241) + "!\r\n", wants(`malformed`), "R2449-LINE-8"},
	{"auth/malformed 256", "AUTH PLAIN " + xs(242) + "!\r\n", wants(`toolong`), "R2449-LINE-8"},
	{"auth/malformed early, 256", "AUTH PLAIN !" + xs(242) + "\r\n", wants(`toolong`), "R2449-LINE-8"},
	{"auth/malformed at octet 300", "AUTH PLAIN " + xs(288) + "!" + xs(10) + "\r\n", wants(`toolong`), "R2449-LINE-8"},
	{"auth/malformed at octet 300, the last", "AUTH PLAIN " + xs(288) + "!\n", wants(`toolong`), "R2449-LINE-8"},
	{"auth/malformed at octet 16382", "AUTH PLAIN " + xs(16370) + "!\r\n", wants(`toolong`), "R2449-LINE-8"},
	{"auth/three arguments, 255", "AUTH PLAIN " + xs(100) + " " + xs(141) + "\r\n", wants(`malformed`), "R2449-LINE-8"},
	{"auth/three arguments, 256", "AUTH PLAIN " + xs(100) + " " + xs(142) + "\r\n", wants(`toolong`), "R2449-LINE-8"},
	{"auth/three arguments, 300", "AUTH PLAIN " + xs(280) + " " + xs(6) + "\r\n", wants(`toolong`), "R2449-LINE-8"},
	{"auth/NUL at octet 300", "AUTH PLAIN " + xs(288) + "\x00\r\n", wants(`toolong`), "R2449-LINE-8"},
	{"auth/CR at octet 300", "AUTH PLAIN " + xs(288) + "\rAUTH PLAIN\r\n", wants(`toolong`), "R1081-LINE-2"},
	{"auth/CR CR LF at octet 300", "AUTH PLAIN " + xs(288) + "\r\r\n", wants(`toolong`), "R1081-LINE-2"},
	{"auth/AUTHX 256", "AUTHX " + xs(248) + "\r\n", wants(`toolong`), "R2449-LINE-8"},
	{"auth/AUT 256", "AUT " + xs(250) + "\r\n", wants(`toolong`), "R2449-LINE-8"},

	// One line, one verdict, and the next line is read from its first octet.
	{"auth/16384, then QUIT", "AUTH PLAIN " + xs(16371) + "\r\nQUIT\r\n", wants(`AUTH mechanism="PLAIN" response="`+xs(16371)+`"`, `QUIT`), "R1081-LINE-4"},
	{"auth/two of 16000", "AUTH A " + xs(16000) + "\r\nAUTH B " + xs(16000) + "\n", wants(`AUTH mechanism="A" response="`+xs(16000)+`"`, `AUTH mechanism="B" response="`+xs(16000)+`"`), "R1081-LINE-4"},
	{"auth/two of 300", "AUTH A " + xs(291) + "\r\nAUTH B " + xs(292) + "\n", wants(`AUTH mechanism="A" response="`+xs(291)+`"`, `AUTH mechanism="B" response="`+xs(292)+`"`), "R1081-LINE-4"},
	{"auth/16385, then QUIT", "AUTH B " + xs(16376) + "\r\nQUIT\r\n", wants(`toolong`, `QUIT`), "R2449-LINE-8"},
	{"auth/20000, then 300", "AUTH PLAIN " + xs(20000) + "\r\nAUTH B " + xs(300) + "\r\n", wants(`toolong`, `AUTH mechanism="B" response="`+xs(300)+`"`), "R2449-LINE-8"},
	{"auth/300 malformed, then QUIT", "AUTH PLAIN " + xs(280) + "!\r\nQUIT\r\n", wants(`toolong`, `QUIT`), "R2449-LINE-8"},
	{"auth/300 with a command behind a CR", "AUTH PLAIN " + xs(280) + "\rQUIT\r\nSTAT\r\n", wants(`toolong`, `STAT`), "R2449-LINE-8"},
	{"auth/300, then another verb of 256", "AUTH A " + xs(300) + "\r\nUSER " + xs(249) + "\r\nNOOP\r\n", wants(`AUTH mechanism="A" response="`+xs(300)+`"`, `toolong`, `NOOP`), "R2449-LINE-8"},
	{"auth/unfinished 300", "AUTH PLAIN " + xs(300), nil, "R1081-LINE-4"},
	{"auth/unfinished 16384", "AUTH PLAIN " + xs(16373), nil, "R1081-LINE-4"},
	{"auth/unfinished 20000", "NOOP\r\nAUTH PLAIN " + xs(20000), wants(`NOOP`), "R1081-LINE-4"},
}

// plain is a valid AUTH PLAIN whose response has n octets.
func plain(name string, n int, end string) Case {
	return Case{name, "AUTH PLAIN " + xs(n) + end, wants(`AUTH mechanism="PLAIN" response="` + xs(n) + `"`), "R5034-AUTH-1"}
}
