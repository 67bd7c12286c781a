//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func normForwardAVX2(y, x, skip, coef *float32, floor float32, rows, block, n, ld int)  {}
func normSumsAVX2(sums, x, skip, dy, coef *float32, mode, rows, block, n, ld int)       {}
func normInputAVX2(dx, dskip, x, skip, dy, coef *float32, mode, rows, block, n, ld int) {}
