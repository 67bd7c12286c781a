package vector

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
)

func TestElementwise(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(10)
		for _, n := range []int{0, 1, 7, 8, 17, 1000, parallel.Chunk*2 + 5} {
			a, b, d := kerneltest.Slice(r, n), kerneltest.Slice(r, n), make([]float32, n)
			check := func(name string, f func(x, y float64) float64) {
				t.Helper()
				want := make([]float64, n)
				for i := range want {
					want[i] = f(float64(a[i]), float64(b[i]))
				}
				kerneltest.Near(t, fmt.Sprint(name, n), d, want, 1e-6)
			}
			Add(d, a, b)
			check("add", func(x, y float64) float64 { return x + y })
			AddTo(d, a)
			check("addto", func(x, y float64) float64 { return x + y + x })
			Mul(d, a, b)
			check("mul", func(x, y float64) float64 { return x * y })
			Scale(d, a, 3)
			check("scale", func(x, _ float64) float64 { return 3 * x })
			ReLU(d, a)
			check("relu", func(x, _ float64) float64 { return max(x, 0) })
			ReLUBackward(d, a, b)
			check("relu gradient", func(x, y float64) float64 {
				if x > 0 {
					return y
				}
				return 0
			})
			Map(d, a, func(v float32) float32 { return v * v })
			check("map", func(x, _ float64) float64 { return x * x })
			MapGrad(d, a, b, func(v float32) float32 { return 2 * v })
			check("map gradient", func(x, y float64) float64 { return 2 * x * y })
			want := kerneltest.Dot(a, b)
			if got := float64(Dot(a, b)); math.Abs(got-want) > 1e-4 {
				t.Errorf("dot %d: %v, want %v", n, got, want)
			}
		}
	})
}

func TestColumns(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(11)
		for _, s := range [][2]int{{0, 3}, {1, 1}, {5, 17}, {200, 3}, {5000, 16}, {70, 1000}, {40000, 1}} {
			rows, c := s[0], s[1]
			x, dy, g := kerneltest.Slice(r, rows*c), kerneltest.Slice(r, rows*c), kerneltest.Slice(r, c)
			sum, dot, scaled := make([]float64, c), make([]float64, c), make([]float64, rows*c)
			for i := range x {
				sum[i%c] += float64(x[i])
				dot[i%c] += float64(x[i]) * float64(dy[i])
				scaled[i] = float64(x[i]) * float64(g[i%c])
			}
			d, y := make([]float32, c), make([]float32, rows*c)
			ColumnSums(d, x, rows, c)
			kerneltest.Near(t, fmt.Sprint("sums", s), d, sum, 1e-5)
			DotChannels(d, x, dy, rows, c)
			kerneltest.Near(t, fmt.Sprint("dots", s), d, dot, 1e-5)
			ScaleChannels(y, x, g, rows, c)
			kerneltest.Near(t, fmt.Sprint("scale", s), y, scaled, 1e-6)
		}
	})
}

func TestVectorThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(12)
	const rows, c = 9000, 24
	x, dy, d := kerneltest.Slice(r, rows*c), kerneltest.Slice(r, rows*c), make([]float32, rows*c)
	m := make([]float32, c)
	labels := make([]float32, rows)
	one := make([]float32, 1)
	for name, f := range map[string]func() []float32{
		"add":   func() []float32 { Add(d, x, dy); return d },
		"dot":   func() []float32 { one[0] = Dot(x, dy); return one },
		"sums":  func() []float32 { ColumnSums(m, x, rows, c); return m },
		"xent":  func() []float32 { one[0] = CrossEntropy(x, labels, rows, c, 0.1); return one },
		"dxent": func() []float32 { CrossEntropyBackward(d, x, labels, rows, c, 0.1, 1); return d },
	} {
		a, b := kerneltest.WithThreads(f)
		kerneltest.Same(t, name, a, b)
		kerneltest.NoAllocs(t, name, func() { f() })
	}
}

func TestReLUKeepsNaN(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		x, y := make([]float32, 11), make([]float32, 11)
		for i := range x {
			x[i] = kerneltest.NaN
			ReLU(y, x)
			if y[i] == y[i] {
				t.Errorf("relu loses NaN at %d", i)
			}
			x[i] = -1
		}
	})
}

// TestMaskSlice: values under the mask become 0, others stay as they are, at any length.
func TestMaskSlice(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 511, 512, 513, 1500} {
		x, mask := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i], mask[i] = float32(i)-3.25, float32(i%3%2)
		}
		MaskSlice(x, mask)
		for i, v := range x {
			if want := (float32(i) - 3.25) * (1 - mask[i]); v != want {
				t.Fatalf("%d values: value %d is %g, want %g", n, i, v, want)
			}
		}
	}
}
