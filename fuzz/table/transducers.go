package table

import "strings"

// The transducers, defined by hand on whole strings: what generated code and
// mutants of the grammar are held against. Nothing here comes from the grammar.

// Normal ends every line with CRLF, the last one too (R1081-SIZE-1, MBOX-3).
func Normal(m string) string {
	s := strings.ReplaceAll(strings.ReplaceAll(m, "\r\n", "\n"), "\n", "\r\n")
	if s != "" && !strings.HasSuffix(s, "\r\n") {
		s += "\r\n"
	}
	return s
}

// Stuffed doubles the dot that begins a line and adds the end (R1081-LINE-5).
func Stuffed(m string) (out string) {
	for _, line := range strings.SplitAfter(Normal(m), "\r\n") {
		if strings.HasPrefix(line, ".") {
			out += "."
		}
		out += line
	}
	return out + ".\r\n"
}

// Unstuffed reads lines up to the line of one dot; rest is what is behind it.
func Unstuffed(wire string) (m, rest string) {
	for wire != "" {
		line, after, _ := strings.Cut(wire, "\r\n")
		if wire = after; line == "." {
			return m, wire
		}
		m += strings.TrimPrefix(line, ".") + "\r\n"
	}
	return m, ""
}

// Unquoted takes one ">" off the lines that mboxrd quoting changed (MBOX-4).
func Unquoted(m string) string {
	lines := strings.SplitAfter(m, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ">") && strings.HasPrefix(strings.TrimLeft(l, ">"), "From ") {
			lines[i] = l[1:]
		}
	}
	return strings.Join(lines, "")
}

// Quoted puts a ">" before the lines from which Unquoted takes one, and before
// those that begin with "From " (MBOX-4).
func Quoted(m string) string {
	return quoted(m, func(l string) bool { return strings.HasPrefix(strings.TrimLeft(l, ">"), "From ") })
}

// OldQuoted puts a ">" before the lines that begin with "From ", and no others (MBOX-4).
func OldQuoted(m string) string {
	return quoted(m, func(l string) bool { return strings.HasPrefix(l, "From ") })
}

func quoted(m string, is func(line string) bool) (out string) {
	for _, l := range strings.SplitAfter(m, "\n") {
		if is(l) {
			out += ">"
		}
		out += l
	}
	return out
}
