package conv

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
)

// convShapes covers odd sizes: channels off the tile, strides, padding,
// groups, depthwise with and without multiplier, bands of rows, several images
// per task, kernels larger than the image and strides larger than the kernel.
var convShapes = []Shape{
	plain(1, 5, 5, 1, 1, 3, 3, 1, 1, 1, 1, 1),
	plain(2, 7, 6, 3, 5, 3, 3, 1, 1, 1, 1, 1),
	plain(3, 9, 8, 5, 17, 3, 2, 2, 2, 1, 0, 1),
	plain(2, 8, 8, 17, 33, 3, 3, 1, 1, 1, 1, 1),
	plain(1, 40, 21, 3, 16, 7, 7, 2, 2, 3, 3, 1),
	plain(5, 6, 6, 16, 16, 1, 1, 1, 1, 0, 0, 1),
	plain(3, 5, 7, 3, 4, 1, 1, 1, 1, 0, 0, 1),
	plain(2, 7, 7, 8, 12, 1, 1, 2, 2, 0, 0, 1),
	plain(2, 7, 5, 4, 3, 2, 2, 3, 3, 0, 0, 1),
	plain(2, 3, 3, 4, 5, 5, 5, 1, 1, 2, 2, 1),
	plain(1, 2, 2, 3, 2, 7, 7, 2, 3, 4, 5, 1),
	plain(1, 2, 2, 3, 2, 2, 2, 1, 1, 3, 3, 1),
	plain(2, 6, 6, 12, 8, 3, 3, 1, 1, 1, 1, 4),
	plain(2, 9, 7, 6, 40, 3, 3, 2, 1, 1, 1, 2),
	plain(2, 6, 7, 5, 5, 3, 3, 1, 1, 1, 1, 5),
	plain(2, 9, 9, 17, 17, 5, 3, 2, 2, 2, 1, 17),
	plain(1, 7, 7, 3, 6, 3, 3, 2, 2, 1, 1, 3),
	plain(1, 40, 40, 4, 6, 3, 3, 1, 1, 1, 1, 1),
	plain(1, 12, 12, 150, 20, 3, 3, 1, 1, 1, 1, 1),
	plain(20, 4, 4, 8, 16, 3, 3, 1, 1, 1, 1, 1),
	plain(1, 2, 2, 450, 7, 1, 2, 1, 1, 0, 1, 1),
	uneven(plain(2, 8, 9, 5, 17, 3, 3, 1, 1, 2, 2, 1), 2, 2, 0, 0),
	uneven(plain(2, 9, 8, 3, 4, 3, 2, 2, 3, 1, 0, 1), 2, 3, 1, 2),
	uneven(plain(1, 13, 11, 4, 6, 2, 3, 4, 6, 1, 2, 2), 6, 4, 3, -1),
	uneven(plain(2, 7, 7, 8, 8, 3, 3, 2, 2, 0, 0, 1), 1, 1, 1, 1),
	uneven(plain(1, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1, 1), 1, 1, -1, 1),
	uneven(plain(2, 5, 6, 4, 4, 1, 1, 1, 1, 0, 0, 1), 3, 3, 1, 2),
	uneven(plain(2, 5, 6, 4, 4, 1, 1, 1, 1, 0, 1, 1), 1, 1, 0, -1),
	uneven(plain(1, 40, 37, 3, 16, 3, 1, 1, 1, 3, 0, 1), 3, 1, 2, 0),
	uneven(plain(2, 9, 12, 17, 17, 3, 5, 1, 1, 2, 4, 17), 2, 2, 0, 0),
	uneven(plain(1, 9, 9, 9, 18, 3, 3, 2, 2, 0, 0, 9), 1, 3, 1, 3),
	uneven(plain(1, 3, 2, 2, 3, 3, 3, 1, 1, 0, 1, 1), 4, 1, 6, -1),
	plain(2, 16, 15, 32, 32, 3, 3, 1, 1, 1, 1, 32),
	plain(1, 12, 20, 40, 40, 5, 5, 2, 2, 2, 2, 40),
	plain(1, 11, 10, 16, 16, 7, 9, 1, 1, 3, 4, 16),
	plain(1, 130, 60, 16, 16, 3, 3, 1, 1, 1, 1, 16), // bands of rows
	plain(2, 1, 3, 20, 20, 1, 2, 1, 3, 0, 0, 20),
	uneven(plain(1, 15, 17, 48, 48, 3, 3, 2, 1, 2, 2, 48), 2, 2, 1, 0),
	uneven(plain(1, 19, 16, 16, 16, 2, 3, 3, 2, 3, 4, 16), 2, 3, -1, -2),
}

// plain is a shape without dilation and with the same padding on both sides.
func plain(n, h, w, c, o, kh, kw, strideH, strideW, padH, padW, groups int) Shape {
	return Shape{N: n, H: h, W: w, C: c, O: o, KH: kh, KW: kw, StrideH: strideH, StrideW: strideW, PadH: padH, PadW: padW, Groups: groups}
}

// uneven is a shape with dilations and more padding, or less, behind the image.
func uneven(s Shape, dilationH, dilationW, moreH, moreW int) Shape {
	s.DilationH, s.DilationW, s.MoreH, s.MoreW = dilationH, dilationW, moreH, moreW
	return s
}

// visit calls f for every product of a convolution.
func visit(s Shape, f func(y, x, w int)) {
	cg, og := s.C/s.Groups, s.O/s.Groups
	for n := range s.N {
		for r := range s.OutH() {
			for q := range s.OutW() {
				for o := range s.O {
					for kh := range s.KH {
						for kw := range s.KW {
							h, w := r*s.StrideH-s.PadH+kh*max(s.DilationH, 1), q*s.StrideW-s.PadW+kw*max(s.DilationW, 1)
							if h < 0 || h >= s.H || w < 0 || w >= s.W {
								continue
							}
							for i := range cg {
								f(((n*s.OutH()+r)*s.OutW()+q)*s.O+o,
									((n*s.H+h)*s.W+w)*s.C+o/og*cg+i,
									((kh*s.KW+kw)*cg+i)*s.O+o)
							}
						}
					}
				}
			}
		}
	}
}

func TestConv(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(4)
		for _, s := range convShapes {
			name := fmt.Sprintf("%+v", s)
			c := New(s)
			x, w := kerneltest.Slice(r, c.inLen()), kerneltest.Slice(r, c.weightLen())
			dy, bias := kerneltest.Slice(r, c.outLen()), kerneltest.Slice(r, s.O)
			y, dx, dw := kerneltest.Slice(r, c.outLen()), kerneltest.Slice(r, c.inLen()), kerneltest.Slice(r, c.weightLen())
			wy, wyb, wdx, wdw := make([]float64, len(y)), make([]float64, len(y)), make([]float64, len(x)), make([]float64, len(w))
			visit(s, func(yi, xi, wi int) {
				wy[yi] += float64(x[xi]) * float64(w[wi])
				wdx[xi] += float64(dy[yi]) * float64(w[wi])
				wdw[wi] += float64(dy[yi]) * float64(x[xi])
			})
			for i, v := range wy {
				wyb[i] = v + float64(bias[i%s.O])
			}
			for range 2 { // a second call must not see the remains of the first
				c.Forward(y, x, w, bias, Epilogue{})
				kerneltest.Near(t, name+" forward with bias", y, wyb, 2e-5)
				c.Forward(y, x, w, nil, Epilogue{})
				kerneltest.Near(t, name+" forward", y, wy, 2e-5)
				c.BackwardInput(dx, dy, w, false)
				kerneltest.Near(t, name+" input gradient", dx, wdx, 2e-5)
				c.BackwardWeights(dw, x, dy)
				kerneltest.Near(t, name+" weight gradient", dw, wdw, 2e-5)
			}
			// <dy, conv(x)> = <dx, x> = <dw, w>
			a, b, d := kerneltest.Dot(dy, y), kerneltest.Dot(dx, x), kerneltest.Dot(dw, w)
			if tol := 1e-4 * (1 + math.Sqrt(float64(len(y)))); math.Abs(a-b) > tol || math.Abs(a-d) > tol {
				t.Errorf("%s: adjoints differ: %v %v %v", name, a, b, d)
			}
		}
	})
}

func TestConvThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(5)
	for _, s := range convShapes {
		c := New(s)
		x, w, dy := kerneltest.Slice(r, c.inLen()), kerneltest.Slice(r, c.weightLen()), kerneltest.Slice(r, c.outLen())
		y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
		start, moments := kerneltest.Slice(r, len(x)), make([]float32, 2*s.O)
		runs := map[string]func() []float32{
			"forward":         func() []float32 { c.Forward(y, x, w, nil, Epilogue{}); return y },
			"forward, ReLU":   func() []float32 { c.Forward(y, x, w, nil, Epilogue{ReLU: true}); return y },
			"input gradient":  func() []float32 { c.BackwardInput(dx, dy, w, false); return dx },
			"weight gradient": func() []float32 { c.BackwardWeights(dw, x, dy); return dw },
			"moments": func() []float32 {
				c.Forward(y, x, w, nil, Epilogue{Mean: moments[:s.O], Variance: moments[s.O:]})
				return moments
			},
			"added input gradient": func() []float32 { copy(dx, start); c.BackwardInput(dx, dy, w, true); return dx },
		}
		for name, f := range runs {
			one, two := kerneltest.WithThreads(f)
			kerneltest.Same(t, name, one, two)
			kerneltest.NoAllocs(t, name, func() { f() })
		}
	}
}

func TestConvEmptyOutput(t *testing.T) {
	s := plain(2, 2, 2, 3, 4, 3, 3, 1, 1, 0, 0, 1)
	c := New(s)
	x, w := make([]float32, 24), make([]float32, c.weightLen())
	c.Forward(nil, x, w, nil, Epilogue{})
	dx, dw := []float32{23: 1}, make([]float32, len(w))
	dw[5] = 1
	c.BackwardInput(dx, nil, w, false)
	c.BackwardWeights(dw, x, nil)
	kerneltest.Near(t, "dx", dx, make([]float64, 24), 0)
	dx[3] = 2
	c.BackwardInput(dx, nil, w, true)
	if dx[3] != 2 {
		t.Errorf("adding nothing changed 2 to %v", dx[3])
	}
	mean, variance := []float32{1, 1, 1, 1}, []float32{1, 1, 1, 1}
	c.Forward(nil, x, w, nil, Epilogue{Mean: mean, Variance: variance})
	kerneltest.Near(t, "mean of nothing", mean, make([]float64, 4), 0)
	kerneltest.Near(t, "variance of nothing", variance, make([]float64, 4), 0)
	kerneltest.Near(t, "dw", dw, make([]float64, len(dw)), 0)
}

func BenchmarkConv(b *testing.B) {
	for _, ch := range []int{16, 32, 64} {
		s := plain(16, 512/ch, 512/ch, ch, ch, 3, 3, 1, 1, 1, 1, 1)
		benchConv(b, fmt.Sprint(ch), s)
	}
	benchConv(b, "stem", plain(16, 32, 32, 3, 16, 3, 3, 1, 1, 1, 1, 1))
	benchConv(b, "1x1", plain(16, 16, 16, 64, 128, 1, 1, 1, 1, 0, 0, 1))
	benchConv(b, "stride2", plain(16, 32, 32, 32, 64, 3, 3, 2, 2, 1, 1, 1))
	benchConv(b, "depthwise", plain(16, 32, 32, 64, 64, 3, 3, 1, 1, 1, 1, 64))
}

func benchConv(b *testing.B, name string, s Shape) {
	c := New(s)
	r := kerneltest.Rand(6)
	x, w, dy := kerneltest.Slice(r, c.inLen()), kerneltest.Slice(r, c.weightLen()), kerneltest.Slice(r, c.outLen())
	y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
	flop := 2 * float64(len(y)) * float64(s.KH*s.KW*s.C/s.Groups)
	for i, f := range []func(){
		func() { c.Forward(y, x, w, nil, Epilogue{}) },
		func() { c.BackwardInput(dx, dy, w, false) },
		func() { c.BackwardWeights(dw, x, dy) },
	} {
		b.Run(name+"/"+[]string{"y", "dx", "dw"}[i], func(b *testing.B) {
			parallel.SetThreads(1)
			defer parallel.SetThreads(0)
			for b.Loop() {
				f()
			}
			kerneltest.ReportRate(b, flop)
		})
	}
}
