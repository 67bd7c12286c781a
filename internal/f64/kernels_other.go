//go:build !amd64

package f64

func haveAVX2() bool { return false }

// These are never called: useAVX2 is false.

func dotAVX2(x, y *float64, n int) float64                                                      { return 0 }
func axpyAVX2(y, x *float64, n int, a float64)                                                  {}
func axpy4AVX2(y, a, b, c, d *float64, n int, f *[4]float64)                                    {}
func mulAVX2(dst, x, y *float64, n int)                                                         {}
func mulAxpyAVX2(y, x, w *float64, n int, a float64)                                            {}
func dot4AVX2(u, a, b, c, d *float64, n int, out *[4]float64)                                   {}
func tileAVX2(a0, a1, a2, b0, b1, b2, b3 *float64, n int, out *[12]float64)                     {}
func symmetric4SingleAVX2(x, y *float64, a, b, c, d *float32, n, ahead int, f, out *[4]float64) {}
func axpySingleAVX2(y *float64, x *float32, n int, a float64)                                   {}
func gatherDotsAVX2(out *float64, start *int, count int, index *int32, value, x *float64) {
}
