package linear

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkWideGramProduct(b *testing.B) {
	for _, threads := range []int{1, 2} {
		const n, m = 16, 3000
		r := rand.New(rand.NewPCG(1, 2))
		columns := make([][]float64, m)
		v := make([]float64, n)
		for j := range columns {
			columns[j] = make([]float64, n)
			for i := range n {
				columns[j][i] = r.NormFloat64()
				v[i] = 1
			}
		}
		w := newWideGram(n, threads)
		for from := 0; from < m; from += 75 {
			w.extend(columns[:from+75], from, v)
		}
		x, out := make([]float64, m), make([]float64, m)
		b.Run(string(rune('0'+threads)), func(b *testing.B) {
			b.SetBytes(m * m * 2)
			for b.Loop() {
				w.product(out, x)
			}
		})
	}
}
