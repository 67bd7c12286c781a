package sparse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// multiplied computes a linear layer in float64.
func multiplied(x, w, bias []float32, rows, in, out int, relu bool) []float64 {
	y := make([]float64, rows*out)
	for i := range y {
		row, j := i/out, i%out
		if bias != nil {
			y[i] = float64(bias[j])
		}
		for k, v := range x[row*in:][:in] {
			y[i] += float64(v) * float64(w[k*out+j])
		}
		if relu && y[i] < 0 {
			y[i] = 0
		}
	}
	return y
}

// uneven draws rows of different shares of values that are not 0: none, all, and between.
func uneven(r *rand.Rand, rows, in int) []float32 {
	x := make([]float32, 0, rows*in)
	for i := range rows {
		x = append(x, withZeros(r, in, []float64{0, 0.05, 1, 0.4}[i%4])...)
	}
	for i := 0; i < len(x); i += 5 {
		if x[i] == 0 {
			x[i] = float32(math.Copysign(0, -1))
		}
	}
	return x
}

func TestLinear(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := kerneltest.Rand(41)
		shapes := [][2]int{{1, 1}, {7, 23}, {64, 64}, {300, 47}, {513, 20}}
		if testing.Short() {
			shapes = shapes[:3]
		}
		for _, s := range shapes {
			for _, rows := range []int{1, 2, 15, 33, 70} {
				x, w, bias := uneven(r, rows, s[0]), fanned(r, s[0], s[1]), kerneltest.Slice(r, s[1])
				relu := rows%2 == 1
				if rows == 2 {
					bias = nil
				}
				for _, even := range []*Calibration{never, {Fixed: &BreakEven{0.3, 0.3}}, always} {
					got := make([]float32, rows*s[1])
					NewLinear(w, bias, s[0], s[1], even, nil).Run().Forward(got, x, rows, relu)
					kerneltest.Near(t, fmt.Sprint(s, rows, *even.Fixed), got, multiplied(x, w, bias, rows, s[0], s[1], relu), 1e-5)
				}
			}
		}
	})
}

// TestLinearNotFinite: undefined inputs reach all outputs, undefined weights behind zeros reach none.
func TestLinearNotFinite(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := kerneltest.Rand(42)
		for _, rows := range []int{3, 36} {
			x, w := withZeros(r, rows*30, 0.3), fanned(r, 30, 20)
			w[4*20+1] = float32(math.Inf(-1))
			for i := range rows {
				x[i*30+4] = 0
			}
			x[30+7] = kerneltest.NaN
			got := make([]float32, rows*20)
			NewLinear(w, nil, 30, 20, always, nil).Run().Forward(got, x, rows, false)
			for i, v := range got {
				if (v != v) != (i/20 == 1) || math.IsInf(float64(v), 0) {
					t.Fatalf("row %d, output %d is %v", i/20, i%20, v)
				}
			}
		}
	})
}

func TestLinearThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(43)
	for _, rows := range []int{1, 100} {
		x := uneven(r, rows, 300)
		l := NewLinear(fanned(r, 300, 200), nil, 300, 200, usual, nil)
		one, two := kerneltest.WithThreads(func() []float32 {
			y := make([]float32, rows*200)
			l.Run().Forward(y, x, rows, true)
			return y
		})
		kerneltest.Same(t, fmt.Sprint(rows, " rows"), two, one)
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				run, y := l.Run(), make([]float32, rows*200)
				for range 5 {
					run.Forward(y, x, rows, true)
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
		run := l.Run()
		kerneltest.NoAllocs(t, "a linear layer", func() { run.Forward(two, x, rows, true) })
	}
}

// TestLinearPays: a dense kernel takes inputs of which too few chunks skip, and its work is counted.
func TestLinearPays(t *testing.T) {
	r := kerneltest.Rand(44)
	for _, rows := range []int{1, 7, 200} {
		for share, want := range map[float64]bool{0: true, 0.2: true, 0.6: false, 1: false} {
			var counts int64
			run := NewLinear(fanned(r, 600, 30), nil, 600, 30, &Calibration{Fixed: &BreakEven{0.4, 0.4}}, nil).Run()
			run.Counts = &counts
			if got := run.Pays(withZeros(r, rows*600, share), rows); got != want || (counts == int64(rows*600*30)) == want {
				t.Errorf("%d rows, a share of %g: pays is %v, %d multiply-accumulates counted", rows, share, got, counts)
			}
		}
	}
	never := NewLinear(fanned(r, 8, 8), nil, 8, 8, never, nil).Run()
	if never.Pays(make([]float32, 8), 1) {
		t.Error("a layer that never skips pays for zeros")
	}
}
