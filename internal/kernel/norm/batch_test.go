package norm

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/simd"
)

// The shapes have folded rows, rests of less than a vector and of several, more
// than one chunk, and more channels than are folded.
var normShapes = [][2]int{{0, 3}, {1, 1}, {5, 1}, {1, 10}, {3, 16}, {33, 3}, {29, 10}, {700, 17}, {129, 20},
	{65, 64}, {9100, 8}, {2100, 32}, {40, 100}, {3, 515}, {70, 520}, {37, 512}, {70001, 1}}

// normCase has random arguments at addresses that are not aligned.
type normCase struct {
	Batch
	dy, mean, p, q, r []float32
}

func newNormCase(seed uint64, rows, c int, skip, relu bool) *normCase {
	r := kerneltest.Rand(seed)
	v := func(n int) []float32 { return kerneltest.Slice(r, n) }
	n := rows * c
	t := &normCase{Batch{Rows: rows, C: c, X: v(n), A: v(c), B: v(c), ReLU: relu}, v(n), v(c), v(c), v(c), v(c)}
	if skip {
		t.Skip, t.H = v(n), v(c)
	}
	return t
}

func (t *normCase) forward() []float32 {
	y := make([]float32, t.Rows*t.C)
	t.Forward(y)
	return y
}

func (t *normCase) sums(withSkip bool) (sum, dot, skipDot []float32) {
	sum, dot = make([]float32, t.C), make([]float32, t.C)
	if withSkip {
		skipDot = make([]float32, t.C)
	}
	t.GradSums(sum, dot, skipDot, t.mean, t.dy)
	return sum, dot, skipDot
}

func (t *normCase) input(withSkip bool) (dx, dskip []float32) {
	dx = make([]float32, t.Rows*t.C)
	if withSkip {
		dskip = make([]float32, t.Rows*t.C)
	}
	t.GradInput(dx, dskip, t.p, t.q, t.r, t.dy)
	return dx, dskip
}

// everyNorm runs a test on every variant: with and without a sum, ReLU, and
// the results that only a sum has.
func everyNorm(f func(name string, skip, relu, withSkip bool)) {
	for _, skip := range []bool{false, true} {
		for _, relu := range []bool{false, true} {
			f(fmt.Sprintf("skip %v relu %v", skip, relu), skip, relu, false)
			if skip {
				f(fmt.Sprintf("skip and its gradient, relu %v", relu), skip, relu, true)
			}
		}
	}
}

func TestNorm(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		everyNorm(func(name string, skip, relu, withSkip bool) {
			for _, s := range normShapes {
				n := newNormCase(30, s[0], s[1], skip, relu)
				name := fmt.Sprint(name, " ", s)
				c, size := n.C, n.Rows*n.C
				y := n.forward()
				wantY, wantDx, wantDskip := make([]float64, size), make([]float64, size), make([]float64, size)
				sum, dot, skipDot := make([]float64, c), make([]float64, c), make([]float64, c)
				for i := range y {
					k := i % c
					x, z := float64(n.X[i]), float64(n.X[i])*float64(n.A[k])+float64(n.B[k])
					if skip {
						z += float64(n.Skip[i]) * float64(n.H[k])
					}
					// Whether ReLU cuts off a z next to zero is for Forward to decide.
					dz := float64(n.dy[i])
					if relu && y[i] <= 0 {
						dz = 0
					}
					wantY[i] = z
					if relu {
						wantY[i] = max(z, 0)
					}
					wantDx[i] = dz*float64(n.p[k]) + x*float64(n.q[k]) + float64(n.r[k])
					sum[k] += dz
					dot[k] += dz * (x - float64(n.mean[k]))
					if withSkip {
						wantDskip[i] = dz * float64(n.H[k])
						skipDot[k] += dz * float64(n.Skip[i])
					}
				}
				kerneltest.Near(t, name+" y", y, wantY, 1e-6)
				gs, gd, gk := n.sums(withSkip)
				kerneltest.Near(t, name+" sum", gs, sum, 1e-5)
				kerneltest.Near(t, name+" dot", gd, dot, 1e-5)
				dx, dskip := n.input(withSkip)
				kerneltest.Near(t, name+" dx", dx, wantDx, 1e-6)
				if withSkip {
					kerneltest.Near(t, name+" skipDot", gk, skipDot, 1e-5)
					kerneltest.Near(t, name+" dskip", dskip, wantDskip, 1e-6)
				}
			}
		})
	})
}

// Where z is nothing but rounding errors the gradients must still cut off the
// values that Forward cut off.
func TestNormMaskIsForwards(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, skip := range []bool{false, true} {
			for _, s := range normShapes {
				n := newNormCase(31, s[0], s[1], skip, true)
				for i := range n.X {
					k := i % n.C
					if skip {
						n.Skip[i], n.H[k], n.B[k] = n.X[i], -n.A[k], 0
						continue
					}
					at := float32(k + 1)
					n.X[i] = at + float32(i%7-3)*at*0x1p-23
					n.B[k] = -n.A[k] * at
				}
				want := make([]float32, len(n.X))
				count := make([]float32, n.C)
				positive := 0
				for i, v := range n.forward() {
					n.dy[i] = 1
					if v > 0 {
						want[i] = 1
						count[i%n.C]++
						positive++
					}
				}
				if len(want) > 1000 && simd.AVX2 && (positive < len(want)/10 || positive > len(want)*9/10) {
					t.Errorf("%d of %d are positive: not a test", positive, len(want))
				}
				for k := range n.p {
					n.p[k], n.q[k], n.r[k] = 1, 0, 0
				}
				dx, _ := n.input(skip)
				kerneltest.Same(t, fmt.Sprint("dx ", s), dx, want)
				sum, _, _ := n.sums(skip)
				kerneltest.Same(t, fmt.Sprint("sum ", s), sum, count)
			}
		}
	})
}

// A matrix that no cache holds is walked in another order, which must not show.
func TestNormOrder(t *testing.T) {
	n := newNormCase(35, batchCached/100+160, 100, true, true)
	y := n.forward()
	dx, dskip := n.input(true)
	sum, dot, skipDot := n.sums(true)
	var want [3][]float64
	for i := range want {
		want[i] = make([]float64, n.C)
	}
	for at := 0; at < n.Rows; {
		// Only the last rows may leave elements over.
		part, rows := *n, min(n.Rows-at, n.Rows/32*16)
		lo, hi := at*n.C, (at+rows)*n.C
		part.Rows, part.X, part.Skip, part.dy = rows, n.X[lo:hi], n.Skip[lo:hi], n.dy[lo:hi]
		kerneltest.Same(t, "y", y[lo:hi], part.forward())
		pdx, pdskip := part.input(true)
		kerneltest.Same(t, "dx", dx[lo:hi], pdx)
		kerneltest.Same(t, "dskip", dskip[lo:hi], pdskip)
		ps, pd, pk := part.sums(true)
		for i, s := range [][]float32{ps, pd, pk} {
			for k, v := range s {
				want[i][k] += float64(v)
			}
		}
		at += rows
	}
	for i, s := range [][]float32{sum, dot, skipDot} {
		kerneltest.Near(t, fmt.Sprint("sum ", i), s, want[i], 1e-5)
	}
}

func TestNormInPlace(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range normShapes {
			for _, at := range []string{"x", "skip", "dy"} {
				n := newNormCase(32, s[0], s[1], true, true)
				dst := map[string][]float32{"x": n.X, "skip": n.Skip, "dy": n.dy}
				y := n.forward()
				dx, dskip := n.input(true)
				if at != "dy" {
					n.Forward(dst[at])
					kerneltest.Same(t, "forward over "+at, dst[at], y)
				}
				for _, other := range []string{"x", "skip", "dy"} {
					if other == at {
						continue
					}
					n := newNormCase(32, s[0], s[1], true, true)
					dst := map[string][]float32{"x": n.X, "skip": n.Skip, "dy": n.dy}
					n.GradInput(dst[at], dst[other], n.p, n.q, n.r, n.dy)
					kerneltest.Same(t, "dx over "+at, dst[at], dx)
					kerneltest.Same(t, "dskip over "+other, dst[other], dskip)
				}
			}
		}
	})
}

// With coefficients that make every operation exact, both implementations give
// the same, also for values that are not normal numbers.
func TestNormSpecialValues(t *testing.T) {
	if !simd.Supported {
		t.Skip("one implementation only")
	}
	defer simd.Use(simd.AVX2)
	values := []float32{kerneltest.NaN, float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)),
		1e-40, -1e-40, math.SmallestNonzeroFloat32, 1, -2, 0.5, -0.25, 3}
	equal := func(what string, a, b []float32) {
		t.Helper()
		for i := range a {
			// Products of denormals are rounded.
			if a[i] != b[i] && (a[i] == a[i] || b[i] == b[i]) && !(math.Abs(float64(a[i]-b[i])) < 1e-44) {
				t.Fatalf("%s: value %d is %v with assembly and %v without", what, i, a[i], b[i])
			}
		}
	}
	everyNorm(func(name string, skip, relu, withSkip bool) {
		for _, s := range [][2]int{{4, 16}, {3, 17}, {300, 5}} {
			r := kerneltest.Rand(33)
			n := newNormCase(33, s[0], s[1], skip, relu)
			fill := func(v []float32) {
				for i := range v {
					v[i] = values[r.IntN(len(values))]
				}
			}
			fill(n.X)
			fill(n.Skip)
			fill(n.dy)
			for k := range n.A {
				n.A[k], n.B[k] = 2, float32(k%3-1)
				n.p[k], n.q[k], n.r[k], n.mean[k] = -1, 0.5, float32(k%2), float32(k%3)
				if skip {
					n.H[k] = -0.5
				}
			}
			var got [2][][]float32
			for i := range got {
				simd.Use(i == 0)
				dx, dskip := n.input(withSkip)
				sum, dot, skipDot := n.sums(withSkip)
				got[i] = [][]float32{n.forward(), dx, dskip, sum, dot, skipDot}
			}
			for i, what := range []string{"y", "dx", "dskip", "sum", "dot", "skipDot"} {
				equal(fmt.Sprint(name, " ", s, " ", what), got[0][i], got[1][i])
			}
		}
	})
}

func TestNormThreadsAndAllocs(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		everyNorm(func(name string, skip, relu, withSkip bool) {
			for _, s := range [][2]int{{9000, 24}, {5001, 10}, {300, 600}} {
				n := newNormCase(34, s[0], s[1], skip, relu)
				d, d2 := make([]float32, len(n.X)), make([]float32, len(n.X))
				sums := make([]float32, 3*n.C)
				skipDot := sums[2*n.C:]
				if !withSkip {
					d2, skipDot = nil, nil
				}
				for what, f := range map[string]func() []float32{
					"y":    func() []float32 { n.Forward(d); return d },
					"sums": func() []float32 { n.GradSums(sums[:n.C], sums[n.C:2*n.C], skipDot, n.mean, n.dy); return sums },
					"dx":   func() []float32 { n.GradInput(d, d2, n.p, n.q, n.r, n.dy); return append(d[:len(d):len(d)], d2...) },
				} {
					a, b := kerneltest.WithThreads(f)
					kerneltest.Same(t, name+" "+what, a, b)
				}
				if true {
					kerneltest.NoAllocs(t, name, func() {
						n.Forward(d)
						n.GradSums(sums[:n.C], sums[n.C:2*n.C], skipDot, n.mean, n.dy)
						n.GradInput(d, d2, n.p, n.q, n.r, n.dy)
					})
				}
			}
		})
	})
}
