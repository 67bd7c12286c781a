package linear

import (
	"math/rand/v2"
	"testing"
)

// benchmarkPath fits the path of a problem of which passes over the data have the
// given bytes: the limit is one pass at the bandwidth of the memory.
func benchmarkPath(b *testing.B, p Problem, bytes int) {
	b.SetBytes(int64(bytes))
	for b.Loop() {
		if _, err := FitPath(p, nil, PathOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkDense(b *testing.B, family Family, n, p int) {
	d, y := randomRows(1, n, p, min(100, p), 5)
	if family == Binomial {
		for i, v := range y {
			if y[i] = 0; v > 0 {
				y[i] = 1
			}
		}
	}
	benchmarkPath(b, Problem{X: d, Y: y, Family: family}, 8*n*p)
}

func BenchmarkWideGaussian(b *testing.B) { benchmarkDense(b, Gaussian, 72, 7129) }
func BenchmarkWideBinomial(b *testing.B) { benchmarkDense(b, Binomial, 72, 7129) }
func BenchmarkTall(b *testing.B)         { benchmarkDense(b, Gaussian, 5000, 1000) }
func BenchmarkDense(b *testing.B)        { benchmarkDense(b, Gaussian, 5000, 10000) }

func BenchmarkPairs(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	base := &Dense{1000, 1000, make([]float64, 1000*1000)}
	for i := range base.data {
		base.data[i] = float64(r.IntN(3) - 1)
	}
	d, err := NewInteractions(base, false)
	if err != nil {
		b.Fatal(err)
	}
	y := make([]float64, 1000)
	for j := range 20 {
		d.AddTo(y, j*20011, r.NormFloat64())
	}
	for i := range y {
		y[i] += r.NormFloat64()
	}
	benchmarkPath(b, Problem{X: d, Y: y}, 8*1000*1000)
}
