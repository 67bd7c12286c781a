package kernel

import (
	"math"
	"testing"
)

func TestBNMoments(t *testing.T) {
	r := newRand(50)
	normal := func(int, int) float32 { return float32(r.NormFloat64()) }
	everyMode(t, func(t *testing.T) {
		for name, k := range map[string]struct {
			value func(row, rows int) float32
			tol   float64
		}{
			"normal":        {normal, 5e-6},
			"far from zero": {func(row, rows int) float32 { return 1000 + normal(row, rows) }, 5e-6},
			"rising":        {func(row, rows int) float32 { return normal(row, rows) + float32(row) }, 5e-6},
			"small":         {func(row, rows int) float32 { return 1e-15 * normal(row, rows) }, 5e-6},
			"two halves":    {func(row, rows int) float32 { return normal(row, rows) + 1000*float32(row*2/rows) }, 5e-6},
			// First rows unlike the others are the worst choice of a shift.
			"first row far":   {func(row, rows int) float32 { return normal(row, rows) + 1e5*float32(1-min(row, 1)) }, shiftRows * 1e-6},
			"first rows zero": {func(row, rows int) float32 { return (1000 + normal(row, rows)) * float32(min(row*10/rows, 1)) }, shiftRows * 1e-6},
		} {
			for _, s := range normShapes {
				rows, c := s[0], s[1]
				r = newRand(50)
				x := randSlice(r, rows*c)
				for i := range x {
					x[i] = k.value(i/c, rows)
				}
				mean, variance := make([]float32, c), make([]float32, c)
				BNMoments(mean, variance, x, rows, c)
				wantMean, wantVariance := moments64(x, c)
				for i, v := range variance {
					m, w := wantMean[i], wantVariance[i]
					if d := math.Abs(float64(mean[i]) - m); !(d <= k.tol*math.Sqrt(w)+1e-7*math.Abs(m)) {
						t.Fatalf("%s %v: mean %v, want %v", name, s, mean[i], m)
					}
					if d := math.Abs(float64(v) - w); !(d <= k.tol*w) {
						t.Fatalf("%s %v: variance %v, want %v", name, s, v, w)
					}
				}
			}
		}
	})
}

func TestMomentsOfAConstant(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		for _, s := range normShapes {
			rows, c := s[0], s[1]
			x := make([]float32, rows*c)
			for i := range x {
				x[i] = 123.456
			}
			mean, variance := make([]float32, c), make([]float32, c)
			BNMoments(mean, variance, x, rows, c)
			for k := range mean {
				if rows > 0 && mean[k] != 123.456 || !(variance[k] >= 0 && variance[k] < 1e-9) {
					t.Fatalf("%v: mean %v, variance %v", s, mean[k], variance[k])
				}
			}
		}
	})
}

func TestMomentsKeepNaN(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		for _, s := range normShapes {
			rows, c := s[0], s[1]
			if rows == 0 {
				continue
			}
			for _, at := range []int{0, rows / 2, rows - 1} {
				x := make([]float32, rows*c)
				x[at*c+c/2] = nan
				mean, variance := make([]float32, c), make([]float32, c)
				BNMoments(mean, variance, x, rows, c)
				for k := range mean {
					if isNaN := k == c/2; (mean[k] != mean[k]) != isNaN || (variance[k] != variance[k]) != isNaN {
						t.Fatalf("%v, NaN in row %d: channel %d has mean %v, variance %v", s, at, k, mean[k], variance[k])
					}
				}
			}
		}
	})
}
