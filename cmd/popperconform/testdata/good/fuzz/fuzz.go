package fuzz

// FuzzUpdate is a body (UPD-1).
func FuzzUpdate(data []byte) int { return 0 }
