package infer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pare/infer"
)

// BenchmarkZeros times predictions that skip zeros and dense ones in turn, by the share of active
// units: the least time of each, and how many times as fast skipping is.
func BenchmarkZeros(b *testing.B) {
	for _, c := range skipping {
		for _, batch := range []int{1, 64} {
			for _, share := range []float64{0.05, 0.2, 1} {
				b.Run(fmt.Sprintf("%s/n=%d/active=%g", c.name, batch, share), func(b *testing.B) {
					rng := rand.New(rand.NewPCG(1, 2))
					net := chain(b, c.input, rng, c.layers()...)
					activate(net, share, rng)
					x := examples(net, batch, rng)
					out := make([]float32, batch*net.Output().Shape.Size())
					ways := []*infer.Predictor{predictor(b, net, infer.Options{}), predictor(b, net, infer.Options{Zeros: infer.Dense})}
					least := []float64{math.Inf(1), math.Inf(1)}
					for range b.N {
						for range 30 {
							for i, p := range ways {
								start := time.Now()
								if err := p.Predict(out, x, batch); err != nil {
									b.Fatal(err)
								}
								least[i] = min(least[i], time.Since(start).Seconds())
							}
						}
					}
					b.ReportMetric(least[0]*1e6, "µs")
					b.ReportMetric(least[1]*1e6, "dense-µs")
					b.ReportMetric(least[1]/least[0], "times")
				})
			}
		}
	}
}
