package f64

import "pare/internal/simd"

// Symmetric4Single takes four rows of a symmetric matrix in single precision; each value
// stands for its mirror image, too. It returns the inner products of x with rows, and adds
// Σ rows[r]·f[r] to y. All have the length of x; sums are in double precision. The values
// ahead places further on in rows are the next to be read, and are prefetched.
func Symmetric4Single(x, y []float64, rows *[4][]float32, f *[4]float64, ahead int) (out [4]float64) {
	n := len(x)
	y = y[:n]
	a, b, c, d := rows[0][:n], rows[1][:n], rows[2][:n], rows[3][:n]
	i := simd.Whole(n, 4)
	if simd.AVX2 && i > 0 {
		symmetric4SingleAVX2(&x[0], &y[0], &a[0], &b[0], &c[0], &d[0], i, 4*ahead, f, &out)
	}
	for ; i < n; i++ {
		va, vb, vc, vd := float64(a[i]), float64(b[i]), float64(c[i]), float64(d[i])
		out[0] += x[i] * va
		out[1] += x[i] * vb
		out[2] += x[i] * vc
		out[3] += x[i] * vd
		y[i] += f[0]*va + f[1]*vb + f[2]*vc + f[3]*vd
	}
	return out
}

// AxpySingle adds a·x to y, which has at least the length of x.
func AxpySingle(a float64, x []float32, y []float64) {
	n := len(x)
	y = y[:n]
	i := simd.Whole(n, 4)
	if simd.AVX2 && i > 0 {
		axpySingleAVX2(&y[0], &x[0], i, a)
	}
	for ; i < n; i++ {
		y[i] += a * float64(x[i])
	}
}
