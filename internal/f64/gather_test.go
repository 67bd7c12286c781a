package f64

import (
	"math/rand/v2"
	"testing"
)

// compressed draws columns of up to 13 values at indices below n.
func compressed(r *rand.Rand, columns, n int) (start []int, index []int32, value []float64) {
	start = []int{0}
	for range columns {
		for range r.IntN(14) {
			index = append(index, int32(r.IntN(n)))
		}
		start = append(start, len(index))
	}
	return start, index, special(r, len(index))
}

func TestGatherEqualsPortable(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for columns := range 40 {
		for range 5 {
			n := 1 + r.IntN(30)
			start, index, value := compressed(r, columns, n)
			x := special(r, n)
			portable, fast := both(func() []float64 {
				out := make([]float64, columns)
				GatherDots(out, start, index, value, x)
				return out
			})
			for k := range portable {
				if !same(portable[k], fast[k], 100) {
					t.Fatalf("%d columns, column %d of %d values: portable %v, assembly %v", columns, k, start[k+1]-start[k], portable[k], fast[k])
				}
			}
		}
	}
}

func BenchmarkGather(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	n, columns := 10000, 8000
	start, index, value := compressed(r, columns, n)
	x, out := make([]float64, n), make([]float64, columns)
	for b.Loop() {
		GatherDots(out, start, index, value, x)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(index)), "ns/value")
}
