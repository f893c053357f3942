package parser

//go:generate go run ../cmd/poppergen -o .. ../grammar/ascii.popper ../grammar/pop3.popper ../grammar/mbox.popper
