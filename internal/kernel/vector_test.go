package kernel

import (
	"fmt"
	"math"
	"testing"
)

var nan = float32(math.NaN())

func TestElementwise(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(10)
		for _, n := range []int{0, 1, 7, 8, 17, 1000, flatChunk*2 + 5} {
			a, b, d := randSlice(r, n), randSlice(r, n), make([]float32, n)
			check := func(name string, f func(x, y float64) float64) {
				t.Helper()
				want := make([]float64, n)
				for i := range want {
					want[i] = f(float64(a[i]), float64(b[i]))
				}
				near(t, fmt.Sprint(name, n), d, want, 1e-6)
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
			want := dot64(a, b)
			if got := float64(Dot(a, b)); math.Abs(got-want) > 1e-4 {
				t.Errorf("dot %d: %v, want %v", n, got, want)
			}
		}
	})
}

func TestNaN(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		x, y := make([]float32, 11), make([]float32, 11)
		for i := range x {
			x[i] = nan
			ReLU(y, x)
			if y[i] == y[i] {
				t.Errorf("relu loses NaN at %d", i)
			}
			x[i] = -1
		}
		for c := range 10 {
			c++
			for at := range 4 {
				s := PoolShape{N: 1, H: 2, W: 2, C: c, KH: 2, KW: 2, StrideH: 2, StrideW: 2}
				x, y := make([]float32, 4*c), make([]float32, c)
				x[at*c+c-1] = nan
				MaxPool(y, x, s)
				if y[c-1] == y[c-1] {
					t.Errorf("max pool loses NaN: c %d at %d", c, at)
				}
				for _, v := range y[:c-1] {
					if v != 0 {
						t.Errorf("NaN leaks")
					}
				}
				dx, dy := make([]float32, 4*c), make([]float32, c)
				for i := range dy {
					dy[i] = 1
				}
				MaxPoolBackward(dx, x, y, dy, s)
				if dx[at*c+c-1] != 1 {
					t.Errorf("gradient misses NaN: %v", dx)
				}
			}
		}
		for _, m := range []int{3, 12} {
			a, b, d := make([]float32, m*20), make([]float32, 20*20), make([]float32, m*20)
			a[20+3] = nan
			NewGemm(m, 20, 20, false, false).Run(d, a, b, nil, false, Epilogue{})
			for i, v := range d {
				if (v != v) != (i/20 == 1) {
					t.Errorf("gemm NaN at %d: %v", i, v)
				}
			}
		}
	})
}

func TestColumns(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(11)
		for _, s := range [][2]int{{0, 3}, {1, 1}, {5, 17}, {200, 3}, {5000, 16}, {70, 1000}, {40000, 1}} {
			rows, c := s[0], s[1]
			x, dy, g := randSlice(r, rows*c), randSlice(r, rows*c), randSlice(r, c)
			sum, dot, scaled := make([]float64, c), make([]float64, c), make([]float64, rows*c)
			for i := range x {
				sum[i%c] += float64(x[i])
				dot[i%c] += float64(x[i]) * float64(dy[i])
				scaled[i] = float64(x[i]) * float64(g[i%c])
			}
			d, y := make([]float32, c), make([]float32, rows*c)
			ColumnSums(d, x, rows, c)
			near(t, fmt.Sprint("sums", s), d, sum, 1e-5)
			DotChannels(d, x, dy, rows, c)
			near(t, fmt.Sprint("dots", s), d, dot, 1e-5)
			ScaleChannels(y, x, g, rows, c)
			near(t, fmt.Sprint("scale", s), y, scaled, 1e-6)
		}
	})
}

func TestVectorThreadsAndAllocs(t *testing.T) {
	r := newRand(12)
	const rows, c = 9000, 24
	x, dy, d := randSlice(r, rows*c), randSlice(r, rows*c), make([]float32, rows*c)
	m, v := make([]float32, c), make([]float32, c)
	s := PoolShape{N: 2, H: 50, W: 90, C: c, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1}
	y := make([]float32, s.N*s.OutH()*s.OutW()*c)
	labels := make([]float32, rows)
	one := make([]float32, 1)
	for name, f := range map[string]func() []float32{
		"add":     func() []float32 { Add(d, x, dy); return d },
		"dot":     func() []float32 { one[0] = Dot(x, dy); return one },
		"sums":    func() []float32 { ColumnSums(m, x, rows, c); return m },
		"stats":   func() []float32 { BNMoments(m, v, x, rows, c); return v },
		"max":     func() []float32 { MaxPool(y, x, s); return y },
		"maxgrad": func() []float32 { MaxPoolBackward(d, x, y, y, s); return d },
		"avg":     func() []float32 { AvgPool(y, x, s, true); return y },
		"avggrad": func() []float32 { AvgPoolBackward(d, y, s, true); return d },
		"global":  func() []float32 { GlobalAvgPool(m, x, 1, rows, c); return m },
		"xent":    func() []float32 { one[0] = SoftmaxXent(x, labels, rows, c, 0.1); return one },
		"dxent":   func() []float32 { SoftmaxXentBackward(d, x, labels, rows, c, 0.1, 1); return d },
	} {
		a, b := withThreads(f)
		same(t, name, a, b)
		if !raceEnabled {
			noAllocs(t, name, func() { f() })
		}
	}
}

func TestParallel(t *testing.T) {
	defer SetThreads(0)
	for _, n := range []int{1, 2, 5} {
		SetThreads(n)
		if Threads() != n {
			t.Fatalf("threads %d, want %d", Threads(), n)
		}
		for tasks := range 40 {
			hits := make([][3]int, tasks)
			Parallel(tasks, func(i int) {
				Parallel(3, func(k int) { hits[i][k]++ })
			})
			for i, h := range hits {
				if h != [3]int{1, 1, 1} {
					t.Fatalf("task %d of %d ran %v times", i, tasks, h)
				}
			}
		}
	}
}
