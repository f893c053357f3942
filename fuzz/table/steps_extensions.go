package table

// extensionSteps are those of the extensions: RFC 2449, 2595, 5034 and 6856, and HELP.
// None says that a name given before is forgotten by a command that does not end the
// AUTHORIZATION state, so PASS is still valid after it, though RFC 1939 has
// PASS directly after USER: a client may ask for capabilities between the two.
var extensionSteps = []Step{
	// R2449-CAPA-1: no restrictions (RFC 2449, section 5).
	{"authorization", "CAPA", true, "authorization", ""},
	{"authorization", "CAPA", false, "authorization", ""},
	{"identified", "CAPA", true, "identified", ""},
	{"identified", "CAPA", false, "identified", ""},
	{"transaction", "CAPA", true, "transaction", ""},
	{"transaction", "CAPA", false, "transaction", ""},
	{"group", "CAPA", true, "group", ""},
	{"group", "CAPA", false, "group", ""},

	// R2595-STLS-1: in AUTHORIZATION only, and there the session remains (RFC 2595,
	// section 4); a name said in the clear is not one said on the private connection.
	{"authorization", "STLS", true, "authorization", ""},
	{"authorization", "STLS", false, "authorization", ""},
	{"identified", "STLS", true, "authorization", ""},
	{"identified", "STLS", false, "identified", ""},

	// R5034-AUTH-1: in AUTHORIZATION only; success enters TRANSACTION, and a failure
	// leaves the session as if AUTH had not been given (RFC 5034, section 4). Bare
	// AUTH lists mechanisms, as servers did before there was CAPA.
	{"authorization", "AUTH", true, "authorization", ""},
	{"authorization", "AUTH", false, "authorization", ""},
	{"authorization", "AUTH", true, "transaction", "mechanism"},
	{"authorization", "AUTH", false, "authorization", "mechanism"},
	{"identified", "AUTH", true, "identified", ""},
	{"identified", "AUTH", false, "identified", ""},
	{"identified", "AUTH", true, "transaction", "mechanism"},
	{"identified", "AUTH", false, "identified", "mechanism"},

	// R6856-UTF8-1: UTF8 in AUTHORIZATION only (RFC 6856, section 2), LANG there and in
	// TRANSACTION (section 3.1).
	{"authorization", "UTF8", true, "authorization", ""},
	{"authorization", "UTF8", false, "authorization", ""},
	{"identified", "UTF8", true, "identified", ""},
	{"identified", "UTF8", false, "identified", ""},
	{"authorization", "LANG", true, "authorization", ""},
	{"authorization", "LANG", false, "authorization", ""},
	{"identified", "LANG", true, "identified", ""},
	{"identified", "LANG", false, "identified", ""},
	{"transaction", "LANG", true, "transaction", ""},
	{"transaction", "LANG", false, "transaction", ""},
	{"group", "LANG", true, "group", ""},
	{"group", "LANG", false, "group", ""},

	// HELP, which nothing forbids.
	{"authorization", "HELP", true, "authorization", ""},
	{"authorization", "HELP", false, "authorization", ""},
	{"identified", "HELP", true, "identified", ""},
	{"identified", "HELP", false, "identified", ""},
	{"transaction", "HELP", true, "transaction", ""},
	{"transaction", "HELP", false, "transaction", ""},
	{"group", "HELP", true, "group", ""},
	{"group", "HELP", false, "group", ""},
}
