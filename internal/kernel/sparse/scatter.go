package sparse

import (
	"pare/internal/kernel/gemm"
	"pare/internal/simd"
)

// scatter adds a row of pixels, weighted by three taps of a row of a kernel, to a row of
// outputs, 32 channels of it. Step i of steps takes the entries of pixel i, up to ends[i], and
// finishes output i − skip; the outputs before the first one do not exist. An output starts
// from the bias, or from y if that is nil, and ends with max(·, floor), where NaN stays NaN.
type scatter struct {
	y       []float32 // outputs, ldy apart
	w       []float32 // [C][3][32]
	bias    []float32
	entries []gemm.Entry
	ends    []int32
	ldy     int
	steps   int
	skip    int
	floor   float32
}

func (s *scatter) row() {
	switch {
	case simd.AVX512:
		scatterAVX512(s)
		return
	case simd.AVX2:
		scatterAVX2(s)
		return
	}
	var sums [convTaps][convOutputs]float32 // of the outputs i−skip, …, i−skip+2
	at := 0
	for i := range s.steps {
		for _, e := range s.entries[at:s.ends[i]] {
			w := s.w[int(e.At)*convTaps*convOutputs:][:convTaps*convOutputs]
			for k := range sums {
				for j, v := range w[(convTaps-1-k)*convOutputs:][:convOutputs] {
					sums[k][j] += e.Value * v
				}
			}
		}
		at = int(s.ends[i])
		if i >= s.skip {
			y := s.y[(i-s.skip)*s.ldy:][:convOutputs]
			start := y
			if s.bias != nil {
				start = s.bias
			}
			for j, v := range sums[0] {
				v += start[j]
				if v < s.floor {
					v = s.floor
				}
				y[j] = v
			}
		}
		sums[0], sums[1] = sums[1], sums[2]
		clear(sums[2][:])
	}
}
