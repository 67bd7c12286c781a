package f64

import "golang.org/x/sys/cpu"

func haveAVX2() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

// n is a positive multiple of four in all of these.

//go:noescape
func dotAVX2(x, y *float64, n int) float64

//go:noescape
func axpyAVX2(y, x *float64, n int, a float64)

//go:noescape
func axpy4AVX2(y, a, b, c, d *float64, n int, f *[4]float64)

//go:noescape
func mulAVX2(dst, x, y *float64, n int)

//go:noescape
func mulAxpyAVX2(y, x, w *float64, n int, a float64)

//go:noescape
func dot4AVX2(u, a, b, c, d *float64, n int, out *[4]float64)

//go:noescape
func tileAVX2(a0, a1, a2, b0, b1, b2, b3 *float64, n int, out *[12]float64)

//go:noescape
func symmetric4SingleAVX2(x, y *float64, a, b, c, d *float32, n, ahead int, f, out *[4]float64)

//go:noescape
func axpySingleAVX2(y *float64, x *float32, n int, a float64)

// gatherDotsAVX2 takes any number of values a column, and at least one column.
//
//go:noescape
func gatherDotsAVX2(out *float64, start *int, count int, index *int32, value, x *float64)
