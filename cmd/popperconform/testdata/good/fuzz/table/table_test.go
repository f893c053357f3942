package table

import "testing"

// MBOX-1: the table itself is in order; that shows nothing.
func TestLines(t *testing.T) { t.Log(Lines) }
