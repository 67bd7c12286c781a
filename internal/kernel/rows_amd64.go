package kernel

// n is positive, in the last two a multiple of eight.

//go:noescape
func rowMaxAVX2(x *float32, n int) float32

//go:noescape
func rowExpAVX2(dst, x *float32, n int, m float32) float64

//go:noescape
func rowSumAVX2(x *float32, n int, shift float32) float64

//go:noescape
func rowSquaresAVX2(x *float32, n int, shift float32) float64

//go:noescape
func rowDotAVX2(a, b *float32, n int) float64

//go:noescape
func rowAffineAVX2(dst, a *float32, n int, s, t float32)

//go:noescape
func rowMulShiftAVX2(dst, a, b *float32, n int, s float32)
