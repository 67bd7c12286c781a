package f64

import "pare/internal/simd"

// GatherDots sets out[k] to the inner product of compressed column k with x:
// Σ value[e]·x[index[e]] for e from start[k] to start[k+1]−1. Every index must be below
// the length of x, which is not checked: the caller has done so once.
func GatherDots(out []float64, start []int, index []int32, value, x []float64) {
	if len(out) == 0 {
		return
	}
	last := start[len(out)]
	index, value = index[:last], value[:last]
	if simd.AVX2 && last > 0 {
		gatherDotsAVX2(&out[0], &start[0], len(out), &index[0], &value[0], &x[0])
		return
	}
	for k := range out {
		s := 0.0
		for e := start[k]; e < start[k+1]; e++ {
			s += value[e] * x[index[e]]
		}
		out[k] = s
	}
}
