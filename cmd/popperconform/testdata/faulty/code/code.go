// Package code is BERK-LONELY-1, -2, and R1081-X-1 to 3,
// and from BERK-LATER-1 to BERK-SHOWN-1.
package code
