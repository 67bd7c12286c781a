package norm

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// groupShapes are N, rows, channels, groups and the channels that a group counts.
var groupShapes = [][5]int{{1, 1, 1, 1, 1}, {2, 5, 3, 1, 3}, {3, 7, 8, 4, 2}, {2, 300, 27, 3, 9},
	{5, 9, 40, 40, 1}, {3, 30, 12, 3, 6}, {1, 4000, 16, 2, 8}}

func groupsOf(s [5]int, eps float32) Groups {
	g := Groups{N: s[0], Rows: s[1], C: s[2], Count: s[4] * s[1], Eps: eps, Group: make([]int, s[2])}
	for i := range g.Group {
		g.Group[i] = i % s[3] // groups need not lie together
	}
	return g
}

// normalised64 returns x̂ of every value and 1/√(variance + eps) of every group and example.
func (g Groups) normalised64(x []float64) (hat, invstd []float64) {
	groups, count := g.groups(), float64(g.Count)
	mean, square := make([]float64, g.N*groups), make([]float64, g.N*groups)
	at := func(i int) int { return i/(g.Rows*g.C)*groups + g.Group[i%g.C] }
	for i, v := range x {
		mean[at(i)] += v / count
	}
	there := make([]float64, len(mean))
	for i, v := range x {
		square[at(i)] += (v - mean[at(i)]) * (v - mean[at(i)])
		there[at(i)]++
	}
	for k, s := range square {
		square[k] = 1 / math.Sqrt((s+(count-there[k])*mean[k]*mean[k])/count+float64(g.Eps))
	}
	hat = make([]float64, len(x))
	for i, v := range x {
		hat[i] = (v - mean[at(i)]) * square[at(i)]
	}
	return hat, square
}

func TestGroups(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(70)
		for _, s := range groupShapes {
			g := groupsOf(s, 1e-2)
			size, groups := g.N*g.Rows*g.C, g.groups()
			x, dy := kerneltest.Slice(r, size), kerneltest.Slice(r, size)
			gamma, beta := kerneltest.Slice(r, g.C), kerneltest.Slice(r, g.C)
			y, dx, mean, invstd := make([]float32, size), make([]float32, size), make([]float32, g.N*groups), make([]float32, g.N*groups)
			dg, db := make([]float32, g.C), make([]float32, g.C)
			g.Forward(y, mean, invstd, x, gamma, beta)
			g.Backward(dx, dg, db, x, mean, invstd, gamma, dy)

			hat, inv := g.normalised64(kerneltest.Float64s(x))
			kerneltest.Near(t, fmt.Sprint("invstd", s), invstd, inv, 1e-6)
			want, wdg, wdb := make([]float64, size), make([]float64, g.C), make([]float64, g.C)
			p, q := make([]float64, len(inv)), make([]float64, len(inv))
			at := func(i int) int { return i/(g.Rows*g.C)*groups + g.Group[i%g.C] }
			for i, h := range hat {
				want[i] = h*float64(gamma[i%g.C]) + float64(beta[i%g.C])
				up := float64(dy[i])
				wdg[i%g.C] += up * h
				wdb[i%g.C] += up
				p[at(i)] += up * float64(gamma[i%g.C]) / float64(g.Count)
				q[at(i)] += up * float64(gamma[i%g.C]) * h / float64(g.Count)
			}
			kerneltest.Near(t, fmt.Sprint("y", s), y, want, 3e-6)
			kerneltest.Near(t, fmt.Sprint("dgamma", s), dg, wdg, 1e-5)
			kerneltest.Near(t, fmt.Sprint("dbeta", s), db, wdb, 1e-5)
			for i, h := range hat {
				want[i] = inv[at(i)] * (float64(dy[i])*float64(gamma[i%g.C]) - p[at(i)] - h*q[at(i)])
			}
			kerneltest.Near(t, fmt.Sprint("dx", s), dx, want, 5e-6)

			g.Backward(dy, dg, db, x, mean, invstd, gamma, dy)
			kerneltest.Same(t, "dx in place", dy, dx)
			g.Forward(x, mean, invstd, x, gamma, beta)
			kerneltest.Same(t, "y in place", x, y)
		}
	})
}

// TestGroupsFarMean holds that a mean far larger than the deviations costs no more than the
// rounding of the mean, and that a NaN spoils its group alone.
func TestGroupsFarMean(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		g := groupsOf([5]int{2, 60, 12, 3, 4}, 0)
		size := g.N * g.Rows * g.C
		x, one, zero := kerneltest.Slice(kerneltest.Rand(71), size), make([]float32, g.C), make([]float32, g.C)
		for i := range x {
			x[i] += 1000
		}
		for i := range one {
			one[i] = 1
		}
		y, mean, invstd := make([]float32, size), make([]float32, 6), make([]float32, 6)
		g.Forward(y, mean, invstd, x, one, zero)
		want, _ := g.normalised64(kerneltest.Float64s(x))
		kerneltest.Near(t, "y", y, want, 1e-4)

		x[0] = kerneltest.NaN
		g.Forward(y, mean, invstd, x, one, zero)
		for i, v := range y {
			if spoilt := i < g.Rows*g.C && g.Group[i%g.C] == 0; (v != v) != spoilt {
				t.Fatalf("value %d is %v", i, v)
			}
		}
	})
}

func TestGroupsThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(72)
	for _, s := range [][5]int{{9, 200, 24, 4, 6}, {1, 5000, 24, 4, 6}} {
		g := groupsOf(s, 1e-5)
		size, groups := g.N*g.Rows*g.C, g.groups()
		x, dy, gamma, out := kerneltest.Slice(r, size), kerneltest.Slice(r, size), kerneltest.Slice(r, g.C), make([]float32, size)
		mean, invstd, dg, db := make([]float32, g.N*groups), make([]float32, g.N*groups), make([]float32, g.C), make([]float32, g.C)
		for name, f := range map[string]func() []float32{
			"forward":  func() []float32 { g.Forward(out, mean, invstd, x, gamma, gamma); return out },
			"backward": func() []float32 { g.Backward(out, dg, db, x, mean, invstd, gamma, dy); return out },
		} {
			a, b := kerneltest.WithThreads(f)
			kerneltest.Same(t, name, a, b)
			kerneltest.NoAllocs(t, name, func() { f() })
		}
	}
}

func TestRMS(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(73)
		for _, s := range [][3]int{{1, 1, 1}, {3, 5, 5}, {7, 8, 12}, {9, 31, 40}, {300, 48, 48}, {2, 5000, 5000}} {
			rows, d, width := s[0], s[1], s[2]
			x, dy, gamma := kerneltest.Slice(r, rows*d), kerneltest.Slice(r, rows*d), kerneltest.Slice(r, d)
			y, dx, inv, dg := make([]float32, rows*d), make([]float32, rows*d), make([]float32, rows), make([]float32, d)
			RMS(y, inv, x, gamma, rows, d, width, 1e-3)
			RMSBackward(dx, dg, x, inv, gamma, dy, rows, d, width)
			wdg := make([]float64, d)
			for i := range rows {
				row, up := kerneltest.Float64s(x[i*d:][:d]), kerneltest.Float64s(dy[i*d:][:d])
				squares, dot := 0.0, 0.0
				for _, v := range row {
					squares += v * v / float64(width)
				}
				s := 1 / math.Sqrt(squares+float64(float32(1e-3)))
				for k, v := range row {
					dot += up[k] * float64(gamma[k]) * v * s / float64(width)
					wdg[k] += up[k] * v * s
				}
				want, wdx := make([]float64, d), make([]float64, d)
				for k, v := range row {
					want[k] = v * s * float64(gamma[k])
					wdx[k] = s * (up[k]*float64(gamma[k]) - v*s*dot)
				}
				kerneltest.Near(t, fmt.Sprint("y", s), y[i*d:][:d], want, 2e-6)
				kerneltest.Near(t, fmt.Sprint("dx", s), dx[i*d:][:d], wdx, 2e-6)
			}
			kerneltest.Near(t, fmt.Sprint("dgamma", s), dg, wdg, 1e-5)
		}
	})
}
