//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func addAVX2(dst, a, b *float32, n int)                   {}
func mulAVX2(dst, a, b *float32, n int)                   {}
func scaleAVX2(dst, a *float32, n int, s float32)         {}
func reluAVX2(dst, x *float32, n int)                     {}
func reluGradAVX2(dst, y, dy *float32, n int)             {}
func fmaRowsAVX2(dst, x, w *float32, rows, n, ds, xs int) {}
func dotRowsAVX2(dst, x, y *float32, rows, n, xs, ys int) {}
func sumRowsAVX2(dst, x, shift *float32, rows, n, ld int) {}
