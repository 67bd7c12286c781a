package kernel

import "math"

// The functions of this file reduce or map one row, such as the logits of an
// example. Sums run in float32 over sumRun values and in float64 beyond.
const sumRun = 1024

// rowMax returns the maximum of x without its NaN, -Inf if nothing is left.
func rowMax(x []float32) float32 {
	if useAVX2 && len(x) > 0 {
		return rowMaxAVX2(&x[0], len(x))
	}
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v > m {
			m = v
		}
	}
	return m
}

// rowExp computes dst = e^(x-m) for m >= x and returns the sum; dst nil asks
// for the sum alone.
func rowExp(dst, x []float32, m float32) float64 {
	sum := 0.0
	for lo := 0; lo < len(x); lo += sumRun {
		part := x[lo:min(lo+sumRun, len(x))]
		if useAVX2 {
			var d *float32
			if dst != nil {
				d = &dst[lo]
			}
			sum += rowExpAVX2(d, &part[0], len(part), m)
			continue
		}
		for i, v := range part {
			e := expNeg(v - m)
			sum += float64(e)
			if dst != nil {
				dst[lo+i] = e
			}
		}
	}
	return sum
}

// rowSum returns Σ (x - shift).
func rowSum(x []float32, shift float32) float64 {
	sum := 0.0
	for lo := 0; lo < len(x); lo += sumRun {
		part := x[lo:min(lo+sumRun, len(x))]
		if useAVX2 {
			sum += rowSumAVX2(&part[0], len(part), shift)
			continue
		}
		for _, v := range part {
			sum += float64(v - shift)
		}
	}
	return sum
}

// rowSquares returns Σ (x - shift)².
func rowSquares(x []float32, shift float32) float64 {
	sum := 0.0
	for lo := 0; lo < len(x); lo += sumRun {
		part := x[lo:min(lo+sumRun, len(x))]
		if useAVX2 {
			sum += rowSquaresAVX2(&part[0], len(part), shift)
			continue
		}
		for _, v := range part {
			sum += float64((v - shift) * (v - shift))
		}
	}
	return sum
}

// rowDot returns Σ a·b.
func rowDot(a, b []float32) float64 {
	b = b[:len(a)]
	sum := 0.0
	for lo := 0; lo < len(a); lo += sumRun {
		part, other := a[lo:min(lo+sumRun, len(a))], b[lo:]
		if useAVX2 {
			sum += rowDotAVX2(&part[0], &other[0], len(part))
			continue
		}
		for i, v := range part {
			sum += float64(v * other[i])
		}
	}
	return sum
}

// rowAffine computes dst = a·s + t.
func rowAffine(dst, a []float32, s, t float32) {
	a = a[:len(dst)]
	i := 0
	if useAVX2 && len(dst) >= 8 {
		i = len(dst) &^ 7
		rowAffineAVX2(&dst[0], &a[0], i, s, t)
	}
	for ; i < len(dst); i++ {
		dst[i] = a[i]*s + t
	}
}

// rowMulShift computes dst = a·(b - s).
func rowMulShift(dst, a, b []float32, s float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	i := 0
	if useAVX2 && len(dst) >= 8 {
		i = len(dst) &^ 7
		rowMulShiftAVX2(&dst[0], &a[0], &b[0], i, s)
	}
	for ; i < len(dst); i++ {
		dst[i] = a[i] * (b[i] - s)
	}
}
