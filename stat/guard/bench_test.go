package guard

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkSampler is of an estimated covariance of 100 rows.
func BenchmarkSampler(b *testing.B) {
	for _, p := range []int{100, 400} {
		g, err := EstimateGaussian(autoregressive(100, p, 0.3, rand.New(rand.NewPCG(1, 1))))
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range []Method{MVR, SDP, Equicorrelated} {
			b.Run(fmt.Sprintf("%v/p=%d", m, p), func(b *testing.B) {
				for b.Loop() {
					if _, err := NewSampler(g, m); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkPermutationLambda(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := autoregressive(72, 7129, 0.3, rng)
	y := planted(x, 1000, 1, rng)
	for b.Loop() {
		if _, err := PermutationLambda(x, y, PermutationOptions{Level: 0.05}, rng); err != nil {
			b.Fatal(err)
		}
	}
}
