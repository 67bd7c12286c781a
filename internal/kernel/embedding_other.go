//go:build !amd64

package kernel

// This is never called: useAVX2 is false.

func scatterAddAVX2(dst, x, index *float32, n, c, ld int) {}
