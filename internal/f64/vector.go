package f64

import "pare/internal/simd"

// Dot returns Σ x[i]·y[i]; y has at least the length of x.
func Dot(x, y []float64) float64 {
	n := len(x)
	y = y[:n]
	s, i := 0.0, simd.Whole(n, 4)
	if simd.AVX2 && i > 0 {
		s = dotAVX2(&x[0], &y[0], i)
	}
	for ; i < n; i++ {
		s += x[i] * y[i]
	}
	return s
}

// Axpy adds a·x to y, which has at least the length of x.
func Axpy(a float64, x, y []float64) {
	n := len(x)
	y = y[:n]
	i := simd.Whole(n, 4)
	if simd.AVX2 && i > 0 {
		axpyAVX2(&y[0], &x[0], i, a)
	}
	for ; i < n; i++ {
		y[i] += a * x[i]
	}
}

// Mul sets dst[i] = x[i]·y[i] for the length of dst.
func Mul(dst, x, y []float64) {
	n := len(dst)
	x, y = x[:n], y[:n]
	i := simd.Whole(n, 4)
	if simd.AVX2 && i > 0 {
		mulAVX2(&dst[0], &x[0], &y[0], i)
	}
	for ; i < n; i++ {
		dst[i] = x[i] * y[i]
	}
}

// MulAxpy adds a·x[i]·w[i] to y[i] for the length of y.
func MulAxpy(a float64, x, w, y []float64) {
	n := len(y)
	x, w = x[:n], w[:n]
	i := simd.Whole(n, 4)
	if simd.AVX2 && i > 0 {
		mulAxpyAVX2(&y[0], &x[0], &w[0], i, a)
	}
	for ; i < n; i++ {
		y[i] += a * x[i] * w[i]
	}
}
