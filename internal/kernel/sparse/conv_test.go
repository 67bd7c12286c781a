package sparse

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/simd"
)

// everyMode is kerneltest.EveryMode, and once more with AVX2 where there is AVX-512.
func everyMode(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	kerneltest.EveryMode(t, f)
	if simd.AVX512 {
		defer simd.Use512(true)
		simd.Use512(false)
		t.Run(simd.Features(), f)
	}
}

// convolved computes a convolution in float64, tap by tap, without the zeros of x.
func convolved(s ConvShape, x, w, bias []float32, n int, e ConvEpilogue) []float64 {
	h, wd := s.OutH(), s.OutW()
	y := make([]float64, n*h*wd*s.O)
	for i := range n * h * wd {
		img, oy, ox := i/(h*wd), i/wd%h, i%wd
		out := y[i*s.O:][:s.O]
		for o := range out {
			if bias != nil {
				out[o] = float64(bias[o])
			}
		}
		for tap := range s.KH * s.KW {
			iy, ix := oy+tap/s.KW-s.PadH, ox+tap%s.KW-s.PadW
			if iy < 0 || iy >= s.H || ix < 0 || ix >= s.W {
				continue
			}
			for c, v := range x[((img*s.H+iy)*s.W+ix)*s.C:][:s.C] {
				for o := 0; v != 0 && o < s.O; o++ {
					out[o] += float64(v) * float64(w[(tap*s.C+c)*s.O+o])
				}
			}
		}
		for o := range out {
			if e.Skip != nil {
				v := float64(e.Skip[i*s.O+o])
				if e.SkipFactor != nil {
					v *= float64(e.SkipFactor[o])
				}
				out[o] += v
			}
			if e.ReLU && out[o] < 0 {
				out[o] = 0
			}
		}
	}
	return y
}

func TestConv(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := kerneltest.Rand(31)
		for _, s := range []ConvShape{
			{H: 6, W: 5, C: 64, O: 64, KH: 3, KW: 3, PadH: 1, PadW: 1},
			{H: 1, W: 1, C: 1, O: 1, KH: 3, KW: 3, PadH: 1, PadW: 1},
			{H: 5, W: 7, C: 13, O: 33, KH: 3, KW: 3, PadH: 1, PadW: 1},
			{H: 6, W: 3, C: 7, O: 23, KH: 3, KW: 3},
			{H: 2, W: 6, C: 66, O: 47, KH: 1, KW: 3, PadW: 2},
			{H: 5, W: 8, C: 9, O: 40, KH: 5, KW: 5, PadH: 2, PadW: 2},
			{H: 1, W: 9, C: 20, O: 33, KH: 1, KW: 7, PadW: 6},
			{H: 3, W: 9, C: 6, O: 32, KH: 2, KW: 9},
			{H: 2, W: 2, C: 6, O: 32, KH: 2, KW: 4, PadW: 3},
			{H: 2, W: 3, C: 6, O: 8, KH: 1, KW: 1},
			{H: 3, W: 2, C: 5, O: 32, KH: 5, KW: 3, PadH: 2, PadW: 1},
			{H: 2, W: 3, C: 150, O: 8, KH: 3, KW: 3, PadH: 1, PadW: 1},
		} {
			for _, n := range []int{1, 3} {
				for _, share := range []float64{0, 0.1, 1} {
					outputs := n * s.OutH() * s.OutW() * s.O
					for k, e := range []ConvEpilogue{{}, {ReLU: true}, {Skip: kerneltest.Slice(r, outputs)},
						{Skip: kerneltest.Slice(r, outputs), SkipFactor: kerneltest.Slice(r, s.O), ReLU: true}} {
						x, w, bias := withZeros(r, n*s.H*s.W*s.C, share), fanned(r, s.KH*s.KW*s.C, s.O), kerneltest.Slice(r, s.O)
						if k == 1 {
							bias = nil
						}
						for i := 0; i < len(x); i += 5 {
							if x[i] == 0 {
								x[i] = float32(math.Copysign(0, -1))
							}
						}
						got := make([]float32, outputs)
						if !NewConv(s, w, bias, always, nil).Run().Forward(got, x, n, e) {
							t.Fatal("a convolution that always skips zeros did nothing")
						}
						kerneltest.Near(t, fmt.Sprint(s, n, share, k), got, convolved(s, x, w, bias, n, e), 1e-5)
					}
				}
			}
		}
	})
}

// TestConvNotFinite: undefined inputs reach the outputs around them, undefined weights only
// outputs with a value that is not 0 under them.
func TestConvNotFinite(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := kerneltest.Rand(32)
		s := ConvShape{H: 6, W: 6, C: 9, O: 40, KH: 3, KW: 3, PadH: 1, PadW: 1}
		x, w := withZeros(r, 6*6*9, 0.3), fanned(r, 9*9, 40)
		w[(4*9+2)*40+5] = float32(math.Inf(1)) // middle tap, channel 2, output 5
		x[(2*6+3)*9+2] = 0
		x[(4*6+4)*9+2] = 1
		x[0] = kerneltest.NaN
		got := make([]float32, 6*6*40)
		NewConv(s, w, nil, always, nil).Run().Forward(got, x, 1, ConvEpilogue{ReLU: true})
		if v := got[(2*6+3)*40+5]; math.IsInf(float64(v), 0) || v != v {
			t.Errorf("an infinite weight meets a zero: %v", v)
		}
		if v := got[(4*6+4)*40+5]; !math.IsInf(float64(v), 1) {
			t.Errorf("a value of 1 times infinity is %v", v)
		}
		for i, v := range got {
			if pixel := i / 40; (v != v) != (pixel%6 < 2 && pixel/6 < 2) {
				t.Fatalf("output %d of pixel %d is %v, with the first input undefined", i%40, pixel, v)
			}
		}
	})
}

func TestConvSharesAndAllocs(t *testing.T) {
	r := kerneltest.Rand(33)
	s := ConvShape{H: 9, W: 8, C: 16, O: 72, KH: 3, KW: 3, PadH: 1, PadW: 1}
	x, w := withZeros(r, 3*9*8*16, 0.2), fanned(r, 9*16, 72)
	c := NewConv(s, w, nil, usual, nil)
	one, two := kerneltest.WithThreads(func() []float32 {
		y := make([]float32, 3*9*8*72)
		if !c.Run().Forward(y, x, 3, ConvEpilogue{}) {
			t.Error("0.2 of the values are too many for a break-even of 0.38")
		}
		return y
	})
	kerneltest.Same(t, "threads", two, one)
	other := make([]float32, len(one))
	run, e := c.Run(), ConvEpilogue{Skip: kerneltest.Slice(r, len(one)), SkipFactor: kerneltest.Slice(r, s.O), ReLU: true}
	kerneltest.NoAllocs(t, "a convolution", func() { run.Forward(other, x, 3, e) })
	dense := withZeros(r, len(x), 0.5)
	if run.Forward(two, dense, 3, e) {
		t.Error("half of the values are few enough for a break-even of 0.38")
	}
	kerneltest.Same(t, "an output that was left to the caller", two, one)
}
