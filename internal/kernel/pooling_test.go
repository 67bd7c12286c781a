package kernel

import (
	"fmt"
	"math"
	"testing"
)

func TestPooling(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(30)
		for _, s := range []PoolShape{
			{2, 4, 4, 3, 2, 2, 2, 2, 0, 0, false},
			{2, 7, 9, 17, 3, 3, 2, 2, 1, 1, false},
			{1, 7, 6, 8, 3, 2, 2, 2, 1, 0, true},
			{1, 5, 5, 1, 2, 2, 2, 2, 0, 0, true},
			{1, 6, 5, 16, 3, 3, 1, 1, 1, 1, false},
			{1, 9, 9, 2, 2, 2, 3, 3, 0, 0, true},
			{1, 4, 4, 5, 2, 3, 4, 4, 1, 1, true},
		} {
			oh, ow, c := s.OutH(), s.OutW(), s.C
			x, dy := randSlice(r, s.N*s.H*s.W*c), randSlice(r, s.N*oh*ow*c)
			for i := range x {
				x[i] = float32(math.Round(float64(x[i]) * 3)) // ties
			}
			y, dx := make([]float32, len(dy)), randSlice(r, len(x))
			for _, kind := range []string{"max", "avg", "avg with padding"} {
				wy, wdx := make([]float64, len(y)), make([]float64, len(x))
				for o := range dy {
					ch, q, p, n := o%c, o/c%ow, o/c/ow%oh, o/c/ow/oh
					best, at, sum, count := math.Inf(-1), -1, 0.0, 0
					var hits []int
					for kh := range s.KH {
						for kw := range s.KW {
							h, w := p*s.StrideH-s.PadH+kh, q*s.StrideW-s.PadW+kw
							if h < s.H+s.PadH && w < s.W+s.PadW && kind == "avg with padding" {
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
					MaxPool(y, x, s)
					MaxPoolBackward(dx, x, y, dy, s)
				} else {
					AvgPool(y, x, s, kind != "avg")
					AvgPoolBackward(dx, dy, s, kind != "avg")
				}
				near(t, fmt.Sprint(kind, s), y, wy, 1e-5)
				near(t, fmt.Sprint(kind, " gradient ", s), dx, wdx, 1e-5)
			}
		}
	})
}

// TestPoolingTwins compares the two implementations on random windows over
// values with ties, NaN and infinities, also at the ends of the slices.
func TestPoolingTwins(t *testing.T) {
	if !haveAVX2() {
		t.Skip("there is only one implementation")
	}
	defer func(old bool) { useAVX2 = old }(useAVX2)
	r := newRand(32)
	inf := float32(math.Inf(1))
	for round := range 1500 {
		s := PoolShape{N: 1 + r.IntN(3), H: 1 + r.IntN(9), W: 1 + r.IntN(12), C: 1 + r.IntN(20),
			KH: 1 + r.IntN(3), KW: 1 + r.IntN(3), StrideH: 1 + r.IntN(4), StrideW: 1 + r.IntN(4), Ceil: r.IntN(2) == 0}
		if round%3 == 0 {
			s.StrideH, s.StrideW = s.KH, s.KW
		}
		if round%4 == 1 {
			s.PadH, s.PadW = r.IntN(s.KH), r.IntN(s.KW)
		}
		x := randSlice(r, s.N*s.H*s.W*s.C)
		for i := range x {
			x[i] = []float32{0, 1, 2, x[i], x[i], nan, inf, -inf}[r.IntN(8-round%2*3)]
		}
		dy := randSlice(r, s.N*s.OutH()*s.OutW()*s.C)
		var results [2][]float32
		for k := range results {
			useAVX2 = k == 0
			// One slice, so that a write past the end of a result shows.
			n, m := len(x), len(dy)
			all := randSlice(newRand(33), 3*n+2*m)
			y, dx, avg, davg := all[:m], all[m:][:n], all[m+n:][:m], all[2*m+n:][:n]
			MaxPool(y, x, s)
			MaxPoolBackward(dx, x, y, dy, s)
			AvgPool(avg, x, s, true)
			AvgPoolBackward(davg, dy, s, true)
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
		if f, g := poolSize(c.in, c.k, c.s, c.p, false), poolSize(c.in, c.k, c.s, c.p, true); f != c.floor || g != c.ceil {
			t.Errorf("%+v: %d and %d", c, f, g)
		}
	}
}

func TestGlobalAvgPool(t *testing.T) {
	r := newRand(31)
	const n, hw, c = 3, 50, 17
	x, y, dx := randSlice(r, n*hw*c), make([]float32, n*c), make([]float32, n*hw*c)
	wy, wdx := make([]float64, n*c), make([]float64, n*hw*c)
	for i, v := range x {
		wy[i/hw/c*c+i%c] += float64(v) / hw
	}
	GlobalAvgPool(y, x, n, hw, c)
	near(t, "y", y, wy, 1e-5)
	for i := range dx {
		wdx[i] = float64(y[i/hw/c*c+i%c]) / hw
	}
	GlobalAvgPoolBackward(dx, y, n, hw, c)
	near(t, "dx", dx, wdx, 1e-6)
	GlobalAvgPool(y, nil, n, 0, c)
	GlobalAvgPoolBackward(nil, y, n, 0, c)
	near(t, "mean of nothing", y, make([]float64, n*c), 0)
}

func BenchmarkPooling(b *testing.B) {
	for _, s := range []PoolShape{
		{N: 64, H: 24, W: 24, C: 20, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
		{N: 64, H: 8, W: 8, C: 50, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
		{N: 16, H: 32, W: 32, C: 64, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1},
	} {
		r := newRand(34)
		x := benchSlice(r, s.N*s.H*s.W*s.C)
		dy := benchSlice(r, s.N*s.OutH()*s.OutW()*s.C)
		y, dx := make([]float32, len(dy)), make([]float32, len(x))
		MaxPool(y, x, s)
		name := fmt.Sprintf("%dx%dx%dx%d,%dx%d", s.N, s.H, s.W, s.C, s.KH, s.KW)
		for _, c := range []struct {
			kind string
			f    func()
		}{
			{"MaxPool", func() { MaxPool(y, x, s) }},
			{"MaxPoolBackward", func() { MaxPoolBackward(dx, x, y, dy, s) }},
			{"AvgPool", func() { AvgPool(y, x, s, true) }},
			{"AvgPoolBackward", func() { AvgPoolBackward(dx, dy, s, true) }},
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
