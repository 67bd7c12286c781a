//go:build !amd64

package dense

// These are never called: useAVX2 is false.

func tileAVX2(c, a, b *float64, k, ldc int, alpha float64) {}
