// Package table holds what the specifications say, written out by hand: command
// lines with their wanted readings, the allowed state transitions, and mbox
// separator lines good and bad.
//
// It is the independent witness against the grammar and all that is generated
// from it. Nothing here was derived from the grammar, and nothing here may be
// corrected by running the product: a disagreement is settled from the text of
// RFC 1081, 1939, 2449, 2595, 5034 and 6856, or from MBOX-1. The tables sit close around
// each boundary (a limit, the edge of a class, an optional part), so that a
// mutation of one step in the grammar changes at least one verdict. Their
// residual risk is a reading of the text shared by the table's author and the
// grammar's.
//
// # Where the RFCs leave a choice
//
//   - A line ends with LF; one CR directly before that LF belongs to the line
//     end. A CR anywhere else is neither a line end nor part of an argument.
//   - A gap is one or more SP or HT, between keyword and argument and between
//     arguments. Blanks before the line end are tolerated. PASS differs: one gap
//     octet, and all the rest is the secret (1 or more octets, any but NUL, CR, LF).
//   - A name is one or more octets 0x21-0x7E. A message is a decimal number
//     1..4294967295, a count of lines 0..18446744073709551615; leading zeros are
//     tolerated, signs are not.
//   - Verdicts, the first that applies: "toolong", more than 255 octets with the
//     line end, unless it is a valid line of a command that has a limit of its own
//     (Limits) and keeps that; "unknown", no known keyword that a gap octet or the line end
//     follows directly; "malformed", arguments missing, superfluous or not of
//     their class; else the command.
//   - The words of XTND's sub-commands are one keyword: XTND with a word that is
//     none of them is "unknown". A group's name and a header's are one word of
//     0x21-0x7E each; which of them exist is for the server to say.
//   - A mechanism, a digest and a language range are one word of 0x21-0x7E too, and a
//     response is one of Base64's octets and "=" in any order: that it decodes is
//     for the server to see, who answers -ERR where it does not.
package table

import "slices"

// Case is a piece of client input with what the RFCs want of it.
type Case struct {
	// Name is unique among Lines.
	Name string

	// In is what the client sends: no line, one, or several. Octets after the
	// last LF are an unfinished line and want no entry in Want.
	In string

	// Want has one entry for each LF of In, in order: "unknown", "malformed" or
	// "toolong"; or the keyword in capitals followed by each argument that is
	// present, as SP name=value, strings quoted as by %q and numbers in plain
	// decimal: `LIST`, `TOP message=1 lines=10`, `PASS secret="tan staaf"`.
	Want []string

	// Rule is the requirement that the case shows, such as "R1081-LINE-1".
	Rule string
}

// Lines is the table of command lines. Readers must not change it.
var Lines = slices.Concat(
	keywordLines,
	bareLines,
	nameLines,
	secretLines,
	messageLines,
	topLines,
	framingLines,
	lengthLines,
	streamLines,
	xtndLines,
	apopLines,
	extensionLines,
	authLines,
	longAuthLines,
)

// wants makes the Want column read as a list of lines.
func wants(lines ...string) []string { return lines }
