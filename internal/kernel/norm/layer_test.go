package norm

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// layerNorm64 returns the normalised row and 1/√(variance + eps).
func layerNorm64(x []float64, eps float64) (hat []float64, invstd float64) {
	n := float64(len(x))
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / n
	}
	invstd = 1 / math.Sqrt(variance+eps)
	hat = make([]float64, len(x))
	for i, v := range x {
		hat[i] = (v - mean) * invstd
	}
	return hat, invstd
}

func TestLayer(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(50)
		for _, s := range [][2]int{{1, 1}, {3, 5}, {7, 8}, {9, 31}, {300, 48}, {70, 128}, {2, 5000}} {
			rows, d := s[0], s[1]
			x, dy, g, b := kerneltest.Slice(r, rows*d), kerneltest.Slice(r, rows*d), kerneltest.Slice(r, d), kerneltest.Slice(r, d)
			y, dx, mean, invstd := make([]float32, rows*d), make([]float32, rows*d), make([]float32, rows), make([]float32, rows)
			dg, db := kerneltest.Slice(r, d), kerneltest.Slice(r, d)
			const eps = 1e-3
			Layer(y, mean, invstd, x, g, b, rows, d, d, eps)
			LayerBackward(dx, dg, db, x, mean, invstd, g, dy, rows, d, d)
			wdg, wdb, wdx := make([]float64, d), make([]float64, d), make([]float64, d)
			for i := range rows {
				hat, inv := layerNorm64(kerneltest.Float64s(x[i*d:][:d]), float64(float32(eps)))
				want := make([]float64, d)
				p, q := 0.0, 0.0
				for k, h := range hat {
					up := float64(dy[i*d+k])
					want[k] = h*float64(g[k]) + float64(b[k])
					wdg[k] += up * h
					wdb[k] += up
					p += up * float64(g[k]) / float64(d)
					q += up * float64(g[k]) * h / float64(d)
				}
				for k, h := range hat {
					wdx[k] = inv * (float64(dy[i*d+k])*float64(g[k]) - p - h*q)
				}
				kerneltest.Near(t, fmt.Sprint("y", s), y[i*d:][:d], want, 2e-6)
				kerneltest.Near(t, fmt.Sprint("dx", s), dx[i*d:][:d], wdx, 2e-6)
			}
			kerneltest.Near(t, fmt.Sprint("dgamma", s), dg, wdg, 1e-5)
			kerneltest.Near(t, fmt.Sprint("dbeta", s), db, wdb, 1e-5)

			alone, g2, b2 := make([]float32, rows*d), make([]float32, d), make([]float32, d)
			LayerBackward(alone, nil, nil, x, mean, invstd, g, dy, rows, d, d)
			kerneltest.Same(t, "dx alone", alone, dx)
			LayerBackward(nil, g2, b2, x, mean, invstd, g, dy, rows, d, d)
			kerneltest.Same(t, "dgamma alone", g2, dg)
			kerneltest.Same(t, "dbeta alone", b2, db)
			LayerBackward(dy, nil, nil, x, mean, invstd, g, dy, rows, d, d)
			kerneltest.Same(t, "dx in place", dy, dx)
			Layer(x, mean, invstd, x, g, b, rows, d, d, eps)
			kerneltest.Same(t, "y in place", x, y)
		}
	})
}

// TestLayerNormDifferences holds the gradient against finite differences of
// the definition.
func TestLayerNormDifferences(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(51)
		const d, eps = 11, 1e-2
		x, dy, g, b := kerneltest.Slice(r, d), kerneltest.Slice(r, d), kerneltest.Slice(r, d), kerneltest.Slice(r, d)
		y, mean, invstd := make([]float32, d), make([]float32, 1), make([]float32, 1)
		dx, dg, db := make([]float32, d), make([]float32, d), make([]float32, d)
		Layer(y, mean, invstd, x, g, b, 1, d, d, eps)
		LayerBackward(dx, dg, db, x, mean, invstd, g, dy, 1, d, d)
		args := [][]float64{kerneltest.Float64s(x), kerneltest.Float64s(g), kerneltest.Float64s(b)}
		loss := func() float64 {
			hat, _ := layerNorm64(args[0], eps)
			sum := 0.0
			for i, h := range hat {
				sum += float64(dy[i]) * (h*args[1][i] + args[2][i])
			}
			return sum
		}
		for k, got := range [][]float32{dx, dg, db} {
			want := make([]float64, d)
			for i, v := range args[k] {
				const h = 1e-5
				args[k][i] = v + h
				up := loss()
				args[k][i] = v - h
				want[i] = (up - loss()) / (2 * h)
				args[k][i] = v
			}
			kerneltest.Near(t, fmt.Sprint("gradient ", k), got, want, 1e-6)
		}
	})
}

// TestLayerNormFarMean holds that a mean far larger than the deviations costs
// no more than the rounding of the mean.
func TestLayerNormFarMean(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(52)
		const d = 500
		x, one, zero := kerneltest.Slice(r, d), make([]float32, d), make([]float32, d)
		for i := range x {
			x[i] += 1000
			one[i] = 1
		}
		y, mean, invstd := make([]float32, d), make([]float32, 1), make([]float32, 1)
		Layer(y, mean, invstd, x, one, zero, 1, d, d, 0)
		want, inv := layerNorm64(kerneltest.Float64s(x), 0)
		kerneltest.Near(t, "y", y, want, 1e-4) // half a unit of the mean is 3e-5, deviations are 0.6
		kerneltest.Near(t, "invstd", invstd, []float64{inv}, 1e-6)

		x[3] = kerneltest.NaN
		Layer(y, mean, invstd, x, one, zero, 1, d, d, 0)
		for i, v := range y {
			if v == v {
				t.Fatalf("value %d of a row with NaN is %v", i, v)
			}
		}
	})
}

// TestLayerNormWidth holds the form that leaves zeros out against the one with
// the zeros in the row.
func TestLayerNormWidth(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(55)
		for _, s := range [][3]int{{1, 1, 2}, {5, 3, 4}, {40, 24, 128}, {300, 17, 18}} {
			rows, d, width := s[0], s[1], s[2]
			pad := func(x []float32) []float32 {
				out := make([]float32, 0, len(x)/d*width)
				for ; len(x) > 0; x = x[d:] {
					out = append(append(out, x[:d]...), make([]float32, width-d)...)
				}
				return out
			}
			cut := func(x []float32) (out []float64) {
				for ; len(x) > 0; x = x[width:] {
					out = append(out, kerneltest.Float64s(x[:d])...)
				}
				return out
			}
			x, dy, g, b := kerneltest.Slice(r, rows*d), kerneltest.Slice(r, rows*d), kerneltest.Slice(r, d), kerneltest.Slice(r, d)
			const eps = 1e-3
			run := func(x, dy, g, b []float32, d int) (y, dx, dg, db []float32) {
				mean, invstd := make([]float32, rows), make([]float32, rows)
				y, dx, dg, db = make([]float32, len(x)), make([]float32, len(x)), make([]float32, d), make([]float32, d)
				Layer(y, mean, invstd, x, g, b, rows, d, width, eps)
				LayerBackward(dx, dg, db, x, mean, invstd, g, dy, rows, d, width)
				return y, dx, dg, db
			}
			y, dx, dg, db := run(x, dy, g, b, d)
			wy, wdx, wdg, wdb := run(pad(x), pad(dy), pad(g), pad(b), width)
			kerneltest.Near(t, fmt.Sprint("y", s), y, cut(wy), 2e-6)
			kerneltest.Near(t, fmt.Sprint("dx", s), dx, cut(wdx), 3e-6)
			kerneltest.Near(t, fmt.Sprint("dgamma", s), dg, cut(wdg), 1e-5)
			kerneltest.Near(t, fmt.Sprint("dbeta", s), db, cut(wdb), 1e-5)
		}
	})
}

func TestLayerNormThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(53)
	const rows, d = 1100, 72
	x, dy, g, out := kerneltest.Slice(r, rows*d), kerneltest.Slice(r, rows*d), kerneltest.Slice(r, d), make([]float32, rows*d)
	mean, invstd, dg, db := make([]float32, rows), make([]float32, rows), make([]float32, d), make([]float32, d)
	Layer(out, mean, invstd, x, g, g, rows, d, d, 1e-5)
	for name, f := range map[string]func() []float32{
		"forward": func() []float32 { Layer(out, mean, invstd, x, g, g, rows, d, d, 1e-5); return out },
		"dx":      func() []float32 { LayerBackward(out, dg, db, x, mean, invstd, g, dy, rows, d, d); return out },
		"dgamma":  func() []float32 { LayerBackward(nil, dg, db, x, mean, invstd, g, dy, rows, d, d); return dg },
	} {
		a, b := kerneltest.WithThreads(f)
		kerneltest.Same(t, name, a, b)
		kerneltest.NoAllocs(t, name, func() { f() })
	}
}

func BenchmarkLayer(b *testing.B) {
	for _, s := range [][2]int{{64, 128}, {4096, 128}, {512, 768}} {
		rows, d := s[0], s[1]
		r := kerneltest.Rand(54)
		x, dy, g, out := kerneltest.Aligned(r, rows*d), kerneltest.Aligned(r, rows*d), kerneltest.Aligned(r, d), make([]float32, rows*d)
		mean, invstd, dg, db := make([]float32, rows), make([]float32, rows), make([]float32, d), make([]float32, d)
		Layer(out, mean, invstd, x, g, g, rows, d, d, 1e-5)
		for name, f := range map[string]func(){
			"forward":  func() { Layer(out, mean, invstd, x, g, g, rows, d, d, 1e-5) },
			"backward": func() { LayerBackward(out, dg, db, x, mean, invstd, g, dy, rows, d, d) },
		} {
			b.Run(fmt.Sprint(name, s), func(b *testing.B) {
				b.SetBytes(int64(4 * rows * d))
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows*d), "ns/value")
			})
		}
	}
}
