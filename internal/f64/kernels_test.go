package f64

import (
	"math"
	"math/rand/v2"
	"testing"

	"pare/internal/simd"
)

// special returns n values at an odd offset, with some that loops get wrong.
func special(r *rand.Rand, n int) []float64 {
	x := make([]float64, n+1)[1:]
	for i := range x {
		x[i] = r.NormFloat64()
	}
	if n > 2 && r.IntN(4) == 0 {
		x[r.IntN(n)] = []float64{math.NaN(), math.Inf(1), math.Inf(-1), 5e-324}[r.IntN(4)]
	}
	return x
}

func single(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func same(a, b, size float64) bool {
	if math.IsNaN(a) || math.IsInf(a, 0) {
		return math.IsNaN(a) == math.IsNaN(b) && (math.IsNaN(a) || a == b)
	}
	return math.Abs(a-b) <= 1e-14*(size+1)
}

// both returns the results of f, portable and with assembly.
func both(f func() []float64) (portable, fast []float64) {
	defer simd.Use(simd.AVX2)
	simd.Use(false)
	portable = f()
	simd.Use(true)
	return portable, f()
}

func TestKernelsEqualPortable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		for range 4 {
			var v [7][]float64
			for i := range v {
				v[i] = special(r, n)
			}
			size := 0.0
			for i := range n {
				size += 20 * math.Abs(v[0][i])
			}
			if math.IsNaN(size) || math.IsInf(size, 0) {
				size = 0
			}
			portable, fast := both(func() []float64 {
				out := []float64{Dot(v[0], v[1])}
				y := append([]float64(nil), v[2]...)
				Axpy(1.5, v[0], y)
				MulAxpy(-0.5, v[1], v[3], y)
				out = append(out, y...)
				Mul(y, v[4], v[5])
				out = append(out, y...)
				d := Dot4(v[0], v[1], v[2], v[3], v[4])
				out = append(out, d[:]...)
				d = Symmetric4Single(v[0], y, &[4][]float32{single(v[1]), single(v[2]), single(v[3]), single(v[4])},
					&[4]float64{1, -0.5, 2, 0.25}, 8)
				Axpy4(&[4]float64{1, 2, -0.5, 0.25}, &[4][]float64{v[3], v[4], v[5], v[6]}, y)
				AxpySingle(-2.5, single(v[5]), y)
				out = append(append(out, d[:]...), y...)
				if n > 0 {
					q := Tile(&[3][]float64{v[0], v[1], v[2]}, &[4][]float64{v[3], v[4], v[5], v[6]})
					out = append(out, q[:]...)
				}
				return out
			})
			for i := range portable {
				if !same(portable[i], fast[i], size+float64(20*n)) {
					t.Fatalf("n %d, value %d: portable %v, assembly %v", n, i, portable[i], fast[i])
				}
			}
		}
	}
}

func TestKernelsDoNotAllocate(t *testing.T) {
	x, y := make([]float64, 100), make([]float64, 100)
	got := testing.AllocsPerRun(100, func() {
		y[0] += Dot(x, y)
		Axpy(1, x, y)
		d := Dot4(x, y, y, y, y)
		q := Tile(&[3][]float64{x, x, x}, &[4][]float64{y, y, y, y})
		y[1] += d[0] + q[0]
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func benchmark(b *testing.B, products int, f func(v [][]float64)) {
	v := make([][]float64, 8)
	for i := range v {
		v[i] = make([]float64, 1000)
	}
	for b.Loop() {
		f(v)
	}
	b.ReportMetric(float64(2*1000*products)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
}

func BenchmarkDot(b *testing.B)  { benchmark(b, 1, func(v [][]float64) { Dot(v[0], v[1]) }) }
func BenchmarkAxpy(b *testing.B) { benchmark(b, 1, func(v [][]float64) { Axpy(1, v[0], v[1]) }) }
func BenchmarkDot4(b *testing.B) {
	benchmark(b, 4, func(v [][]float64) { Dot4(v[0], v[1], v[2], v[3], v[4]) })
}
func BenchmarkTile(b *testing.B) {
	benchmark(b, 12, func(v [][]float64) {
		Tile(&[3][]float64{v[0], v[1], v[2]}, &[4][]float64{v[3], v[4], v[5], v[6]})
	})
}
