package vector

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

func TestEmbedding(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(60)
		for _, s := range [][3]int{{0, 3, 4}, {1, 1, 1}, {5, 7, 3}, {300, 65, 40}, {50, 200, 77}, {2000, 3, 128}} {
			n, v, d := s[0], s[1], s[2]
			table, dy, index := kerneltest.Slice(r, v*d), kerneltest.Slice(r, n*d), make([]float32, n)
			want, size, count := make([]float64, v*d), make([]float64, v*d), make([]float64, v)
			for i := range index {
				k := r.IntN(v)
				index[i] = float32(k)
				count[k]++
				for c, v := range dy[i*d:][:d] {
					want[k*d+c] += float64(v)
					size[k*d+c] += math.Abs(float64(v))
				}
			}
			y := make([]float32, n*d)
			Gather(y, table, index, d)
			for i, v := range index {
				kerneltest.Same(t, fmt.Sprint("gather", s), y[i*d:][:d], table[int(v)*d:][:d])
			}
			grad := kerneltest.Slice(r, v*d)
			ScatterAdd(grad, dy, index, d)
			for i, got := range grad {
				// The bound of a plain float32 sum.
				if math.Abs(float64(got)-want[i]) > count[i/d]*0x1p-24*size[i] {
					t.Fatalf("scatter %v: value %d is %v, want %v", s, i, got, want[i])
				}
			}
		}
	})
}

func TestEmbeddingIndexOutOfRange(t *testing.T) {
	table, x := make([]float32, 12), make([]float32, 4)
	for _, index := range []float32{3, -1, kerneltest.NaN, 1e30} {
		for name, f := range map[string]func(){
			"gather":  func() { Gather(x, table, []float32{index}, 4) },
			"scatter": func() { ScatterAdd(table, x, []float32{index}, 4) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s of index %v does not panic", name, index)
					}
				}()
				f()
			}()
		}
	}
}

func TestEmbeddingThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(61)
	const n, v, d = 3000, 65, 100
	table, dy, index := kerneltest.Slice(r, v*d), kerneltest.Slice(r, n*d), make([]float32, n)
	for i := range index {
		index[i] = float32(r.IntN(v))
	}
	y, grad := make([]float32, n*d), make([]float32, v*d)
	for name, f := range map[string]func() []float32{
		"gather":  func() []float32 { Gather(y, table, index, d); return y },
		"scatter": func() []float32 { ScatterAdd(grad, dy, index, d); return grad },
	} {
		a, b := kerneltest.WithThreads(f)
		kerneltest.Same(t, name, a, b)
		kerneltest.NoAllocs(t, name, func() { f() })
	}
}

func BenchmarkEmbedding(b *testing.B) {
	for _, v := range []int{65, 30000} {
		const n, d = 4096, 128
		r := kerneltest.Rand(62)
		table, dy, index, y := kerneltest.Aligned(r, v*d), kerneltest.Aligned(r, n*d), make([]float32, n), make([]float32, n*d)
		for i := range index {
			index[i] = float32(r.IntN(v))
		}
		for name, f := range map[string]func(){
			"Gather":     func() { Gather(y, table, index, d) },
			"ScatterAdd": func() { ScatterAdd(table, dy, index, d) },
		} {
			b.Run(fmt.Sprint(name, "/", v), func(b *testing.B) {
				b.SetBytes(4 * n * d)
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(n*d), "ns/value")
			})
		}
	}
}
