package code

import "testing"

// BERK-SHOWN-1, BERK-LATER-1
func TestShown(t *testing.T) {}
