package f64

import "pare/internal/simd"

// Dot4 returns the inner products of u with four vectors of its length.
func Dot4(u, a, b, c, d []float64) (out [4]float64) {
	n := len(u)
	a, b, c, d = a[:n], b[:n], c[:n], d[:n]
	i := simd.Whole(n, 4)
	if simd.AVX2 && i > 0 {
		dot4AVX2(&u[0], &a[0], &b[0], &c[0], &d[0], i, &out)
	}
	for ; i < n; i++ {
		t := u[i]
		out[0] += t * a[i]
		out[1] += t * b[i]
		out[2] += t * c[i]
		out[3] += t * d[i]
	}
	return out
}

// Axpy4 adds Σ f[k]·x[k] to y, which has the length of all four.
func Axpy4(f *[4]float64, x *[4][]float64, y []float64) {
	n := len(y)
	a, b, c, d := x[0][:n], x[1][:n], x[2][:n], x[3][:n]
	i := simd.Whole(n, 4)
	if simd.AVX2 && i > 0 {
		axpy4AVX2(&y[0], &a[0], &b[0], &c[0], &d[0], i, f)
	}
	for ; i < n; i++ {
		y[i] += f[0]*a[i] + f[1]*b[i] + f[2]*c[i] + f[3]*d[i]
	}
}

// Tile returns the inner products of three vectors with four, all of the length
// of the first: out[4·i+j] = a[i]ᵀ b[j].
func Tile(a *[3][]float64, b *[4][]float64) (out [12]float64) {
	n := len(a[0])
	i := simd.Whole(n, 4)
	if simd.AVX2 && i > 0 {
		for k := range a {
			_ = a[k][:n]
		}
		for k := range b {
			_ = b[k][:n]
		}
		tileAVX2(&a[0][0], &a[1][0], &a[2][0], &b[0][0], &b[1][0], &b[2][0], &b[3][0], i, &out)
	}
	if i == n {
		return out
	}
	for r := range a {
		x := a[r][i:n]
		for c := range b {
			y := b[c][i:n]
			s := 0.0
			for t := range x {
				s += x[t] * y[t]
			}
			out[4*r+c] += s
		}
	}
	return out
}
