//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func momentsAVX2(sums, x, shift *float32, rows, block, n, ld int) {}
func addRunAVX2(sum *float64, run *float32, n int)                {}
