package server

// marks is the set of messages marked by DELE, one bit for each; nil is empty.
type marks []uint64

func (m marks) has(i int) bool {
	return i/64 < len(m) && m[i/64]&(1<<(i%64)) != 0
}

// add marks message i of n.
func (m *marks) add(i, n int) {
	if *m == nil {
		*m = make(marks, (n+63)/64)
	}
	(*m)[i/64] |= 1 << (i % 64)
}
