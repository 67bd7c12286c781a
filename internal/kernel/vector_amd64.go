package kernel

// n is a positive multiple of eight in all of these, rows is positive, and ld
// is the distance of rows in elements.

//go:noescape
func addAVX2(dst, a, b *float32, n int)

//go:noescape
func mulAVX2(dst, a, b *float32, n int)

//go:noescape
func scaleAVX2(dst, a *float32, n int, s float32)

//go:noescape
func reluAVX2(dst, x *float32, n int)

//go:noescape
func reluGradAVX2(dst, y, dy *float32, n int)

//go:noescape
func fmaRowsAVX2(dst, x, w *float32, rows, n, ds, xs int)

//go:noescape
func dotRowsAVX2(dst, x, y *float32, rows, n, xs, ys int)

//go:noescape
func sumRowsAVX2(dst, x, shift *float32, rows, n, ld int)
