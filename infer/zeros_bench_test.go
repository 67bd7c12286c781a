package infer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pare/infer"
	"pare/layers"
	"pare/nn"
)

// BenchmarkZeros times predictions that skip zeros and dense ones in turn, by the share of active
// units: the least time of each, and how many times as fast skipping is.
func BenchmarkZeros(b *testing.B) {
	conv := func() nn.Layer { return &layers.Conv{Out: 64, Kernel: layers.Square(3), Pad: layers.Around(1)} }
	rnn := func() nn.Layer { return &layers.RNN{Hidden: 128, Nonlinearity: "relu"} }
	for _, c := range []struct {
		name   string
		input  nn.Shape
		layers func() []nn.Layer
	}{
		{"ffn", nn.Shape{256, 1}, func() []nn.Layer {
			return []nn.Layer{&layers.Linear{Out: 1024}, layers.ReLU(), &layers.Linear{Out: 256}}
		}},
		{"mlp", nn.Shape{784}, func() []nn.Layer {
			return []nn.Layer{&layers.Linear{Out: 1024}, layers.ReLU(), &layers.Linear{Out: 1024}, layers.ReLU(), &layers.Linear{Out: 10}}
		}},
		{"conv", nn.Shape{64, 14, 14}, func() []nn.Layer {
			return []nn.Layer{conv(), layers.ReLU(), conv(), layers.ReLU(), conv(), layers.ReLU(), conv()}
		}},
		{"rnn", nn.Shape{64, 28}, func() []nn.Layer { return []nn.Layer{rnn(), rnn()} }},
	} {
		for _, batch := range []int{1, 64} {
			for _, share := range []float64{0.05, 0.2, 1} {
				b.Run(fmt.Sprintf("%s/n=%d/active=%g", c.name, batch, share), func(b *testing.B) {
					rng := rand.New(rand.NewPCG(1, 2))
					net := chain(b, c.input, rng, c.layers()...)
					for _, p := range net.Params() {
						if p.Role == nn.RoleBias {
							for i := range p.Data() {
								p.Data()[i] = 40
								if rng.Float64() > share {
									p.Data()[i] = -40000
								}
							}
						}
					}
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
