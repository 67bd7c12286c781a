package norm

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/simd"
)

func TestTaskMoments(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(60)
		var m TaskMoments
		for _, c := range []int{1, 7, 8, 16, 20, 24, 50, 64} {
			for _, offset := range []float32{0, 1000} {
				const rows = 700
				x := kerneltest.Slice(r, rows*c)
				for i := range x {
					x[i] += offset
				}
				mean, variance := make([]float32, c), make([]float32, c)
				wantMean, wantVariance := kerneltest.Moments(x, c)
				for _, tasks := range [][]int{{rows}, {1, 2, 0, 300, 301, rows}, {230, 460, rows}} {
					name := fmt.Sprint(c, " channels from ", offset, ", tasks end at ", tasks)
					m.Start(len(tasks), c)
					for k := len(tasks) - 1; k >= 0; k-- { // in any order, in parts
						lo := 0
						for _, end := range tasks[:k] {
							lo = max(lo, end)
						}
						hi := max(lo, tasks[k])
						mid := lo + (hi-lo)/3
						m.Add(k, x[lo*c:mid*c])
						m.Add(k, x[mid*c:hi*c])
					}
					m.Finish(mean, variance)
					for i, v := range mean {
						// The spread is about one: sums of float32, and the rounding of
						// the result.
						if d := math.Abs(float64(v) - wantMean[i]); !(d <= 1e-6+6e-8*math.Abs(wantMean[i])) {
							t.Fatalf("%s: mean %d is %v, want %v", name, i, v, wantMean[i])
						}
					}
					kerneltest.Near(t, name+": variance", variance, wantVariance, 2e-6)
				}
			}
		}
		mean, variance := []float32{1, 1}, []float32{1, 1}
		m.Start(3, 2)
		m.Finish(mean, variance)
		kerneltest.Near(t, "no rows", append(mean, variance...), make([]float64, 4), 0)
	})
}

func TestMomentRows(t *testing.T) {
	if !simd.Supported {
		t.Skip("no assembly kernels")
	}
	r := kerneltest.Rand(61)
	defer simd.Use(simd.AVX2)
	for _, n := range []int{8, 13, 16, 24, 40} {
		for _, rows := range []int{1, 2, 3, 50} {
			for _, odd := range []bool{false, true} {
				x, shift := kerneltest.Slice(r, rows*n), kerneltest.Slice(r, n)
				if odd {
					kerneltest.Strange(x)
				}
				a := kerneltest.Slice(r, 2*n)
				b := append([]float32(nil), a...)
				simd.Use(true)
				momentRows(a[:n], a[n:], x, shift, rows, n)
				simd.Use(false)
				momentRows(b[:n], b[n:], x, shift, rows, n)
				kerneltest.Agree(t, fmt.Sprint(n, rows), a, b, 1e-5)
			}
		}
	}
}

// TestMomentsOfOutliers has one row far from the others, which takes part in the
// reference.
func TestMomentsOfOutliers(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		const rows, channels = 256, 5
		r := kerneltest.Rand(52)
		x := make([]float32, rows*channels)
		for i := range x {
			x[i] = 1000 + r.Float32()
		}
		for c := range channels {
			x[rows*3/8*channels+c] = -1e4
		}
		var m TaskMoments
		mean, variance := make([]float32, channels), make([]float32, channels)
		m.Start(1, channels)
		m.Add(0, x)
		m.Finish(mean, variance)
		wantMean, wantVariance := kerneltest.Moments(x, channels)
		for c := range channels {
			if math.Abs(float64(mean[c])-wantMean[c]) > kerneltest.MeanError(wantMean[c], wantVariance[c]) ||
				math.Abs(float64(variance[c])/wantVariance[c]-1) > 3e-5 {
				t.Errorf("moments %v %v, want %v %v", mean[c], variance[c], wantMean[c], wantVariance[c])
			}
		}
	})
}

func TestMoments(t *testing.T) {
	r := kerneltest.Rand(50)
	normal := func(int, int) float32 { return float32(r.NormFloat64()) }
	kerneltest.EveryMode(t, func(t *testing.T) {
		for name, k := range map[string]struct {
			value func(row, rows int) float32
			tol   float64
		}{
			"normal":        {normal, 5e-6},
			"far from zero": {func(row, rows int) float32 { return 1000 + normal(row, rows) }, 5e-6},
			"rising":        {func(row, rows int) float32 { return normal(row, rows) + float32(row) }, 5e-6},
			"small":         {func(row, rows int) float32 { return 1e-15 * normal(row, rows) }, 5e-6},
			"two halves":    {func(row, rows int) float32 { return normal(row, rows) + 1000*float32(row*2/rows) }, 5e-6},
			// First rows unlike the others are the worst choice of a shift.
			"first row far":   {func(row, rows int) float32 { return normal(row, rows) + 1e5*float32(1-min(row, 1)) }, shiftRows * 1e-6},
			"first rows zero": {func(row, rows int) float32 { return (1000 + normal(row, rows)) * float32(min(row*10/rows, 1)) }, shiftRows * 1e-6},
		} {
			for _, s := range normShapes {
				rows, c := s[0], s[1]
				r = kerneltest.Rand(50)
				x := kerneltest.Slice(r, rows*c)
				for i := range x {
					x[i] = k.value(i/c, rows)
				}
				mean, variance := make([]float32, c), make([]float32, c)
				Moments(mean, variance, x, rows, c)
				wantMean, wantVariance := kerneltest.Moments(x, c)
				for i, v := range variance {
					m, w := wantMean[i], wantVariance[i]
					if d := math.Abs(float64(mean[i]) - m); !(d <= k.tol*math.Sqrt(w)+1e-7*math.Abs(m)) {
						t.Fatalf("%s %v: mean %v, want %v", name, s, mean[i], m)
					}
					if d := math.Abs(float64(v) - w); !(d <= k.tol*w) {
						t.Fatalf("%s %v: variance %v, want %v", name, s, v, w)
					}
				}
			}
		}
	})
}

func TestMomentsOfAConstant(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range normShapes {
			rows, c := s[0], s[1]
			x := make([]float32, rows*c)
			for i := range x {
				x[i] = 123.456
			}
			mean, variance := make([]float32, c), make([]float32, c)
			Moments(mean, variance, x, rows, c)
			for k := range mean {
				if rows > 0 && mean[k] != 123.456 || !(variance[k] >= 0 && variance[k] < 1e-9) {
					t.Fatalf("%v: mean %v, variance %v", s, mean[k], variance[k])
				}
			}
		}
	})
}

func TestMomentsKeepNaN(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range normShapes {
			rows, c := s[0], s[1]
			if rows == 0 {
				continue
			}
			for _, at := range []int{0, rows / 2, rows - 1} {
				x := make([]float32, rows*c)
				x[at*c+c/2] = kerneltest.NaN
				mean, variance := make([]float32, c), make([]float32, c)
				Moments(mean, variance, x, rows, c)
				for k := range mean {
					if isNaN := k == c/2; (mean[k] != mean[k]) != isNaN || (variance[k] != variance[k]) != isNaN {
						t.Fatalf("%v, NaN in row %d: channel %d has mean %v, variance %v", s, at, k, mean[k], variance[k])
					}
				}
			}
		}
	})
}

func TestMomentsThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(12)
	const rows, c = 9000, 24
	x, m, v := kerneltest.Slice(r, rows*c), make([]float32, c), make([]float32, c)
	f := func() []float32 { Moments(m, v, x, rows, c); return v }
	a, b := kerneltest.WithThreads(f)
	kerneltest.Same(t, "moments", a, b)
	kerneltest.NoAllocs(t, "moments", func() { f() })
}
