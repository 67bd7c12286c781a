package gemm

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// mostly0 returns n values of which the given share is not 0, all positive if so.
func mostly0(r *rand.Rand, n int, share float64, positive bool) []float32 {
	s := make([]float32, n+1)[1:]
	for i := range s {
		if r.Float64() < share {
			s[i] = r.Float32()*2 - 1
			if positive && s[i] < 0 {
				s[i] = -s[i]
			}
		}
	}
	return s
}

// skipShapes are rows, columns of the sparse operand, and columns of the other:
// whole and broken vectors, words, parts of the depth and blocks of rows.
var skipShapes = [][3]int{{1024, 64, 16}, {1031, 65, 17}, {1100, 130, 100}, {1300, 600, 128}, {1025, 1030, 43}, {2048, 100, 136}}

// Products that skip zeros, beside those that do not.
func TestSkipZeros(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(21)
		shapes := skipShapes
		if !simd.AVX2 { // slow
			shapes = shapes[:2]
		}
		for _, s := range shapes {
			for _, share := range []float64{0, 0.003, 0.2} {
				testSkipProducts(t, r, s[0], s[2], s[1], share)
				testSkipMasked(t, r, s[0], s[1], s[2], share)
				testSkipWeights(t, r, s[0], s[1], s[2], share)
			}
		}
	})
}

func testSkipProducts(t *testing.T, r *rand.Rand, m, n, k int, share float64) {
	a, b, bias, c := mostly0(r, m*k, share, false), kerneltest.Slice(r, k*n), kerneltest.Slice(r, n), kerneltest.Slice(r, m*n)
	for v := range 8 {
		transB, acc, relu := v&1 != 0, v&2 != 0, v&4 != 0
		what := fmt.Sprint(m, n, k, share, transB, acc, relu)
		skip, dense := New(m, n, k, false, transB), New(m, n, k, false, transB)
		skip.SkipZeros()
		got, want := append([]float32(nil), c...), append([]float32(nil), c...)
		skip.Run(got, a, b, bias, acc, relu)
		dense.Run(want, a, b, bias, acc, relu)
		kerneltest.Near(t, what, got, kerneltest.Float64s(want), 1e-5)
		if !mostlyZero(a, m, k) {
			t.Fatal(what, "is not seen as sparse")
		}
		other := kerneltest.Slice(r, m*n)
		skip.RunSum(got, a, b, bias, other, relu)
		dense.RunSum(want, a, b, bias, other, relu)
		kerneltest.Near(t, "sum "+what, got, kerneltest.Float64s(want), 1e-5)
	}
}

func testSkipMasked(t *testing.T, r *rand.Rand, m, n, k int, share float64) {
	a, b, mask := kerneltest.Slice(r, m*k), kerneltest.Slice(r, k*n), mostly0(r, m*n, share, false)
	skip, dense := New(m, n, k, false, true), New(m, n, k, false, true)
	skip.SkipZeros()
	got, want := kerneltest.Slice(r, m*n), make([]float32, m*n)
	skip.RunMasked(got, a, b, mask)
	dense.RunMasked(want, a, b, mask)
	kerneltest.Near(t, fmt.Sprint("masked ", m, n, k, share), got, kerneltest.Float64s(want), 1e-5)
}

func testSkipWeights(t *testing.T, r *rand.Rand, rows, units, n int, share float64) {
	sparse, full := mostly0(r, rows*units, share, false), kerneltest.Slice(r, rows*n)
	for _, bias := range []bool{false, true} {
		for _, inputs := range []bool{false, true} {
			in, out, x, dy := n, units, full, sparse
			if inputs {
				in, out, x, dy = units, n, sparse, full
			}
			skip, dense := NewWeightGrad(rows, in, out, bias), NewWeightGrad(rows, in, out, bias)
			skip.SkipZeros(inputs, !inputs)
			got, want := kerneltest.Slice(r, skip.Size()), make([]float32, skip.Size())
			skip.Run(got, x, dy)
			dense.Run(want, x, dy)
			kerneltest.Near(t, fmt.Sprint("weights ", rows, in, out, share, bias, inputs), got, kerneltest.Float64s(want), 1e-4)
		}
	}
}

// Results must not depend on the threads, and calls must not allocate.
func TestSkipZerosThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(22)
	defer parallel.SetThreads(0)
	const rows, in, out = 1500, 200, 70
	x, dy, w := mostly0(r, rows*in, 0.1, true), kerneltest.Slice(r, rows*out), kerneltest.Slice(r, in*out)
	var first [3][]float32
	for _, threads := range []int{1, 2, 5} {
		parallel.SetThreads(threads)
		forward, toInput := New(rows, out, in, false, false), New(rows, in, out, false, true)
		params := NewWeightGrad(rows, in, out, true)
		forward.SkipZeros()
		toInput.SkipZeros()
		params.SkipZeros(true, false)
		got := [3][]float32{make([]float32, rows*out), make([]float32, rows*in), make([]float32, params.Size())}
		step := func() {
			forward.Run(got[0], x, w, nil, false, false)
			toInput.RunMasked(got[1], dy, w, x)
			params.Run(got[2], x, dy)
		}
		step()
		if first[0] == nil {
			first = got
		}
		for i := range got {
			kerneltest.Same(t, fmt.Sprint(i, threads), got[i], first[i])
		}
		kerneltest.NoAllocs(t, "skipping zeros", step)
	}
}

// A sample of rows decides, and only where there are enough of them.
func TestMostlyZero(t *testing.T) {
	r := kerneltest.Rand(23)
	for _, c := range []struct {
		share float64
		want  bool
	}{{0, true}, {0.2, true}, {0.3, false}, {1, false}} {
		if got := mostlyZero(mostly0(r, 2000*100, c.share, false), 2000, 100); got != c.want {
			t.Errorf("share %g: %v", c.share, got)
		}
		if SkipsZeros(2000, 64, 100, c.share) != c.want || SkipsZeros(skipLeast-1, 64, 100, c.share) {
			t.Errorf("share %g: SkipsZeros differs from what a product does", c.share)
		}
	}
	g := New(skipLeast-1, 64, 64, false, false)
	if g.SkipZeros(); g.skip != nil {
		t.Error("few rows look for zeros")
	}
}
