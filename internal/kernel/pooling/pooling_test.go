package pooling

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/simd"
)

func plain(n, h, w, c, kh, kw, strideH, strideW, padH, padW int, ceil bool) Shape {
	return Shape{N: n, H: h, W: w, C: c, KH: kh, KW: kw, StrideH: strideH, StrideW: strideW, PadH: padH, PadW: padW, Ceil: ceil}
}

// uneven is a shape with dilations and more padding, or less, behind the image.
func uneven(s Shape, dilationH, dilationW, moreH, moreW int) Shape {
	s.DilationH, s.DilationW, s.MoreH, s.MoreW = dilationH, dilationW, moreH, moreW
	return s
}

func TestPooling(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(30)
		for _, s := range []Shape{
			plain(2, 4, 4, 3, 2, 2, 2, 2, 0, 0, false),
			plain(2, 7, 9, 17, 3, 3, 2, 2, 1, 1, false),
			plain(1, 7, 6, 8, 3, 2, 2, 2, 1, 0, true),
			plain(1, 5, 5, 1, 2, 2, 2, 2, 0, 0, true),
			plain(1, 6, 5, 16, 3, 3, 1, 1, 1, 1, false),
			plain(1, 9, 9, 2, 2, 2, 3, 3, 0, 0, true),
			plain(1, 4, 4, 5, 2, 3, 4, 4, 1, 1, true),
			uneven(plain(2, 9, 8, 9, 3, 3, 2, 1, 2, 1, false), 2, 1, 0, 0),
			uneven(plain(2, 9, 8, 3, 3, 2, 1, 2, 2, 1, true), 1, 3, 1, -1),
			uneven(plain(1, 7, 11, 17, 2, 3, 3, 3, 1, 0, true), 2, 4, 0, 2),
			uneven(plain(2, 6, 7, 8, 2, 2, 2, 2, 0, 0, false), 1, 1, 1, 1),
			uneven(plain(1, 6, 7, 4, 3, 3, 2, 2, 1, 1, false), 1, 1, -1, -1),
			uneven(plain(1, 4, 5, 4, 2, 2, 4, 4, 0, 0, false), 3, 2, 0, 0),
		} {
			oh, ow, c := s.OutH(), s.OutW(), s.C
			x, dy := kerneltest.Slice(r, s.N*s.H*s.W*c), kerneltest.Slice(r, s.N*oh*ow*c)
			for i := range x {
				x[i] = float32(math.Round(float64(x[i]) * 3)) // ties
			}
			y, dx := make([]float32, len(dy)), kerneltest.Slice(r, len(x))
			for _, kind := range []string{"max", "avg", "avg with padding"} {
				wy, wdx := make([]float64, len(y)), make([]float64, len(x))
				for o := range dy {
					ch, q, p, n := o%c, o/c%ow, o/c/ow%oh, o/c/ow/oh
					best, at, sum, count := math.Inf(-1), -1, 0.0, 0
					var hits []int
					for kh := range s.KH {
						for kw := range s.KW {
							h, w := p*s.StrideH-s.PadH+kh*max(s.DilationH, 1), q*s.StrideW-s.PadW+kw*max(s.DilationW, 1)
							if h < s.H+s.PadH+s.MoreH && w < s.W+s.PadW+s.MoreW && kind == "avg with padding" {
								count++
							}
							if h < 0 || h >= s.H || w < 0 || w >= s.W {
								continue
							}
							i := ((n*s.H+h)*s.W+w)*c + ch
							if v := float64(x[i]); v > best {
								best, at = v, i
							}
							sum += float64(x[i])
							hits = append(hits, i)
							if kind == "avg" {
								count++
							}
						}
					}
					if kind == "max" {
						wy[o] = best
						wdx[at] += float64(dy[o])
						continue
					}
					wy[o] = sum / float64(count)
					for _, i := range hits {
						wdx[i] += float64(dy[o]) / float64(count)
					}
				}
				if kind == "max" {
					Max(y, x, s)
					MaxBackward(dx, x, y, dy, s)
				} else {
					Mean(y, x, s, kind != "avg")
					MeanBackward(dx, dy, s, kind != "avg")
				}
				kerneltest.Near(t, fmt.Sprint(kind, s), y, wy, 1e-5)
				kerneltest.Near(t, fmt.Sprint(kind, " gradient ", s), dx, wdx, 1e-5)
			}
		}
	})
}

// TestPoolingTwins compares the two implementations on random windows over
// values with ties, NaN and infinities, also at the ends of the slices.
func TestPoolingTwins(t *testing.T) {
	if !simd.Supported {
		t.Skip("there is only one implementation")
	}
	defer simd.Use(simd.AVX2)
	r := kerneltest.Rand(32)
	inf := float32(math.Inf(1))
	for round := range 1500 {
		s := Shape{N: 1 + r.IntN(3), H: 1 + r.IntN(9), W: 1 + r.IntN(12), C: 1 + r.IntN(20),
			KH: 1 + r.IntN(3), KW: 1 + r.IntN(3), StrideH: 1 + r.IntN(4), StrideW: 1 + r.IntN(4), Ceil: r.IntN(2) == 0}
		if round%3 == 0 {
			s.StrideH, s.StrideW = s.KH, s.KW
		}
		if round%4 == 1 {
			s.PadH, s.PadW = r.IntN(s.KH), r.IntN(s.KW)
		}
		if round%8 == 1 {
			s = uneven(s, 1+r.IntN(3), 1+r.IntN(2), r.IntN(3)-min(1, s.PadH), r.IntN(3)-min(1, s.PadW))
		}
		x := kerneltest.Slice(r, s.N*s.H*s.W*s.C)
		for i := range x {
			x[i] = []float32{0, 1, 2, x[i], x[i], kerneltest.NaN, inf, -inf}[r.IntN(8-round%2*3)]
		}
		dy := kerneltest.Slice(r, s.N*s.OutH()*s.OutW()*s.C)
		var results [2][]float32
		for k := range results {
			simd.Use(k == 0)
			// One slice, so that a write past the end of a result shows.
			n, m := len(x), len(dy)
			all := kerneltest.Slice(kerneltest.Rand(33), 3*n+2*m)
			y, dx, avg, davg := all[:m], all[m:][:n], all[m+n:][:m], all[2*m+n:][:n]
			Max(y, x, s)
			MaxBackward(dx, x, y, dy, s)
			Mean(avg, x, s, true)
			MeanBackward(davg, dy, s, true)
			results[k] = all
		}
		for i, a := range results[0] {
			if b := results[1][i]; a != b && (a == a || b == b) && !(math.Abs(float64(a-b)) < 1e-5) {
				t.Fatalf("%+v: value %d is %v and %v", s, i, a, b)
			}
		}
	}
}

func TestPoolCeil(t *testing.T) {
	// Sizes PyTorch gives for input 5, kernel 2, stride 2 and friends.
	for _, c := range []struct{ in, k, s, p, floor, ceil int }{
		{5, 2, 2, 0, 2, 3}, {4, 2, 2, 0, 2, 2}, {4, 2, 4, 1, 2, 2}, {9, 2, 3, 0, 3, 3}, {3, 1, 2, 0, 2, 2}, {1, 2, 2, 0, 0, 1},
	} {
		a := axis{in: c.in, k: c.k, stride: c.s, dilation: 1, pad: c.p, end: c.p}
		if f, g := a.out(false), a.out(true); f != c.floor || g != c.ceil {
			t.Errorf("%+v: %d and %d", c, f, g)
		}
	}
}

func TestGlobalAvgPool(t *testing.T) {
	r := kerneltest.Rand(31)
	const n, hw, c = 3, 50, 17
	x, y, dx := kerneltest.Slice(r, n*hw*c), make([]float32, n*c), make([]float32, n*hw*c)
	wy, wdx := make([]float64, n*c), make([]float64, n*hw*c)
	for i, v := range x {
		wy[i/hw/c*c+i%c] += float64(v) / hw
	}
	GlobalMean(y, x, n, hw, c)
	kerneltest.Near(t, "y", y, wy, 1e-5)
	for i := range dx {
		wdx[i] = float64(y[i/hw/c*c+i%c]) / hw
	}
	GlobalMeanBackward(dx, y, n, hw, c)
	kerneltest.Near(t, "dx", dx, wdx, 1e-6)
	GlobalMean(y, nil, n, 0, c)
	GlobalMeanBackward(nil, y, n, 0, c)
	kerneltest.Near(t, "mean of nothing", y, make([]float64, n*c), 0)
}

func BenchmarkPooling(b *testing.B) {
	for _, s := range []Shape{
		{N: 64, H: 24, W: 24, C: 20, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
		{N: 64, H: 8, W: 8, C: 50, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
		{N: 16, H: 32, W: 32, C: 64, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1},
		{N: 16, H: 28, W: 28, C: 32, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
		{N: 16, H: 28, W: 28, C: 9, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	} {
		r := kerneltest.Rand(34)
		x := kerneltest.Aligned(r, s.N*s.H*s.W*s.C)
		dy := kerneltest.Aligned(r, s.N*s.OutH()*s.OutW()*s.C)
		y, dx := make([]float32, len(dy)), make([]float32, len(x))
		Max(y, x, s)
		name := fmt.Sprintf("%dx%dx%dx%d,%dx%d/%d", s.N, s.H, s.W, s.C, s.KH, s.KW, s.StrideH)
		for _, c := range []struct {
			kind string
			f    func()
		}{
			{"MaxPool", func() { Max(y, x, s) }},
			{"MaxPoolBackward", func() { MaxBackward(dx, x, y, dy, s) }},
			{"AvgPool", func() { Mean(y, x, s, true) }},
			{"AvgPoolBackward", func() { MeanBackward(dx, dy, s, true) }},
		} {
			b.Run(c.kind+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(4 * len(x)))
				for b.Loop() {
					c.f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/value")
			})
		}
	}
}

func TestPoolingKeepsNaN(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for c := range 10 {
			c++
			for at := range 4 {
				s := Shape{N: 1, H: 2, W: 2, C: c, KH: 2, KW: 2, StrideH: 2, StrideW: 2}
				x, y := make([]float32, 4*c), make([]float32, c)
				x[at*c+c-1] = kerneltest.NaN
				Max(y, x, s)
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
				MaxBackward(dx, x, y, dy, s)
				if dx[at*c+c-1] != 1 {
					t.Errorf("gradient misses NaN: %v", dx)
				}
			}
		}
	})
}

func TestPoolingThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(12)
	const rows, c = 9000, 24
	x, d, m := kerneltest.Slice(r, rows*c), make([]float32, rows*c), make([]float32, c)
	s := Shape{N: 2, H: 50, W: 90, C: c, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1}
	y := make([]float32, s.N*s.OutH()*s.OutW()*c)
	for name, f := range map[string]func() []float32{
		"max":     func() []float32 { Max(y, x, s); return y },
		"maxgrad": func() []float32 { MaxBackward(d, x, y, y, s); return d },
		"avg":     func() []float32 { Mean(y, x, s, true); return y },
		"avggrad": func() []float32 { MeanBackward(d, y, s, true); return d },
		"global":  func() []float32 { GlobalMean(m, x, 1, rows, c); return m },
	} {
		a, b := kerneltest.WithThreads(f)
		kerneltest.Same(t, name, a, b)
		kerneltest.NoAllocs(t, name, func() { f() })
	}
}
