package kernel

import (
	"fmt"
	"testing"
)

func naiveGemm(m, n, k int, ta, tb bool, a, b, bias, c []float32) []float64 {
	out := make([]float64, m*n)
	for i := range m {
		for j := range n {
			s := 0.0
			if c != nil {
				s = float64(c[i*n+j])
			}
			if bias != nil {
				s += float64(bias[j])
			}
			for p := range k {
				ai, bi := i*k+p, p*n+j
				if ta {
					ai = p*m + i
				}
				if tb {
					bi = j*k + p
				}
				s += float64(a[ai]) * float64(b[bi])
			}
			out[i*n+j] = s
		}
	}
	return out
}

func TestGemm(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(1)
		for _, s := range [][3]int{{1, 1, 1}, {5, 3, 2}, {6, 16, 8}, {7, 17, 9}, {13, 40, 300}, {100, 33, 17}, {3, 100, 600}, {200, 15, 31}, {4, 5, 0}} {
			m, n, k := s[0], s[1], s[2]
			for v := range 8 {
				ta, tb, acc := v&1 != 0, v&2 != 0, v&4 != 0
				a, b, bias := randSlice(r, m*k), randSlice(r, k*n), randSlice(r, n)
				c := randSlice(r, m*n)
				g := NewGemm(m, n, k, ta, tb)
				for _, bs := range [][]float32{nil, bias} {
					var c0 []float32
					if acc {
						c0 = append(c0, c...)
					}
					want := naiveGemm(m, n, k, ta, tb, a, b, bs, c0)
					g.Run(c, a, b, bs, acc, Epilogue{})
					near(t, fmt.Sprint(s, ta, tb, acc, bs != nil), c, want, 1e-5)
				}
			}
		}
	})
}

func TestGemmThreadsAndAllocs(t *testing.T) {
	r := newRand(2)
	const m, n, k = 250, 70, 300
	a, b := randSlice(r, m*k), randSlice(r, k*n)
	for v := range 4 {
		g := NewGemm(m, n, k, v&1 != 0, v&2 != 0)
		c := make([]float32, m*n)
		one, two := withThreads(func() []float32 { g.Run(c, a, b, nil, false, Epilogue{}); return c })
		same(t, "gemm", one, two)
		noAllocs(t, "gemm", func() { g.Run(c, a, b, nil, false, Epilogue{}) })
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, n := range []int{256, 512, 1024} {
		for v := range 3 {
			b.Run(fmt.Sprintf("%d/%s", n, []string{"NN", "TN", "NT"}[v]), func(b *testing.B) {
				SetThreads(1)
				defer SetThreads(0)
				r := newRand(3)
				x, y, c := randSlice(r, n*n), randSlice(r, n*n), make([]float32, n*n)
				g := NewGemm(n, n, n, v == 1, v == 2)
				for b.Loop() {
					g.Run(c, x, y, nil, false, Epilogue{})
				}
				b.ReportMetric(2*float64(n)*float64(n)*float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
