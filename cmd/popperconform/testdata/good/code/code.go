// Package code may speak of what is not built yet: R5034-X-1, BERK-DOC-1.
package code
