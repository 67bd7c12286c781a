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
}
