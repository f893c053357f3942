// Package bboards is the discussion groups of RFC 1082: an mbox file each, which many
// people read beside one another and popper alone delivers to and archives from.
//
// A directory says which groups there are: a file NAME.group for each, of lines
//
//	key: value
//
// or the file bboards of MH (mhfile.go), or both. The keys are maildrop (required, an
// absolute path), archive, aliases, address, request, leaders, flags (octal), feed-in
// and feeds-out; aliases, leaders and feeds-out are lists with spaces between. Empty
// lines and lines that begin with # are skipped. The directory is the administrator's
// and is trusted; what clients send is compared with names in it, and no path is ever
// made from it.
//
// Who may read a group is what the access rights of its file say (access.go). What
// number each message has, and how it keeps it, is in number.go.
package bboards
