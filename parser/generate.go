package parser

//go:generate go run ../cmd/poppergen -o .. ../grammar/ascii.popper ../grammar/pop3.popper ../grammar/xtnd.popper ../grammar/mbox.popper
