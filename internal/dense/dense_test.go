package dense

import (
	"math"
	"math/rand/v2"
	"testing"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// both runs f with the assembly kernels, where there are any, and with the portable ones.
func both(t *testing.T, f func(t *testing.T)) {
	defer simd.Use(simd.AVX2)
	for _, avx2 := range []bool{false, true} {
		if simd.Use(avx2); simd.AVX2 == avx2 {
			t.Run(simd.Features(), f)
		}
	}
}

func randoms(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// element reads m as an r×c matrix whatever its order.
func element(m Matrix, i, j int) float64 {
	if m.Transposed {
		i, j = j, i
	}
	return m.Data[i*m.Stride+j]
}

func TestMultiply(t *testing.T) {
	both(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, size := range [][3]int{{1, 1, 1}, {4, 12, 5}, {5, 13, 7}, {33, 1, 200}, {97, 25, 193}, {10, 961, 3}, {100, 60, 400}} {
			m, n, k := size[0], size[1], size[2]
			for mode := range 4 {
				a := Matrix{Data: randoms(r, (m+2)*(k+2)), Stride: k + 2}
				b := Matrix{Data: randoms(r, (k+2)*(n+2)), Stride: n + 2}
				if mode&1 != 0 {
					a.Stride, a.Transposed = m+2, true
				}
				if mode&2 != 0 {
					b.Stride, b.Transposed = k+2, true
				}
				ldc := n + 1
				c := randoms(r, m*ldc)
				before := append([]float64(nil), c...)
				Multiply(c, ldc, -2, a, b, m, n, k, 0)
				for i := range m {
					for j := range n {
						want := before[i*ldc+j]
						for l := range k {
							want -= 2 * element(a, i, l) * element(b, l, j)
						}
						if math.Abs(c[i*ldc+j]-want) > 1e-11 {
							t.Fatalf("%v mode %d: c[%d,%d] = %v, want %v", size, mode, i, j, c[i*ldc+j], want)
						}
					}
					if c[i*ldc+n] != before[i*ldc+n] {
						t.Fatalf("%v mode %d: wrote beyond row %d", size, mode, i)
					}
				}
			}
		}
	})
}

// TestWeighted compares A·diag(w)·Bᵀ with the sums that define it.
func TestWeighted(t *testing.T) {
	both(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(15, 16))
		for _, size := range [][3]int{{1, 1, 1}, {5, 13, 7}, {97, 25, 193}, {31, 31, 400}} {
			m, n, k := size[0], size[1], size[2]
			a, b := make([][]float64, m), make([][]float64, n)
			for i := range a {
				a[i] = randoms(r, k)
			}
			for j := range b {
				b[j] = randoms(r, k)
			}
			w, c := randoms(r, k), make([]float64, m*n)
			Weighted(c, n, a, b, w, 0, 2)
			lower := make([]float64, m*n)
			Weighted(lower, n, a, b, w, Lower, 1)
			for i := range m {
				for j := range n {
					want := 0.0
					for l := range k {
						want += a[i][l] * w[l] * b[j][l]
					}
					if math.Abs(c[i*n+j]-want) > 1e-11 || j <= i && lower[i*n+j] != c[i*n+j] {
						t.Fatalf("%v: c[%d,%d] = %v and %v, want %v", size, i, j, c[i*n+j], lower[i*n+j], want)
					}
				}
			}
		}
	})
}

func TestMultiplyTriangular(t *testing.T) {
	both(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		const n = 211
		lower, full := randoms(r, n*n), randoms(r, n*n)
		for i := range n {
			clear(lower[i*n+i+1 : (i+1)*n])
		}
		l, f := Matrix{Data: lower, Stride: n}, Matrix{Data: full, Stride: n}
		for name, c := range map[string]struct {
			a, b Matrix
			r    Range
		}{
			"ToRow": {l, f, ToRow}, "FromRow": {l.T(), f, FromRow},
			"FromCol": {f, l, FromCol}, "ToCol": {f, l.T(), ToCol}, "Lower": {f, f, Lower},
			"FromRow|Lower": {l.T(), l, FromRow | Lower},
		} {
			got, want := make([]float64, n*n), make([]float64, n*n)
			Multiply(got, n, 1, c.a, c.b, n, n, n, c.r)
			Multiply(want, n, 1, c.a, c.b, n, n, n, 0)
			for i := range n {
				for j := range n {
					if c.r&Lower != 0 && j > i {
						continue
					}
					if math.Abs(got[i*n+j]-want[i*n+j]) > 1e-11 {
						t.Fatalf("%s: element %d, %d = %v, want %v", name, i, j, got[i*n+j], want[i*n+j])
					}
				}
			}
		}
	})
}

// positive is a random positive definite matrix.
func positive(r *rand.Rand, n int) []float64 {
	x := randoms(r, n*(n+5))
	a := make([]float64, n*n)
	m := Matrix{Data: x, Stride: n + 5}
	Multiply(a, n, 1/float64(n+5), m, m.T(), n, n, n+5, 0)
	for i := range n {
		a[i*n+i] += 0.1
	}
	Mirror(a, n)
	return a
}

func TestCholeskyAndInverse(t *testing.T) {
	both(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, n := range []int{1, 2, 31, 32, 33, 64, 65, 100, 257} {
			a := positive(r, n)
			l := append([]float64(nil), a...)
			for i := range n { // the upper triangle must not matter
				for j := i + 1; j < n; j++ {
					l[i*n+j] = math.NaN()
				}
			}
			if !Cholesky(l, n) {
				t.Fatalf("n %d: not positive definite", n)
			}
			for i := range n {
				for j := range i + 1 {
					if got := dotPlain(l[i*n:][:j+1], l[j*n:][:j+1]); math.Abs(got-a[i*n+j]) > 1e-12 {
						t.Fatalf("n %d: (L·Lᵀ)[%d,%d] = %v, want %v", n, i, j, got, a[i*n+j])
					}
				}
			}
			w := make([]float64, n*n)
			Inverse(w, l, n)
			for i := range n {
				for j := range n {
					want := 0.0
					if i == j {
						want = 1
					}
					if got := dotPlain(w[i*n:][:n], a[j*n:][:n]); math.Abs(got-want) > 1e-10 {
						t.Fatalf("n %d: (W·A)[%d,%d] = %v, want %v", n, i, j, got, want)
					}
					if w[i*n+j] != w[j*n+i] {
						t.Fatalf("n %d: the inverse is not symmetric at %d, %d", n, i, j)
					}
				}
			}
		}
	})
}

func dotPlain(x, y []float64) float64 {
	s := 0.0
	for i, v := range x {
		s += v * y[i]
	}
	return s
}

func TestCholeskyRefuses(t *testing.T) {
	both(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, bad := range []float64{-1, 0, math.NaN(), math.Inf(1)} {
			a := positive(r, 80)
			a[70*80+70] = bad
			if Cholesky(a, 80) {
				t.Errorf("a diagonal element %v was taken for positive definite", bad)
			}
		}
	})
}

func TestNoAllocations(t *testing.T) {
	const n = 70
	a := positive(rand.New(rand.NewPCG(11, 12)), n)
	l, w := make([]float64, n*n), make([]float64, n*n)
	allocations := testing.AllocsPerRun(20, func() {
		copy(l, a)
		Cholesky(l, n)
		Inverse(w, l, n)
	})
	if allocations >= 1 {
		t.Errorf("%v allocations a call", allocations)
	}
}

func TestMultiplyDoesNotDependOnThreads(t *testing.T) {
	const n = 300
	m := Matrix{Data: randoms(rand.New(rand.NewPCG(13, 14)), n*n), Stride: n}
	one, two := make([]float64, n*n), make([]float64, n*n)
	parallel.SetThreads(1)
	defer parallel.SetThreads(0)
	Multiply(one, n, 1, m, m, n, n, n, 0)
	parallel.SetThreads(3)
	Multiply(two, n, 1, m, m, n, n, n, 0)
	for i := range one {
		if one[i] != two[i] {
			t.Fatalf("element %d is %v with one thread and %v with three", i, one[i], two[i])
		}
	}
}

func BenchmarkDense(b *testing.B) {
	const n = 500
	a := positive(rand.New(rand.NewPCG(1, 1)), n)
	l, w := make([]float64, n*n), make([]float64, n*n)
	b.Run("multiply", func(b *testing.B) {
		m := Matrix{Data: a, Stride: n}
		for b.Loop() {
			Multiply(w, n, 1e-9, m, m, n, n, n, 0)
		}
		b.ReportMetric(2*n*n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	})
	b.Run("cholesky", func(b *testing.B) {
		for b.Loop() {
			copy(l, a)
			Cholesky(l, n)
		}
		b.ReportMetric(n*n*n/3*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	})
	b.Run("cholesky+inverse", func(b *testing.B) {
		for b.Loop() {
			copy(l, a)
			Cholesky(l, n)
			Inverse(w, l, n)
		}
		b.ReportMetric(n*n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	})
}
