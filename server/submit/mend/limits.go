package mend

// MaxHeader is how many octets a header may have. It is held in memory: a client that
// sends lines without end, or one line, must not fill it. More than any program sends,
// and than most mail transfer takes.
const MaxHeader = 256 << 10
