package mend

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"
)

var (
	original = []string{"to", "cc", "bcc"}
	resent   = []string{"resent-to", "resent-cc", "resent-bcc"}
)

// Recipients are those that the header names, each once; and how many addresses it
// names in all. Mail that is sent again goes to those of its Resent- fields only; but
// they count together, because some programs that take mail read the others as well.
// An error names the field that cannot be read.
func (h *Header) Recipients() (all []string, count int, err error) {
	again, n, err := h.addresses(resent)
	if err != nil {
		return nil, 0, err
	}
	all, count, err = h.addresses(original)
	if n > 0 {
		all = again
	}
	return all, n + count, err
}

func (h *Header) addresses(names []string) (all []string, count int, err error) {
	for i := range h.fields {
		f := &h.fields[i]
		if !slices.Contains(names, f.name) || isEmpty(f.value()) {
			continue
		}
		list, err := mail.ParseAddressList(f.value())
		if err != nil {
			return nil, 0, fmt.Errorf("the addresses of %s cannot be read (%s)", f.title(), strings.TrimPrefix(err.Error(), "mail: "))
		}
		count += len(list)
		for _, a := range list {
			address := envelope(a.Address)
			if !slices.Contains(all, address) {
				all = append(all, address)
			}
		}
	}
	return all, count, nil
}

// isEmpty: some programs write "Bcc:" with nothing behind it, and "To: undisclosed
// recipients:;", the empty group.
func isEmpty(list string) bool {
	name, group, ok := strings.Cut(list, ":")
	return list == "" || ok && strings.TrimSpace(group) == ";" && !strings.ContainsAny(name, "<>@,;\"")
}

// title is the name as people write it.
func (f *field) title() string {
	words := strings.Split(f.name, "-")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "-")
}
