package gemm

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// rowShapes are m, n and k of products that read their rows in place: edges of
// tiles and blocks, narrow results, and depths of no whole number of steps.
var rowShapes = [][3]int{{1024, 16, 4}, {1025, 21, 19}, {1200, 64, 33}, {1031, 7, 65}, {2050, 130, 1}, {1024, 20, 512}}

// Products of many rows, beside those that pack their rows.
func TestRowProduct(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(8)
		for _, s := range rowShapes {
			m, n, k := s[0], s[1], s[2]
			a, b, bias, c := kerneltest.Slice(r, m*k), kerneltest.Slice(r, k*n), kerneltest.Slice(r, n), kerneltest.Slice(r, m*n)
			for _, transB := range []bool{false, true} {
				rows, packed := New(m, n, k, false, transB), New(m, n, k, false, transB)
				if rows.bounds == nil {
					t.Fatal(s, "does not read its rows in place")
				}
				packed.choosePacking(false)
				for _, acc := range []bool{false, true} {
					got, want := append([]float32(nil), c...), append([]float32(nil), c...)
					rows.Run(got, a, b, bias, acc, acc)
					packed.Run(want, a, b, bias, acc, acc)
					kerneltest.Same(t, fmt.Sprint(s, transB, acc), got, want)
				}
				got, want := make([]float32, m*n), make([]float32, m*n)
				rows.RunMasked(got, a, b, c)
				packed.RunMasked(want, a, b, c)
				kerneltest.Same(t, fmt.Sprint("masked ", s, transB), got, want)
			}
		}
	})
}

// The sum with a matrix equals a pass behind the product.
func TestGemmSum(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(14)
		for _, s := range append(gemmShapes, rowShapes[:2]...) {
			m, n, k := s[0], s[1], s[2]
			for v := range 16 {
				a, b, other, bias := kerneltest.Slice(r, m*k), kerneltest.Slice(r, k*n), kerneltest.Slice(r, m*n), kerneltest.Slice(r, n)
				if v&4 != 0 {
					bias = nil
				}
				g := New(m, n, k, v&1 != 0, v&2 != 0)
				got, want := kerneltest.Slice(r, m*n), make([]float32, m*n)
				g.RunSum(got, a, b, bias, other, v&8 != 0)
				g.Run(want, a, b, bias, false, false)
				vector.Add(want, want, other)
				if v&8 != 0 {
					vector.ReLU(want, want)
				}
				kerneltest.Same(t, fmt.Sprint(s, v), got, want)
			}
		}
	})
}

// Results must not depend on the threads that a plan was made for.
func TestRowProductThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(15)
	defer parallel.SetThreads(0)
	for _, s := range rowShapes {
		m, n, k := s[0], s[1], s[2]
		a, b, other := kerneltest.Slice(r, m*k), kerneltest.Slice(r, k*n), kerneltest.Slice(r, m*n)
		var first []float32
		for _, threads := range []int{1, 2, 5} {
			parallel.SetThreads(threads)
			g := New(m, n, k, false, false)
			c := make([]float32, m*n)
			g.RunSum(c, a, b, nil, other, false)
			if first == nil {
				first = c
			}
			kerneltest.Same(t, fmt.Sprint(s, threads), c, first)
			kerneltest.NoAllocs(t, fmt.Sprint(s), func() { g.RunSum(c, a, b, nil, other, false) })
		}
	}
}

func TestTaskBounds(t *testing.T) {
	for _, c := range [][3]int{{0, 8, 2}, {1, 8, 2}, {8, 8, 1}, {171, 8, 2}, {683, 8, 2}, {683, 8, 64}} {
		bounds := taskBounds(c[0], c[1], c[2])
		if bounds[0] != 0 || bounds[len(bounds)-1] != c[0] {
			t.Fatalf("%v: %v does not cover all", c, bounds)
		}
		for i := 1; i < len(bounds); i++ {
			size := bounds[i] - bounds[i-1]
			if size <= 0 || i > 1 && size > bounds[i-1]-bounds[i-2] || i < len(bounds)-1 && size%c[1] != 0 {
				t.Errorf("%v: %v is not of whole steps that become smaller", c, bounds)
			}
		}
	}
}
