package robust

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkTrain(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name     string
		n, p     int
		logistic bool
	}{{"square 7000x20", 7000, 20, false}, {"logistic 7000x20", 7000, 20, true}, {"square 72x7000", 72, 7000, false}, {"logistic 300x300", 300, 300, true}} {
		x, y := make([]float64, c.n*c.p), make([]float64, c.n)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		for i := range y {
			y[i] = x[i] + rng.NormFloat64()
			if c.logistic {
				y[i] = float64(rng.IntN(2))
			}
		}
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				train := TrainSquare
				if c.logistic {
					train = TrainLogistic
				}
				m, err := train(c.n, c.p, x, y, 0.05, Options{})
				if err != nil || !m.Converged && !m.Separable {
					b.Fatal(err, m.Gap, m.Null, m.Iterations)
				}
				b.ReportMetric(float64(m.Iterations), "iterations")
			}
		})
	}
}
