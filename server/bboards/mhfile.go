package bboards

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The file bboards of MH: a line for each group, of ten fields with colons between,
//
//	name:aliases:file:password:leaders:address:request:relay:distribution:flags
//
// aliases, leaders and distribution being lists with commas between. What it leaves out
// MH made up as follows, and so do we. MH passed over lines with another number of
// fields without a word; here they are errors. The password kept other readers out; here
// access rights do, and nobody is shown it.

const mhFields = 10

// parseMH reads a file of MH's. dir is where relative files are.
func parseMH(path string, data []byte, dir string) (all []*definition, err error) {
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if t := strings.TrimSpace(line); t == "" || t[0] == '#' {
			continue
		}
		g, err := parseMHLine(line, dir)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		g.where = fmt.Sprintf("%s:%d", path, n)
		all = append(all, g)
	}
	return all, nil
}

func parseMHLine(line, dir string) (*definition, error) {
	if hasControl(line) {
		return nil, errControl
	}
	f := strings.Split(line, ":")
	if len(f) != mhFields {
		return nil, fmt.Errorf("%d fields with colons between, where bboards(5) has %d: name:aliases:file:password:leaders:"+
			"address:request:relay:distribution:flags", len(f), mhFields)
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	g := new(definition)
	g.Name, g.Aliases, g.Leaders = f[0], list(f[1]), list(f[4])
	g.FeedIn, g.FeedsOut = f[7], list(f[8])
	g.Address = mhAddress(f[0], f[5])
	g.Request = mhRequest(f[0], f[6], g.Address)
	if f[9] != "" {
		var err error
		if g.Flags, err = octal(f[9]); err != nil {
			return nil, fmt.Errorf("flags: %w", err)
		}
	}
	g.mhFiles(f[2], dir)
	return g, g.check()
}

// mhFiles sets the paths that MH derives from that of the maildrop.
func (g *definition) mhFiles(file, dir string) {
	if file == "" {
		return
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	g.Maildrop = filepath.Clean(file)
	at, base := filepath.Split(g.Maildrop)
	g.Archive = filepath.Join(at, "archive", base)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	g.GroupInfo.Info, g.Map = filepath.Join(at, "."+stem+".cnt"), filepath.Join(at, "."+stem+".map")
}

// mhAddress is where to send to the group.
func mhAddress(name, address string) string {
	switch {
	case address == "":
		return name
	case address[0] == '@':
		return name + address
	}
	return address
}

// mhRequest is where to send to those who run it.
func mhRequest(name, request, address string) string {
	switch {
	case request == "":
		return address
	case request[0] == '-':
		request = name + request
	}
	if _, host, ok := strings.Cut(address, "@"); ok && !strings.Contains(request, "@") {
		request += "@" + host
	}
	return request
}

// list splits at commas and drops what is empty.
func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// parseCount reads MH's information file: the maxima, and on the next line the date of
// the last message. A date that cannot be read is none.
func parseCount(data []byte) (maxima uint64, last time.Time, err error) {
	first, rest, _ := strings.Cut(string(data), "\n")
	maxima, err = strconv.ParseUint(strings.TrimSpace(first), 10, 64)
	if err == nil && maxima > maxNumber {
		err = fmt.Errorf("%d is more than %d", maxima, uint64(maxNumber))
	}
	second, _, _ := strings.Cut(rest, "\n")
	second = strings.TrimSpace(second)
	for _, layout := range []string{
		"Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 MST",
		"Mon, 2 Jan 06 15:04:05 -0700", "Mon, 2 Jan 06 15:04:05 MST", "2 Jan 06 15:04:05 MST", time.ANSIC,
	} {
		if t, err := time.Parse(layout, second); err == nil {
			last = t
			break
		}
	}
	return maxima, last, err
}
