//go:build !race

package grammar_test

const raced = false
