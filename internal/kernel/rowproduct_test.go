package kernel

import (
	"fmt"
	"testing"
)

// rowShapes are m, n and k of products that read their rows in place: edges of
// tiles and blocks, narrow results, and depths of no whole number of steps.
var rowShapes = [][3]int{{1024, 16, 4}, {1025, 21, 19}, {1200, 64, 33}, {1031, 7, 65}, {2050, 130, 1}, {1024, 20, 512}}

// Products of many rows, beside those that pack their rows.
func TestRowProduct(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(8)
		for _, s := range rowShapes {
			m, n, k := s[0], s[1], s[2]
			a, b, bias, c := randSlice(r, m*k), randSlice(r, k*n), randSlice(r, n), randSlice(r, m*n)
			for _, transB := range []bool{false, true} {
				rows, packed := NewGemm(m, n, k, false, transB), NewGemm(m, n, k, false, transB)
				if rows.many == nil {
					t.Fatal(s, "does not read its rows in place")
				}
				packed.many = nil
				for _, acc := range []bool{false, true} {
					got, want := append([]float32(nil), c...), append([]float32(nil), c...)
					rows.Run(got, a, b, bias, acc, Epilogue{ReLU: acc})
					packed.Run(want, a, b, bias, acc, Epilogue{ReLU: acc})
					same(t, fmt.Sprint(s, transB, acc), got, want)
				}
				got, want := make([]float32, m*n), make([]float32, m*n)
				rows.RunMasked(got, a, b, c)
				packed.RunMasked(want, a, b, c)
				same(t, fmt.Sprint("masked ", s, transB), got, want)
			}
		}
	})
}

// The sum with a matrix is that of a pass behind the product.
func TestGemmSum(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(14)
		for _, s := range append(gemmShapes, rowShapes[:2]...) {
			m, n, k := s[0], s[1], s[2]
			for v := range 16 {
				a, b, other, bias := randSlice(r, m*k), randSlice(r, k*n), randSlice(r, m*n), randSlice(r, n)
				if v&4 != 0 {
					bias = nil
				}
				g := NewGemm(m, n, k, v&1 != 0, v&2 != 0)
				got, want := randSlice(r, m*n), make([]float32, m*n)
				g.RunSum(got, a, b, bias, other, v&8 != 0)
				g.Run(want, a, b, bias, false, Epilogue{})
				Add(want, want, other)
				if v&8 != 0 {
					ReLU(want, want)
				}
				same(t, fmt.Sprint(s, v), got, want)
			}
		}
	})
}

// Results must not depend on the threads that a plan was made for.
func TestRowProductThreadsAndAllocs(t *testing.T) {
	r := newRand(15)
	defer SetThreads(0)
	for _, s := range rowShapes {
		m, n, k := s[0], s[1], s[2]
		a, b, other := randSlice(r, m*k), randSlice(r, k*n), randSlice(r, m*n)
		var first []float32
		for _, threads := range []int{1, 2, 5} {
			SetThreads(threads)
			g := NewGemm(m, n, k, false, false)
			c := make([]float32, m*n)
			g.RunSum(c, a, b, nil, other, false)
			if first == nil {
				first = c
			}
			same(t, fmt.Sprint(s, threads), c, first)
			noAllocs(t, fmt.Sprint(s), func() { g.RunSum(c, a, b, nil, other, false) })
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
