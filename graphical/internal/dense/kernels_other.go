//go:build !amd64

package dense

// These are never called: useAVX2 is false.

func tileAVX2(c, a, b *float64, k, ldc int, alpha float64) {}
func dotAVX2(x, y *float64, n int) float64                 { return 0 }
func axpyAVX2(y, x *float64, n int, alpha float64)         {}
