package vector

import (
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

func TestThreshold(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		inf := float32(math.Inf(1))
		for _, tau := range []float32{0, 0.25, math.SmallestNonzeroFloat32, 2} {
			special := []float32{kerneltest.NaN, inf, -inf, tau, math.Nextafter32(tau, -1), math.Nextafter32(tau, 9),
				-1, 0, float32(math.Copysign(0, -1))}
			for _, n := range []int{1, 7, 8, 9, 40, 1001} {
				x, dst := kerneltest.Slice(kerneltest.Rand(uint64(n)), n), make([]float32, n)
				for i := range x {
					if i%2 == 0 {
						x[i] = special[i/2%len(special)]
					}
				}
				Threshold(dst, x, tau)
				for i, v := range x {
					switch got := dst[i]; {
					case v != v:
						if got == got {
							t.Fatalf("threshold %v: NaN gives %v", tau, got)
						}
					case v >= tau && got != v, v < tau && math.Float32bits(got) != 0:
						t.Fatalf("threshold %v: %v gives %v", tau, v, got)
					}
				}
			}
		}
	})
}
