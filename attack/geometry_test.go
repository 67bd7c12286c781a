package attack

import (
	"math"
	"math/rand/v2"
	"testing"
)

// around are the limits of random clean examples, for a ball on two channels.
func around[F Float](t *testing.T, norm Norm, eps float64, n int, rng *rand.Rand) (*Ball[F], Limits[F]) {
	t.Helper()
	pixels := Range{Upper: 1, Mean: []float64{0.1307, 0.4914}, Std: []float64{0.3081, 0.2471}}
	b, err := NewBall[F](Threat{Norm: norm, Eps: eps, Range: pixels}, 2)
	if err != nil {
		t.Fatal(err)
	}
	l := Limits[F]{Clean: make([]F, n), Low: make([]F, n), High: make([]F, n)}
	for j := range l.Clean {
		l.Clean[j] = F((float64(rng.IntN(256))/255 - pixels.Mean[j%2]) / pixels.Std[j%2])
	}
	b.Limit(l)
	return b, l
}

// Both precisions go the same way but for rounding, and stay in ball and limits.
func TestPrecisionsAgree(t *testing.T) {
	const n, eps = 24, 0.5
	for _, norm := range []Norm{Linf, L2} {
		for seed := range uint64(200) {
			rng := func() *rand.Rand { return rand.New(rand.NewPCG(seed, 5)) }
			single, near := around[float32](t, norm, eps, n, rng())
			double, wide := around[float64](t, norm, eps, n, rng())
			x, y, g, h := make([]float32, n), make([]float64, n), make([]float32, n), make([]float64, n)
			single.Random(x, near, rng())
			double.Random(y, wide, rng())
			if norm == Linf { // float32 and float64 draw other numbers
				for j, v := range x {
					y[j] = float64(v)
				}
				double.Project(y, wide)
			}
			r := rng()
			for range 4 {
				for j := range g {
					g[j] = float32(r.NormFloat64())
					h[j] = float64(g[j])
				}
				single.Step(x, g, near, 0.3)
				double.Step(y, h, wide, 0.3)
			}
			moved := 0.0
			for j, v := range x {
				if math.Abs(float64(v)-y[j]) > 1e-5 {
					t.Fatalf("%s: value %d is %v in float32, %v in float64", norm, j, v, y[j])
				}
				if v < near.Low[j] || v > near.High[j] || y[j] < wide.Low[j] || y[j] > wide.High[j] {
					t.Fatalf("%s: value %d is %v and %v, out of its limits", norm, j, v, y[j])
				}
				moved = max(moved, math.Abs(y[j]-wide.Clean[j]))
			}
			if moved == 0 || norm == L2 && (single.distance(x, near.Clean) > eps || double.distance(y, wide.Clean) > eps) {
				t.Fatalf("%s: the largest move is %v, distances are %v and %v", norm, moved,
					single.distance(x, near.Clean), double.distance(y, wide.Clean))
			}
		}
	}
}

// The step has its length whatever the size of the gradient, and there is none where it is 0 or
// not finite.
func TestStepOfExtremeGradients(t *testing.T) {
	for size, want := range map[float64]float64{1: 0.1, 5e-324: 0.1, 1e-200: 0.1, 1e307: 0.1,
		0: 0, math.Inf(1): 0, math.NaN(): 0} {
		b, l := around[float64](t, L2, 1, 2, rand.New(rand.NewPCG(1, 1)))
		l.Clean[0], l.Clean[1] = 0, 0
		b.Limit(l)
		x := []float64{0, 0}
		b.Step(x, []float64{size, 0}, l, 0.1)
		if got := b.distance(x, l.Clean); !(math.Abs(got-want) < 1e-12) || x[0] < 0 {
			t.Errorf("a gradient of %v moves by %v, want %v", size, got, want)
		}
	}
	for size, want := range map[float32]float64{1: 0.1, 1e-45: 0.1, math.MaxFloat32: 0.1, 0: 0, float32(math.NaN()): 0} {
		b, l := around[float32](t, L2, 1, 2, rand.New(rand.NewPCG(1, 1)))
		l.Clean[0], l.Clean[1] = 0, 0
		b.Limit(l)
		x := []float32{0, 0}
		b.Step(x, []float32{size, 0}, l, 0.1)
		if got := b.distance(x, l.Clean); !(math.Abs(got-want) < 1e-7) || x[0] < 0 {
			t.Errorf("a gradient of %v moves by %v, want %v", size, got, want)
		}
	}
}

// A ball steps, projects and sets limits without allocating.
func TestStepsAllocateNothing(t *testing.T) {
	for _, norm := range []Norm{Linf, L2} {
		b, l := around[float32](t, norm, 0.1, 64, rand.New(rand.NewPCG(1, 1)))
		x, g := make([]float32, 64), make([]float32, 64)
		for j := range g {
			g[j] = float32(j) - 31.5
		}
		copy(x, l.Clean)
		if n := testing.AllocsPerRun(10, func() { b.Limit(l); b.Step(x, g, l, 0.05) }); n != 0 {
			t.Errorf("%s: %v allocations", norm, n)
		}
	}
}
