package gemm

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
)

func naiveGemm(m, n, k int, ta, tb bool, a, b []float32) []float64 {
	out := make([]float64, m*n)
	for i := range m {
		for j := range n {
			for p := range k {
				ai, bi := i*k+p, p*n+j
				if ta {
					ai = p*m + i
				}
				if tb {
					bi = j*k + p
				}
				out[i*n+j] += float64(a[ai]) * float64(b[bi])
			}
		}
	}
	return out
}

// gemmShapes covers operands in place and packed, by one task and by several,
// one and several blocks of the depth, rows a page apart and every kind of edge.
var gemmShapes = [][3]int{
	{1, 1, 1}, {5, 3, 2}, {6, 16, 8}, {7, 17, 9}, {13, 40, 300}, {100, 33, 17}, {3, 100, 600},
	{200, 15, 31}, {4, 5, 0}, {105, 150, 390}, {11, 1024, 12}, {1024, 20, 9},
}

func TestGemm(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(1)
		for _, s := range gemmShapes {
			m, n, k := s[0], s[1], s[2]
			for v := range 4 {
				ta, tb := v&1 != 0, v&2 != 0
				a, b, bias, start := kerneltest.Slice(r, m*k), kerneltest.Slice(r, k*n), kerneltest.Slice(r, n), kerneltest.Slice(r, m*n)
				g := New(m, n, k, ta, tb)
				product := naiveGemm(m, n, k, ta, tb, a, b)
				c, want := make([]float32, m*n), make([]float64, m*n)
				for v := range 8 {
					acc, relu, bs := v&1 != 0, v&2 != 0, []float32(nil)
					if v&4 != 0 {
						bs = bias
					}
					copy(c, start)
					for i, v := range product {
						if acc {
							v += float64(start[i])
						}
						if bs != nil {
							v += float64(bs[i%n])
						}
						if relu {
							v = max(v, 0)
						}
						want[i] = v
					}
					g.Run(c, a, b, bs, acc, relu)
					kerneltest.Near(t, fmt.Sprint(s, ta, tb, acc, relu, bs != nil), c, want, 1e-5)
				}
			}
		}
	})
}

// TestGemmMasked: the mask applies to the whole sum, NaN counts as not positive
// and masked values are 0 even where the product is not finite.
func TestGemmMasked(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(4)
		for _, s := range gemmShapes {
			m, n, k := s[0], s[1], s[2]
			for v := range 4 {
				ta, tb := v&1 != 0, v&2 != 0
				a, b, mask := kerneltest.Slice(r, m*k), kerneltest.Slice(r, k*n), kerneltest.Slice(r, m*n)
				for i := 0; i < len(mask); i += 3 {
					mask[i] = []float32{0, float32(math.NaN()), float32(math.Inf(1)), float32(math.Copysign(0, -1)), 1e-40}[i%5]
				}
				g := New(m, n, k, ta, tb)
				c, plain := kerneltest.Slice(r, m*n), make([]float32, m*n)
				if k > 0 {
					a[0] = float32(math.Inf(1))
				}
				g.RunMasked(c, a, b, mask)
				g.Run(plain, a, b, nil, false, false)
				for i, v := range mask {
					if !(v > 0) {
						plain[i] = 0
					}
				}
				kerneltest.Same(t, fmt.Sprint("masked ", s, ta, tb), c, plain)
			}
		}
	})
}

func TestGemmThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(2)
	for _, s := range append([][3]int{{250, 70, 300}, {64, 100, 300}, {64, 300, 100}}, gemmShapes...) {
		m, n, k := s[0], s[1], s[2]
		a, b, bias := kerneltest.Slice(r, m*k), kerneltest.Slice(r, k*n), kerneltest.Slice(r, n)
		for v := range 4 {
			g := New(m, n, k, v&1 != 0, v&2 != 0)
			c := make([]float32, m*n)
			run := func() []float32 { g.Run(c, a, b, bias, false, true); return c }
			one, two := kerneltest.WithThreads(run)
			kerneltest.Same(t, fmt.Sprint("gemm ", s), one, two)
			kerneltest.NoAllocs(t, fmt.Sprint("gemm ", s), func() { run() })
		}
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, n := range []int{256, 512, 1024} {
		for v := range 3 {
			b.Run(fmt.Sprintf("%d/%s", n, []string{"NN", "TN", "NT"}[v]), func(b *testing.B) {
				parallel.SetThreads(1)
				defer parallel.SetThreads(0)
				r := kerneltest.Rand(3)
				x, y, c := kerneltest.Slice(r, n*n), kerneltest.Slice(r, n*n), make([]float32, n*n)
				g := New(n, n, n, v == 1, v == 2)
				for b.Loop() {
					g.Run(c, x, y, nil, false, false)
				}
				kerneltest.ReportRate(b, 2*float64(n)*float64(n)*float64(n))
			})
		}
	}
}

func TestGemmKeepsNaN(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, m := range []int{3, 12} {
			a, b, d := make([]float32, m*20), make([]float32, 20*20), make([]float32, m*20)
			a[20+3] = kerneltest.NaN
			New(m, 20, 20, false, false).Run(d, a, b, nil, false, false)
			for i, v := range d {
				if (v != v) != (i/20 == 1) {
					t.Errorf("gemm NaN at %d: %v", i, v)
				}
			}
		}
	})
}
