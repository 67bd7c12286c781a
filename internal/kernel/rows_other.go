//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func rowMaxAVX2(x *float32, n int) float32                    { return 0 }
func rowExpAVX2(dst, x *float32, n int, m float32) float64    { return 0 }
func rowSumAVX2(x *float32, n int, shift float32) float64     { return 0 }
func rowSquaresAVX2(x *float32, n int, shift float32) float64 { return 0 }
func rowDotAVX2(a, b *float32, n int) float64                 { return 0 }
func rowAffineAVX2(dst, a *float32, n int, s, t float32)      {}
func rowMulShiftAVX2(dst, a, b *float32, n int, s float32)    {}
