package table

// Lines are lines.
var Lines = []string{
	"a", // MBOX-1
}
