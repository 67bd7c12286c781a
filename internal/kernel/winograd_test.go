package kernel

import (
	"fmt"
	"math"
	"testing"
)

// winogradShapes covers channels off the lane, the panel and the packing block,
// odd and even sizes, every padding, images smaller than a tile, several images
// per block and rows cut into pieces.
var winogradShapes = []ConvShape{
	{1, 1, 1, 4, 4, 3, 3, 1, 1, 1, 1, 1},
	{2, 3, 3, 5, 6, 3, 3, 1, 1, 0, 0, 1},
	{2, 2, 1, 8, 8, 3, 3, 1, 1, 1, 1, 1},
	{3, 4, 4, 8, 16, 3, 3, 1, 1, 1, 1, 1},
	{5, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1, 1},
	{2, 7, 5, 20, 50, 3, 3, 1, 1, 1, 1, 1},
	{2, 5, 8, 50, 20, 3, 3, 1, 1, 2, 2, 1},
	{2, 6, 9, 17, 33, 3, 3, 1, 1, 0, 2, 1},
	{1, 9, 6, 33, 17, 3, 3, 1, 1, 2, 0, 1},
	{1, 3, 230, 24, 40, 3, 3, 1, 1, 1, 1, 1},
	{1, 4, 301, 37, 64, 3, 3, 1, 1, 1, 1, 1},
	{30, 8, 8, 8, 8, 3, 3, 1, 1, 1, 1, 1},
	{1, 8, 8, 256, 40, 3, 3, 1, 1, 1, 1, 1},
}

// relative fails unless the largest difference is at most tol times the largest
// value of the reference.
func relative(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	worst, largest := 0.0, 0.0
	for i, v := range got {
		d := math.Abs(float64(v) - want[i])
		if d != d {
			t.Fatalf("%s: value %d is %v, want %v", what, i, v, want[i])
		}
		worst, largest = max(worst, d), max(largest, math.Abs(want[i]))
	}
	if worst > tol*largest {
		t.Errorf("%s: off by %.3g of %.3g", what, worst, largest)
	}
}

func TestWinograd(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(50)
		for _, s := range winogradShapes {
			name := fmt.Sprintf("%+v", s)
			in, out := s.images()
			x, w, dy, bias := randSlice(r, in.size()), randSlice(r, 9*s.C*s.O), randSlice(r, out.size()), randSlice(r, s.O)
			y, dx, dw := randSlice(r, len(dy)), randSlice(r, len(x)), randSlice(r, len(w))
			wy, wdx, wdw := make([]float64, len(y)), make([]float64, len(x)), make([]float64, len(w))
			visit(s, func(yi, xi, wi int) {
				wy[yi] += float64(x[xi]) * float64(w[wi])
				wdx[xi] += float64(dy[yi]) * float64(w[wi])
				wdw[wi] += float64(dy[yi]) * float64(x[xi])
			})
			forward := newWinogradConv(in, out, s.PadH, s.PadW, false)
			input := newWinogradConv(out, in, 2-s.PadH, 2-s.PadW, true)
			weights := newWinogradWeights(s)
			for range 2 {
				forward.call(y, x, w, nil, Epilogue{}, false)
				relative(t, name+" forward", y, wy, 3e-6)
				input.call(dx, dy, w, nil, Epilogue{}, false)
				relative(t, name+" input gradient", dx, wdx, 3e-6)
				weights.call(dw, x, dy)
				relative(t, name+" weight gradient", dw, wdw, 3e-6)
			}
			_ = bias
		}
	})
}
