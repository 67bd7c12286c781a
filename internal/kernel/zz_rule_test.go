package kernel

import (
	"fmt"
	"testing"
	"time"
	"slices"
)

func TestZZRule(t *testing.T) {
	SetThreads(1)
	defer SetThreads(0)
	ratio := func(s ConvShape) (r [3]float64) {
		rr := newRand(51)
		in, out := s.images()
		x, w, dy := randSlice(rr, in.size()), randSlice(rr, 9*s.C*s.O), randSlice(rr, out.size())
		y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
		d := newDirect(s)
		wy := newWinogradConv(in, out, s.PadH, s.PadW, false)
		wx := newWinogradConv(out, in, 2-s.PadH, 2-s.PadW, true)
		if s.O < 4 { wx = wy }
		ww := newWinogradWeights(s)
		fs := [6]func(){
			func() { d.y.call(y, x, w, nil) }, func() { wy.call(y, x, w, nil, Epilogue{}, false) },
			func() { d.dx.call(dx, dy, w, nil) }, func() { if s.O<4 {return}; wx.call(dx, dy, w, nil, Epilogue{}, false) },
			func() { d.dw.call(dw, x, dy) }, func() { ww.call(dw, x, dy) },
		}
		var ts [6][]float64
		flop := float64(out.size()*s.C*18)
		inner := max(1, int(2e6/flop))
		for range max(12, min(100, int(3e8/flop))) {
			for i, f := range fs {
				st := time.Now()
				for range inner { f() }
				ts[i] = append(ts[i], time.Since(st).Seconds())
			}
		}
		for i := range ts { slices.Sort(ts[i]) }
		for i := range r { r[i] = ts[2*i][len(ts[2*i])/4] / ts[2*i+1][len(ts[2*i])/4] }
		return
	}
	for _, n := range []int{1, 64} {
		for _, h := range []int{8, 16} {
			for _, c := range [][2]int{{8,1},{8,2},{8,3},{16,1},{16,3},{64,1},{64,3},{8,24},{24,8},{8,128},{128,8},{40,40},{48,48}} {
				if n*h*h*c[0]*c[1] > 64*64*64*64 { continue }
				
				r := ratio(ConvShape{n, h, h, c[0], c[1], 3, 3, 1, 1, 1, 1, 1})
				fmt.Printf("RULE n %d h %d c %v: y %.2f dx %.2f dw %.2f\n", n, h, c, r[0], r[1], r[2])
			}
		}
	}
}
