package vector

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

func TestClip(t *testing.T) {
	inf := float32(math.Inf(1))
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, c := range []struct {
			name        string
			f           func(dst, x []float32)
			back        func(dx, y, dy []float32)
			lo, hi      float32
			value       func(x float64) float64
			slope, edge float64 // between lo and hi, and beyond
		}{
			{"relu6", func(dst, x []float32) { Clip(dst, x, 0, 6) }, func(dx, y, dy []float32) { ClipBackward(dx, y, dy, 0, 6) },
				0, 6, func(x float64) float64 { return min(max(x, 0), 6) }, 1, 0},
			{"below", func(dst, x []float32) { Clip(dst, x, -inf, 2) }, func(dx, y, dy []float32) { ClipBackward(dx, y, dy, -inf, 2) },
				-inf, 2, func(x float64) float64 { return min(x, 2) }, 1, 0},
			{"hardsigmoid", HardSigmoid, HardSigmoidBackward,
				-3, 3, func(x float64) float64 { return min(max(x+3, 0), 6) / 6 }, 1.0 / 6, 0},
		} {
			for _, n := range []int{1, 7, 8, 21, 70_001} {
				x, dy := kerneltest.Slice(kerneltest.Rand(uint64(n)), n), kerneltest.Slice(kerneltest.Rand(3), n)
				for i := range x {
					x[i] *= 9
				}
				copy(x, []float32{c.lo, c.hi, -100, 100, 0, -3, 3, 6})
				y, dx := make([]float32, n), make([]float32, n)
				c.f(y, x)
				c.back(dx, y, dy)
				for i, v := range x {
					want := c.value(float64(v))
					if d := math.Abs(float64(y[i]) - want); !(d <= 4e-7*math.Abs(want) || float64(y[i]) == want) {
						t.Fatalf("%s(%v) is %v, want %v", c.name, v, y[i], want)
					}
					slope := c.slope
					if v <= c.lo || v >= c.hi {
						slope = c.edge
					}
					if d := math.Abs(float64(dx[i]) - slope*float64(dy[i])); d > 1e-7 {
						t.Fatalf("%s'(%v) times %v is %v", c.name, v, dy[i], dx[i])
					}
				}
				x[n-1] = kerneltest.NaN
				c.f(x, x)
				if x[n-1] == x[n-1] {
					t.Errorf("%s loses NaN", c.name)
				}
			}
		}
	})
}

func TestPReLU(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range [][2]int{{1, 1}, {5, 3}, {9, 8}, {200, 21}, {70, 1100}, {3000, 16}} {
			rows, c := s[0], s[1]
			r := kerneltest.Rand(uint64(rows))
			x, dy, w := kerneltest.Slice(r, rows*c), kerneltest.Slice(r, rows*c), kerneltest.Slice(r, c)
			x[0] = 0
			y, dx, dw, want := make([]float32, rows*c), make([]float32, rows*c), make([]float32, c), make([]float64, c)
			PReLU(y, x, w, rows, c)
			PReLUBackward(dx, x, dy, w, rows, c)
			PReLUSlopes(dw, x, dy, rows, c)
			for i, v := range x {
				slope := float32(1)
				if v <= 0 {
					slope = w[i%c]
				}
				if y[i] != v*slope || dx[i] != dy[i]*slope {
					t.Fatalf("%v: value %d, %v with slope %v: %v and gradient %v for %v", s, i, v, slope, y[i], dx[i], dy[i])
				}
				want[i%c] += float64(dy[i]) * min(float64(v), 0)
			}
			kerneltest.Near(t, fmt.Sprint("slopes", s), dw, want, 2e-6)
			x[len(x)-1] = kerneltest.NaN
			PReLU(x, x, w, rows, c)
			if x[len(x)-1] == x[len(x)-1] {
				t.Error("NaN is lost")
			}
		}
	})
}

// TestExamples holds factors of each example and channel against their definition.
func TestExamples(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range [][3]int{{1, 1, 1}, {3, 4, 5}, {2, 9, 8}, {5, 130, 27}, {2, 3000, 3}} {
			n, rows, c := s[0], s[1], s[2]
			r := kerneltest.Rand(uint64(rows))
			x, dy, f := kerneltest.Slice(r, n*rows*c), kerneltest.Slice(r, n*rows*c), kerneltest.Slice(r, n*c)
			y, df, want := make([]float32, len(x)), make([]float32, len(f)), make([]float64, len(f))
			ScaleExamples(y, x, f, n, rows, c)
			DotExamples(df, x, dy, n, rows, c)
			for i, v := range x {
				at := i/(rows*c)*c + i%c
				if y[i] != v*f[at] {
					t.Fatalf("%v: value %d is %v, want %v", s, i, y[i], v*f[at])
				}
				want[at] += float64(v) * float64(dy[i])
			}
			kerneltest.Near(t, fmt.Sprint("dot", s), df, want, 2e-6)
		}
	})
}

func TestColumnFactorsThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(61)
	const n, rows, c = 7, 900, 24
	x, dy, f, out := kerneltest.Slice(r, n*rows*c), kerneltest.Slice(r, n*rows*c), kerneltest.Slice(r, n*c), make([]float32, n*rows*c)
	for name, run := range map[string]func() []float32{
		"clip":           func() []float32 { Clip(out, x, -0.5, 0.5); return out },
		"clip gradient":  func() []float32 { ClipBackward(out, x, dy, -0.5, 0.5); return out },
		"prelu":          func() []float32 { PReLU(out, x, f, n*rows, c); return out },
		"prelu slopes":   func() []float32 { PReLUSlopes(out, x, dy, n*rows, c); return out[:c] },
		"scale examples": func() []float32 { ScaleExamples(out, x, f, n, rows, c); return out },
		"dot examples":   func() []float32 { DotExamples(out, x, dy, n, rows, c); return out[:n*c] },
	} {
		one, two := kerneltest.WithThreads(run)
		kerneltest.Same(t, name, one, two)
		kerneltest.NoAllocs(t, name, func() { run() })
	}
}
