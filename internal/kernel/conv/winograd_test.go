package conv

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// winogradShapes covers channels off the lane, the panel and the packing block,
// odd and even sizes, every padding, images smaller than a tile, several images
// per block, rows longer than a block and a last block of a single tile.
var winogradShapes = []Shape{
	plain(1, 1, 1, 4, 4, 3, 3, 1, 1, 1, 1, 1),
	plain(2, 3, 3, 5, 6, 3, 3, 1, 1, 0, 0, 1),
	plain(2, 2, 1, 8, 8, 3, 3, 1, 1, 1, 1, 1),
	plain(3, 4, 4, 8, 16, 3, 3, 1, 1, 1, 1, 1),
	plain(5, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1, 1),
	plain(2, 7, 5, 20, 50, 3, 3, 1, 1, 1, 1, 1),
	plain(2, 5, 8, 50, 20, 3, 3, 1, 1, 2, 2, 1),
	plain(2, 6, 9, 17, 33, 3, 3, 1, 1, 0, 2, 1),
	plain(1, 9, 6, 33, 17, 3, 3, 1, 1, 2, 0, 1),
	plain(1, 3, 61, 24, 40, 3, 3, 1, 1, 1, 1, 1),
	plain(30, 8, 8, 8, 8, 3, 3, 1, 1, 1, 1, 1),
	plain(1, 10, 10, 8, 8, 3, 3, 1, 1, 1, 1, 1),
	plain(1, 6, 6, 256, 40, 3, 3, 1, 1, 1, 1, 1),
	plain(1, 6, 5, 36, 256, 3, 3, 1, 1, 1, 1, 1),
}

// ofLargest fails unless the largest difference is at most tol times the largest
// value of the reference.
func ofLargest(t *testing.T, name string, got []float32, want []float64, tol float64) {
	t.Helper()
	worst, largest := 0.0, 0.0
	for i, v := range got {
		d := math.Abs(float64(v) - want[i])
		if d != d {
			t.Fatalf("%s: value %d is %v, want %v", name, i, v, want[i])
		}
		worst, largest = max(worst, d), max(largest, math.Abs(want[i]))
	}
	if worst > tol*largest {
		t.Errorf("%s: off by %.3g of %.3g", name, worst, largest)
	}
}

func TestWinograd(t *testing.T) {
	const tol = 2e-6
	r := kerneltest.Rand(50)
	for _, s := range winogradShapes {
		in, out := s.images()
		x, w := kerneltest.Slice(r, in.n*in.h*in.w*in.c), kerneltest.Slice(r, 9*s.C*s.O)
		dy, bias := kerneltest.Slice(r, (out.n*out.h*out.w*out.c)), kerneltest.Slice(r, s.O)
		y, dx, dw := kerneltest.Slice(r, len(dy)), kerneltest.Slice(r, len(x)), kerneltest.Slice(r, len(w))
		wy, wdx, wdw := make([]float64, len(y)), make([]float64, len(x)), make([]float64, len(w))
		visit(s, func(yi, xi, wi int) {
			wy[yi] += float64(x[xi]) * float64(w[wi])
			wdx[xi] += float64(dy[yi]) * float64(w[wi])
			wdw[wi] += float64(dy[yi]) * float64(x[xi])
		})
		biased, rectified, twice := make([]float64, len(y)), make([]float64, len(y)), make([]float64, len(x))
		for i, v := range wy {
			biased[i] = v + float64(bias[i%s.O])
			rectified[i] = max(biased[i], 0)
		}
		for i, v := range wdx {
			twice[i] = 2 * v
		}
		kerneltest.EveryMode(t, func(t *testing.T) {
			name := fmt.Sprintf("%+v", s)
			forward := newWinograd(s, false)
			input := newWinograd(s, true)
			weights := newWinogradWeights(s)

			// The remains of a call must not reach the next.
			bad := make([]float32, max(len(x), len(dy)))
			for i := range bad {
				bad[i] = kerneltest.NaN
			}
			forward.call(y, bad, w, bias, false, Epilogue{})
			input.call(dx, bad, w, nil, false, Epilogue{})
			weights.call(dw, bad, bad)

			forward.call(y, x, w, bias, false, Epilogue{})
			ofLargest(t, name+" forward with bias", y, biased, tol)
			forward.call(y, x, w, bias, false, Epilogue{ReLU: true})
			ofLargest(t, name+" forward with ReLU", y, rectified, tol)
			forward.call(y, x, w, nil, false, Epilogue{})
			ofLargest(t, name+" forward", y, wy, tol)
			input.call(dx, dy, w, nil, false, Epilogue{})
			ofLargest(t, name+" input gradient", dx, wdx, tol)
			input.call(dx, dy, w, nil, true, Epilogue{})
			ofLargest(t, name+" added input gradient", dx, twice, tol)
			weights.call(dw, x, dy)
			ofLargest(t, name+" weight gradient", dw, wdw, tol)
		})
	}
}

// TestWinogradNaN: a NaN reaches every output that depends on it, and none of
// the tiles that do not.
func TestWinogradNaN(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		s := plain(2, 8, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1)
		in, out := s.images()
		r := kerneltest.Rand(52)
		x, w, y := kerneltest.Slice(r, in.n*in.h*in.w*in.c), kerneltest.Slice(r, 9*s.C*s.O), make([]float32, (out.n*out.h*out.w*out.c))
		const row, col = 3, 4
		x[((8+row)*8+col)*s.C+5] = kerneltest.NaN
		newWinograd(s, false).call(y, x, w, nil, false, Epilogue{ReLU: true})
		for i, v := range y {
			n, h, q := i/s.O/64, i/s.O/8%8, i/s.O%8
			near := n == 1 && max(h-row, row-h) <= 1 && max(q-col, col-q) <= 1
			tile := n == 1 && max(h/2*2-row, row-h/2*2-1) <= 1 && max(q/2*2-col, col-q/2*2-1) <= 1
			if near && v == v || !tile && v != v {
				t.Fatalf("image %d, row %d, column %d is %v", n, h, q, v)
			}
		}
	})
}

// TestWinogradConv: through Plan, results equal the results of the direct kernels and
// are the same with any number of threads, calls allocate nothing, and shapes off the
// rule are left to the direct kernels.
func TestWinogradConv(t *testing.T) {
	r := kerneltest.Rand(53)
	for _, c := range []struct {
		s         Shape
		y, dx, dw bool
	}{
		{plain(9, 32, 32, 16, 16, 3, 3, 1, 1, 1, 1, 1), true, true, true},
		{plain(16, 16, 16, 32, 64, 3, 3, 1, 1, 1, 1, 1), true, true, true},
		{plain(40, 8, 8, 64, 64, 3, 3, 1, 1, 1, 1, 1), true, true, true},
		{plain(12, 7, 9, 20, 13, 3, 3, 1, 1, 1, 1, 1), true, true, true},
		{plain(5, 12, 11, 3, 16, 3, 3, 1, 1, 1, 1, 1), false, true, false},
		{plain(5, 12, 11, 19, 24, 3, 3, 1, 1, 0, 2, 1), true, true, true},
		{plain(5, 12, 11, 9, 2, 3, 3, 1, 1, 0, 2, 1), true, false, true},
		{plain(1, 7, 7, 16, 16, 3, 3, 1, 1, 1, 1, 1), true, true, false},
		{plain(9, 3, 3, 16, 16, 3, 3, 1, 1, 1, 1, 1), false, false, false},
		{plain(9, 8, 8, 16, 16, 3, 3, 2, 2, 1, 1, 1), false, false, false},
		{plain(9, 8, 8, 16, 16, 3, 3, 1, 1, 3, 1, 1), false, false, false},
		{plain(9, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1, 2), false, false, false},
		{plain(9, 8, 8, 16, 16, 5, 3, 1, 1, 1, 1, 1), false, false, false},
	} {
		name := fmt.Sprintf("%+v", c.s)
		conv := New(c.s)
		x, w, dy := kerneltest.Slice(r, conv.inLen()), kerneltest.Slice(r, conv.weightLen()), kerneltest.Slice(r, conv.outLen())
		y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
		m := make([]float32, 2*c.s.O)
		e := Epilogue{Mean: m[:c.s.O], Variance: m[c.s.O:]}
		for what, f := range map[string]func() []float32{
			"forward":         func() []float32 { conv.Forward(y, x, w, nil, Epilogue{}); return y },
			"moments":         func() []float32 { conv.Forward(y, x, w, nil, e); return m },
			"input gradient":  func() []float32 { conv.BackwardInput(dx, dy, w, false); return dx },
			"weight gradient": func() []float32 { conv.BackwardWeights(dw, x, dy); return dw },
		} {
			one, two := kerneltest.WithThreads(f)
			kerneltest.Same(t, name+" "+what, one, two)
			kerneltest.NoAllocs(t, name+" "+what, func() { f() })
		}
		_, fy := conv.forward.(*winogradConv)
		_, fdx := conv.input.(*winogradConv)
		_, fdw := conv.weights.(*winogradWeights)
		if fy != c.y || fdx != c.dx || fdw != c.dw {
			t.Errorf("%s: by Winograd's method: %v %v %v", name, fy, fdx, fdw)
		}
		if c.y || c.dx || c.dw {
			d := newDirectPlans(c.s)
			y2, dx2, dw2 := make([]float32, len(y)), make([]float32, len(x)), make([]float32, len(w))
			d.y.call(y2, x, w, nil, false, Epilogue{})
			ofLargest(t, name+" forward", y, kerneltest.Float64s(y2), 3e-6)
			d.dx.call(dx2, dy, w, nil, false, Epilogue{})
			ofLargest(t, name+" input gradient", dx, kerneltest.Float64s(dx2), 3e-6)
			d.dw.call(dw2, x, dy)
			ofLargest(t, name+" weight gradient", dw, kerneltest.Float64s(dw2), 3e-6)
		}
		mean, variance := kerneltest.Moments(y, c.s.O)
		kerneltest.Near(t, name+" mean", e.Mean, mean, 1e-6)
		kerneltest.Near(t, name+" variance", e.Variance, variance, 1e-5)
	}
}
