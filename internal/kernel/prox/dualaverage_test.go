package prox

import (
	"math"
	"testing"

	"pare/internal/simd"
)

// TestDualAverageIsTheSameInPieces: with and without vectors, cut anywhere, and in
// float64 where values are ordinary; values that are not finite stay so.
func TestDualAverageIsTheSameInPieces(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	const n = 37
	k := DualAverage{Scale: 0.5, Decay: 0.1, Weight: 0.3, Over: 0.25, Eps: 1e-6, Cut: 0.05, Ridge: 0.2}
	run := func(vectors, adaptive bool, cut int) [][]float32 {
		defer simd.Use(simd.AVX2)
		simd.Use(simd.AVX2 && vectors)
		x, g, origin := make([]float32, n), make([]float32, n), make([]float32, n)
		sum, squares, metric := make([]float32, n), make([]float32, n), make([]float32, n)
		for i := range x {
			x[i], g[i], origin[i] = float32(i%7)-3, float32(i%5)-2, float32(i%3)-1
			sum[i], squares[i] = float32(i%4)-1, float32(i%6)
		}
		g[3], g[4], g[5], g[6], squares[9] = nan, inf, -inf, 1e-42, 0
		for _, r := range [][2]int{{0, cut}, {cut, n}} {
			lo, hi := r[0], r[1]
			if adaptive {
				k.Adaptive(x[lo:hi], g[lo:hi], origin[lo:hi], sum[lo:hi], squares[lo:hi], metric[lo:hi], nil)
			} else {
				k.Update(x[lo:hi], g[lo:hi], origin[lo:hi], sum[lo:hi], nil)
			}
		}
		return [][]float32{x, sum, squares, metric}
	}
	for _, adaptive := range []bool{false, true} {
		want := run(false, adaptive, 0)
		for _, cut := range []int{0, 1, 8, 19} {
			for j, got := range run(true, adaptive, cut) {
				for i := range got {
					a, b := float64(got[i]), float64(want[j][i])
					if math.IsNaN(a) != math.IsNaN(b) || !math.IsNaN(a) && a != b && math.Abs(a-b) > 2e-7*math.Abs(b) {
						t.Errorf("adaptive %t, cut at %d, array %d: [%d] is %g and %g", adaptive, cut, j, i, a, b)
					}
				}
			}
		}
		if !math.IsNaN(float64(want[0][3])) {
			t.Errorf("adaptive %t: a NaN gradient gives %g", adaptive, want[0][3])
		}
		i := 20
		x, g, o, v, u := float64(i%7)-3, float64(i%5)-2, float64(i%3)-1, float64(i%4)-1, float64(i%6)
		d := 0.5*g + 0.1*x
		v += 0.3 * d
		over, p := 0.25, 1.0
		if adaptive {
			p = math.Cbrt(u+0.3*d*d) + 1e-6
			over = 1 / p
		}
		y := o - v*over
		y = math.Copysign(max(0, math.Abs(y)-0.05/p), y) / (1 + 0.2/p)
		if math.Abs(float64(want[0][i])-y) > 1e-6 {
			t.Errorf("adaptive %t: %g, by hand %g", adaptive, want[0][i], y)
		}
	}
}

// TestDualAverageBegins: a fresh step takes the value as origin and forgets the sums;
// frozen values do not leave 0; blending equals is exact.
func TestDualAverageBegins(t *testing.T) {
	k := DualAverage{Scale: 1, Weight: 1, Over: 1, Fresh: true}
	x, origin, sum := []float32{2, 0}, []float32{9, 9}, []float32{9, 9}
	k.Update(x, []float32{0.5, 7}, origin, sum, []float32{0, 1})
	if x[0] != 1.5 || x[1] != 0 || origin[0] != 2 || sum[0] != 0.5 || sum[1] != 0 {
		t.Errorf("x %v, origin %v, sum %v", x, origin, sum)
	}
	y := []float32{0.1, 0, 3}
	Blend(y, []float32{0.1, 0, 1}, 0.3)
	if y[0] != 0.1 || y[1] != 0 || math.Abs(float64(y[2])-1.6) > 1e-6 {
		t.Errorf("blended %v", y)
	}
}

func TestCubeRoot(t *testing.T) {
	for bits := uint32(0); bits <= math.Float32bits(math.MaxFloat32); bits += 65537 {
		v := math.Float32frombits(bits)
		want := math.Cbrt(float64(v))
		if got := cubeRoot(v); math.Abs(float64(got)-want) > 6.1e-8*want {
			t.Fatalf("of %g is %g, expected %g", v, got, want)
		}
	}
	if v := cubeRoot(float32(math.Inf(1))); !math.IsInf(float64(v), 1) {
		t.Errorf("of +Inf is %g", v)
	}
	if v := cubeRoot(float32(math.NaN())); v == v {
		t.Errorf("of NaN is %g", v)
	}
}
