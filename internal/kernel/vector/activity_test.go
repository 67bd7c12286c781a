package vector

import (
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// activityInput has rows of values of which two thirds are 0, with special ones.
func activityInput(rows, cols int) []float32 {
	r := kerneltest.Rand(uint64(rows*1000 + cols))
	x := kerneltest.Slice(r, rows*cols)
	for i := range x {
		if r.IntN(3) > 0 {
			x[i] = 0
		}
	}
	return x
}

func TestActivity(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, cols := range []int{1, 7, 8, 19, 64, 513} {
			const rows = 301
			x := activityInput(rows, cols)
			a := NewActivity(rows+4, cols, 0.5)
			a.Run(x, rows)
			for r := range rows {
				abs, square, saturated := 0.0, 0.0, 0.0
				for _, v := range x[r*cols:][:cols] {
					m := math.Abs(float64(v))
					abs, square, saturated = abs+m, square+m*m, saturated+m/(0.5+m)
				}
				kerneltest.Near(t, "row", []float32{float32(a.Abs[r]), float32(a.Square[r]), float32(a.Saturated[r])},
					[]float64{abs, square, saturated}, 1e-5)
			}
			for c := range cols {
				want := int32(0)
				for r := range rows {
					if x[r*cols+c] != 0 {
						want++
					}
				}
				if a.Fired[c] != want {
					t.Fatalf("%d columns: column %d fired %d times, want %d", cols, c, a.Fired[c], want)
				}
			}
			kerneltest.NoAllocs(t, "Run", func() { a.Run(x, rows) })
		}
	})
}

// TestActivitySpecial holds that NaN, infinities and denormals count and show.
func TestActivitySpecial(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		inf := float32(math.Inf(1))
		for _, v := range []float32{kerneltest.NaN, inf, -inf, math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1))} {
			for place := range 11 {
				x := make([]float32, 11)
				x[place] = v
				a := NewActivity(1, len(x), 1)
				a.Run(x, 1)
				if want := int32(1); (v != 0) != (a.Fired[place] == want) {
					t.Errorf("%v at %d fired %d times", v, place, a.Fired[place])
				}
				switch s := a.Abs[0]; {
				case v != v && s == s, v-v != 0 && v == v && !math.IsInf(s, 1), v-v == 0 && s != math.Abs(float64(v)):
					t.Errorf("%v at %d: the sum is %v", v, place, s)
				}
			}
		}
	})
}

// TestActivityGradients compares with the closed forms, added to earlier values.
func TestActivityGradients(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, n := range []int{1, 5, 8, 23, 64} {
			r := kerneltest.Rand(uint64(n))
			x, w, before := activityInput(1, n), kerneltest.Slice(r, n), kerneltest.Slice(r, n)
			const p, q, beta = 0.75, -1.25, 0.5
			sign, saturated := append([]float32(nil), before...), append([]float32(nil), before...)
			SignGrad(sign, x, w, p, q)
			SaturatedGrad(saturated, x, w, beta)
			wantSign, wantSaturated := make([]float64, n), make([]float64, n)
			for i, v := range x {
				s := 0.0
				if v != 0 {
					s = math.Copysign(1, float64(v))
				}
				m := beta + math.Abs(float64(v))
				wantSign[i] = float64(before[i]) + float64(w[i])*(p*s+q*float64(v))
				wantSaturated[i] = float64(before[i]) + float64(w[i])*beta*s/(m*m)
			}
			kerneltest.Near(t, "sign", sign, wantSign, 1e-6)
			kerneltest.Near(t, "saturated", saturated, wantSaturated, 1e-6)
			x[n-1], x[0] = kerneltest.NaN, kerneltest.NaN
			SignGrad(sign, x, w, 1, 0)
			SaturatedGrad(saturated, x, w, beta)
			for _, g := range []float32{sign[0], saturated[0], sign[n-1], saturated[n-1]} {
				if g == g {
					t.Errorf("%d values: NaN gives the gradient %v", n, g)
				}
			}
		}
	})
}
