// Package code is BERK-LONELY-1, -2, and R1081-X-1 to 3.
package code
