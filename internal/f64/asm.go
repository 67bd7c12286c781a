package f64

// The assembly of this package, each function with the loop that it equals. Products
// are fused, and sums run in eight or more parallel parts. Unless a comment says
// otherwise n is a positive multiple of four.

// for i := range n { s += x[i] * y[i] }
//
//go:noescape
func dotAVX2(x, y *float64, n int) (s float64)

// for i := range n { y[i] += a * x[i] }
//
//go:noescape
func axpyAVX2(y, x *float64, n int, a float64)

// for i := range n { y[i] += f[0]*a[i] + f[1]*b[i] + f[2]*c[i] + f[3]*d[i] }
//
//go:noescape
func axpy4AVX2(y, a, b, c, d *float64, n int, f *[4]float64)

// for i := range n { dst[i] = x[i] * y[i] }
//
//go:noescape
func mulAVX2(dst, x, y *float64, n int)

// for i := range n { y[i] += a * x[i] * w[i] }
//
//go:noescape
func mulAxpyAVX2(y, x, w *float64, n int, a float64)

// for i := range n { out[0] += u[i] * a[i]; …; out[3] += u[i] * d[i] }
//
//go:noescape
func dot4AVX2(u, a, b, c, d *float64, n int, out *[4]float64)

// for i := range n { out[0] += a0[i] * b0[i]; out[1] += a0[i] * b1[i]; …; out[11] += a2[i] * b3[i] }
//
//go:noescape
func tileAVX2(a0, a1, a2, b0, b1, b2, b3 *float64, n int, out *[12]float64)

// for i := range n { out[0] += x[i] * a[i]; …; out[3] += x[i] * d[i];
// y[i] += f[0]*a[i] + … + f[3]*d[i] }; bytes that are ahead of a to d are fetched.
//
//go:noescape
func symmetric4SingleAVX2(x, y *float64, a, b, c, d *float32, n, ahead int, f, out *[4]float64)

// for i := range n { y[i] += a * float64(x[i]) }
//
//go:noescape
func axpySingleAVX2(y *float64, x *float32, n int, a float64)

// GatherDots of count columns, at least one, with any number of values each.
//
//go:noescape
func gatherDotsAVX2(out *float64, start *int, count int, index *int32, value, x *float64)
