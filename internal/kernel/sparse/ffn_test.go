package sparse

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
)

// reference computes an FFN in float64, value by value; inactive units are left out.
func reference(w FFNWeights, x []float32, rows int) []float64 {
	value := func(s []float32, i int) float64 {
		if s == nil {
			return 0
		}
		return float64(s[i])
	}
	y := make([]float64, rows*w.Out)
	for i := range rows {
		for j := range w.Out {
			y[i*w.Out+j] = value(w.DownBias, j)
		}
		for u := range w.Hidden {
			h, up := value(w.FirstBias, u), value(w.UpBias, u)
			for k := range w.In {
				h += float64(x[i*w.In+k]) * float64(w.First[k*w.Hidden+u])
				if w.Up != nil {
					up += float64(x[i*w.In+k]) * float64(w.Up[k*w.Hidden+u])
				}
			}
			if h <= 0 || h < float64(w.Threshold) {
				continue
			}
			if w.Up != nil {
				h *= up
			}
			for j := range w.Out {
				y[i*w.Out+j] += h * float64(w.Down[u*w.Out+j])
			}
		}
	}
	return y
}

// TestFFN: every way through an FFN gives the values of the definition.
func TestFFN(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := kerneltest.Rand(11)
		shapes := [][3]int{{1, 1, 1}, {5, 17, 3}, {31, 129, 33}, {20, 300, 70}, {9, 1200, 16}}
		if testing.Short() {
			shapes = shapes[:3]
		}
		for _, s := range shapes {
			for _, rows := range []int{1, 3, 33, 70} {
				for _, share := range []float64{0, 0.1, 0.5, 1} {
					for _, gated := range []bool{false, true} {
						x := kerneltest.Slice(r, rows*s[0])
						w := feedForward(r, x, s[0], s[1], s[2], share, gated)
						if rows == 3 {
							w.FirstBias, w.UpBias, w.DownBias, w.Threshold = nil, nil, nil, 0.25
						}
						want := reference(w, x, rows)
						for _, even := range []*Calibration{never, {Fixed: &BreakEven{0.3, 0.3}}, always} {
							got := make([]float32, rows*s[2])
							NewFFN(w, even).Run().Forward(got, x, rows)
							kerneltest.Near(t, fmt.Sprint(s, rows, share, gated, *even.Fixed), got, want, 1e-5)
						}
					}
				}
			}
		}
	})
}

// TestFFNNotFinite: units with undefined values are active, and the weights of inactive units
// have no effect.
func TestFFNNotFinite(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		const in, hidden, out = 24, 150, 20
		r := kerneltest.Rand(12)
		for _, rows := range []int{2, 40} {
			for _, gated := range []bool{false, true} {
				x := kerneltest.Slice(r, rows*in)
				w := feedForward(r, x, in, hidden, out, 0.2, gated)
				w.FirstBias[7], w.Down[7*out] = -1e6, float32(math.Inf(1)) // never active
				if gated {
					w.UpBias[7] = kerneltest.NaN
				}
				x[1*in+3] = kerneltest.NaN
				got := make([]float32, rows*out)
				NewFFN(w, always).Run().Forward(got, x, rows)
				want := reference(w, x, rows)
				for i, v := range got {
					undefined := i/out == 1
					if (v != v) != undefined || undefined != (want[i] != want[i]) {
						t.Fatalf("rows %d, gated %v: value %d is %v, want %v", rows, gated, i, v, want[i])
					}
				}
			}
		}
	})
}

// TestFFNThreadsAndAllocs: results do not depend on the threads, callers do not disturb each
// other, and calls do not allocate.
func TestFFNThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(13)
	for _, rows := range []int{1, 7, 100} {
		x := kerneltest.Slice(r, rows*64)
		f := NewFFN(feedForward(r, x, 64, 500, 40, 0.3, true), usual)
		one, two := kerneltest.WithThreads(func() []float32 {
			y := make([]float32, rows*40)
			f.Run().Forward(y, x, rows)
			return y
		})
		kerneltest.Same(t, fmt.Sprint(rows, " rows"), two, one)
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				run, y := f.Run(), make([]float32, rows*40)
				for range 5 {
					run.Forward(y, x, rows)
				}
				for i := range y {
					if y[i] != one[i] {
						t.Errorf("%d rows: value %d is %v beside other callers, %v alone", rows, i, y[i], one[i])
						return
					}
				}
			})
		}
		callers.Wait()
		parallel.SetThreads(0)
		run, y := f.Run(), make([]float32, rows*40)
		kerneltest.NoAllocs(t, "an FFN", func() { run.Forward(y, x, rows) })
	}
}
