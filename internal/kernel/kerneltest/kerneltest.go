// Package kerneltest holds the parts that tests and benchmarks of several kernel
// packages share.
package kerneltest

import (
	"math"
	"math/rand/v2"
	"testing"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// Slice returns n values in [-1,1) at an address that is not aligned to a
// vector.
func Slice(r *rand.Rand, n int) []float32 {
	s := make([]float32, n+1)[1:]
	for i := range s {
		s[i] = r.Float32()*2 - 1
	}
	return s
}

// Aligned returns n values in [-1,1) at an aligned address, as the buffers
// of a compiled network have.
func Aligned(r *rand.Rand, n int) []float32 { return append([]float32(nil), Slice(r, n)...) }

// Rand returns a generator.
func Rand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// Near fails unless every value is within tol of the reference.
func Near(t *testing.T, name string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", name, len(got), len(want))
	}
	for i, v := range got {
		if d := math.Abs(float64(v) - want[i]); !(d <= tol*(1+math.Abs(want[i]))) {
			t.Fatalf("%s: value %d is %v, want %v", name, i, v, want[i])
		}
	}
}

// Same fails unless both slices hold the same bits.
func Same(t *testing.T, name string, a, b []float32) {
	t.Helper()
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			t.Fatalf("%s: value %d is %v and %v", name, i, a[i], b[i])
		}
	}
}

// EveryMode runs a test with the assembly kernels, where there are any, and with
// the portable ones.
func EveryMode(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	defer simd.Use(simd.AVX2)
	for _, avx2 := range []bool{true, false} {
		if simd.Use(avx2); simd.AVX2 == avx2 {
			t.Run(simd.Features(), f)
		}
	}
}

// Both returns the values that f gives with assembly and with the portable loops;
// the test is skipped where there is no assembly.
func Both[T any](t *testing.T, f func() T) (fast, slow T) {
	t.Helper()
	if !simd.Supported {
		t.Skip("no assembly")
	}
	defer simd.Use(simd.AVX2)
	simd.Use(false)
	slow = f()
	simd.Use(true)
	return f(), slow
}

// WithThreads returns the values that f writes with one thread and with two.
func WithThreads(f func() []float32) (one, two []float32) {
	defer parallel.SetThreads(0)
	parallel.SetThreads(1)
	one = append(one, f()...)
	parallel.SetThreads(2)
	two = append(two, f()...)
	return one, two
}

// NoAllocs fails if f allocates once it has run.
func NoAllocs(t *testing.T, name string, f func()) {
	t.Helper()
	f()
	if n := testing.AllocsPerRun(5, f); n != 0 && !raceEnabled {
		t.Errorf("%s allocates %v times", name, n)
	}
}

// Dot returns Σ a·b in float64.
func Dot(a, b []float32) float64 {
	s := 0.0
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

// ReportRate reports floating point operations per second.
func ReportRate(b *testing.B, flop float64) {
	b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// NaN is not a number.
var NaN = float32(math.NaN())

// Strange makes every seventh value of s a NaN, an infinity, a denormal or a negative
// zero and returns s.
func Strange(s []float32) []float32 {
	values := []float32{NaN, float32(math.Inf(1)), float32(math.Inf(-1)), 1e-42, float32(math.Copysign(0, -1))}
	for i := 0; i < len(s); i += 7 {
		s[i] = values[i/7%len(values)]
	}
	return s
}

// Agree fails unless a and b hold the same values, where any NaN equals any other,
// up to tol times the larger of one and the value.
func Agree(t *testing.T, name string, a, b []float32, tol float64) {
	t.Helper()
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		if x == y || x != x && y != y || math.Abs(x-y) <= tol*max(1, math.Abs(y)) {
			continue
		}
		t.Fatalf("%s: value %d is %v and %v", name, i, a[i], b[i])
	}
}

// Float64s converts s.
func Float64s(s []float32) []float64 {
	d := make([]float64, len(s))
	for i, v := range s {
		d[i] = float64(v)
	}
	return d
}

// Moments computes the mean and the biased variance of every channel in float64, in
// two passes.
func Moments(x []float32, c int) (mean, variance []float64) {
	mean, variance = make([]float64, c), make([]float64, c)
	n := float64(max(len(x)/c, 1))
	for i, v := range x {
		mean[i%c] += float64(v) / n
	}
	for i, v := range x {
		d := float64(v) - mean[i%c]
		variance[i%c] += d * d / n
	}
	return mean, variance
}

// MeanError is the error allowed in a mean: the rounding of the mean itself and of values a
// deviation away from it.
func MeanError(mean, variance float64) float64 { return 1e-6 * (math.Abs(mean) + math.Sqrt(variance)) }
