package parser

//go:generate go run ../cmd/poppergen -o .. ../grammar/ascii.popper ../grammar/pop3.popper ../grammar/rfc1939.popper ../grammar/xtnd.popper ../grammar/extensions.popper ../grammar/mbox.popper
