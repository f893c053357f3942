package table

import "slices"

// Separator is one line of a maildrop, without its line end, and whether it
// separates messages where it stands at the start of the file or after an empty
// line (MBOX-1). Why says who writes such a line, or which part is wrong.
type Separator struct {
	Line string
	OK   bool
	Why  string
}

// Separators is the table of separator lines. Readers must not change it.
//
// The shape, as delivery agents have written it since the 1970s:
//
//	"From " [sender] weekday month day time [zone] year [zone] ["remote from " host]
//
// with one or more SP between parts and any number at the end. The sender may be
// anything, spaces and dates included, so the date is the last one on the line.
// Where the agents leave a choice, this table decides:
//
//   - sender: any octets but NUL, CR, LF; may be missing.
//   - weekday and month: the English three letters, in exactly that case; they
//     need not agree with the day.
//   - day [0-3]?[0-9]; time hh:mm or hh:mm:ss with hour [0-2]?[0-9], minute
//     [0-5][0-9], second [0-5][0-9] or 60; year four digits.
//   - zone: a word of 1 to 5 letters, such a word and DST, or [+-]hhmm.
//   - host: one word.
//   - At most 998 octets in all.
//
// Any other line that begins with "From " is text. The residual risk is on both
// sides: a writer that quotes nothing can put a line of exactly this shape into
// a body, and a date in another language or another order is not recognised.
var Separators = slices.Concat(goodSeparators, badSeparators)
