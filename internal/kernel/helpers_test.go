package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// randSlice returns n values in [-1,1) at an address that is not aligned to a
// vector.
func randSlice(r *rand.Rand, n int) []float32 {
	s := make([]float32, n+1)[1:]
	for i := range s {
		s[i] = r.Float32()*2 - 1
	}
	return s
}

// benchSlice returns n values in [-1,1) at an aligned address, as the buffers
// of a compiled network have.
func benchSlice(r *rand.Rand, n int) []float32 { return append([]float32(nil), randSlice(r, n)...) }

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// near fails unless every value is within tol of the reference.
func near(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, v := range got {
		if d := math.Abs(float64(v) - want[i]); !(d <= tol*(1+math.Abs(want[i]))) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, v, want[i])
		}
	}
}

// same fails unless both slices hold the same bits.
func same(t *testing.T, what string, a, b []float32) {
	t.Helper()
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			t.Fatalf("%s: value %d is %v and %v", what, i, a[i], b[i])
		}
	}
}

// everyMode runs a test with the assembly kernels, where there are any, and
// with the portable ones.
func everyMode(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	old := useAVX2
	defer func() { useAVX2 = old }()
	for _, v := range []bool{true, false} {
		if v && !haveAVX2() {
			continue
		}
		useAVX2 = v
		t.Run(Features(), f)
	}
}

// withThreads returns what f writes with one thread and with two.
func withThreads(f func() []float32) (one, two []float32) {
	defer SetThreads(0)
	SetThreads(1)
	one = append(one, f()...)
	SetThreads(2)
	two = append(two, f()...)
	return one, two
}

func noAllocs(t *testing.T, what string, f func()) {
	t.Helper()
	f()
	if raceEnabled {
		return
	}
	if n := testing.AllocsPerRun(5, f); n != 0 {
		t.Errorf("%s allocates %v times", what, n)
	}
}

func dot64(a, b []float32) float64 {
	s := 0.0
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

// reportRate reports floating point operations per second.
func reportRate(b *testing.B, flop float64) {
	b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
