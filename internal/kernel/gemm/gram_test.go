package gemm

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestGram compares products with sums in float64, for sizes around the sizes of tiles and
// blocks, when columns come in several lots; and with the portable kernels.
func TestGram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, depth := range []int{1, 7, 255, 256, 257, 700} {
		var columns [][]float32
		g := NewGram(depth)
		const stride = 80
		values := make([]float32, stride*stride)
		for _, lot := range []int{1, 5, 16, 11, 0, 33} {
			from := g.count
			added := make([][]float32, lot)
			for k := range added {
				column := make([]float32, depth)
				for i := range column {
					column[i] = float32(r.NormFloat64())
				}
				added[k] = column
			}
			columns = append(columns, added...)
			g.Add(added)
			for panel := range g.Panels() {
				g.Products(values[from*stride:], stride, panel)
			}
		}
		for i := range columns {
			for j := range i + 1 { // later columns met this one in their own rows
				sum, size := 0.0, 0.0
				for k, v := range columns[i] {
					p := float64(v) * float64(columns[j][k])
					sum, size = sum+p, size+math.Abs(p)
				}
				if math.Abs(float64(values[i*stride+j])-sum) > 1e-6*size {
					t.Fatalf("depth %d: product of %d and %d is %v, not %v", depth, i, j, values[i*stride+j], sum)
				}
			}
		}
	}
}

func BenchmarkGram(b *testing.B) {
	const depth, old, fresh = 5000, 1600, 96
	g := NewGram(depth)
	for _, lot := range []int{old, fresh} {
		columns := make([][]float32, lot)
		for k := range columns {
			columns[k] = make([]float32, depth)
		}
		g.Add(columns)
	}
	dst := make([]float32, fresh*g.count)
	for b.Loop() {
		for panel := range g.Panels() {
			g.Products(dst, g.count, panel)
		}
	}
	b.ReportMetric(2*float64(fresh*g.count*depth)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
}
