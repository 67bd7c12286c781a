package conv

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/simd"
)

// TestDepthwiseTiles compares the assembly with its portable twin.
func TestDepthwiseTiles(t *testing.T) {
	if !simd.Supported {
		t.Skip("no assembly kernels")
	}
	r := kerneltest.Rand(60)
	for _, width := range []int{3, 5, 7} {
		for tiles := 1; tiles <= 3; tiles++ {
			for _, taps := range [][2]int{{0, 0}, {1, 1}, {3, 2}, {2, 5}} {
				for _, add := range []bool{false, true} {
					for _, floor := range []float32{0, noFloor} {
						for _, odd := range []bool{false, true} {
							name := fmt.Sprint(tiles, " tiles of ", width, ", taps ", taps, add, floor, odd)
							s := depthwiseSum{ys: 19, xs: 33, xtap: 18, xrow: 200, w0: 300, wtap: 17, wrow: -60,
								rows: taps[0], taps: taps[1], floor: floor, add: add, bias: kerneltest.Slice(r, depthwiseLanes)}
							fill := func(n int) []float32 {
								if odd {
									return kerneltest.Strange(kerneltest.Slice(r, n))
								}
								return kerneltest.Slice(r, n)
							}
							x, w, y := fill(1400), fill(500), fill(19*width*tiles+depthwiseLanes)
							a, b := append([]float32(nil), y...), append([]float32(nil), y...)
							s.tiles(a, x, w, width, tiles)
							portable(func() { s.tiles(b, x, w, width, tiles) })
							kerneltest.Agree(t, name, a, b, 2e-6)
						}
					}
				}
			}
		}
	}
}

func TestDepthwisePack(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		x, dst := kerneltest.Slice(kerneltest.Rand(61), 2*3*5*20), make([]float32, 9*depthwiseLanes)
		for _, left := range []int{-2, 0, 2, 7, -9} {
			for _, c := range []int{0, 16} {
				rows := panelRows{in: image{n: 2, h: 3, w: 5, c: 20}, left: left, width: 9}
				for i := range dst {
					dst[i] = kerneltest.NaN
				}
				rows.pack(dst, x, 1, 2, c, min(depthwiseLanes, 20-c))
				for i, v := range dst {
					var want float32
					if w, ch := i/depthwiseLanes+left, i%depthwiseLanes+c; w >= 0 && w < 5 && ch < 20 {
						want = x[((3+2)*5+w)*20+ch]
					}
					if v != want {
						t.Fatalf("left %d, channel %d: value %d is %v, want %v", left, c, i, v, want)
					}
				}
			}
		}
	})
}

// TestDepthwiseAgainstRows runs both plans of depthwise convolutions on all shapes, those too
// that New gives to one of them only, and compares gradients of the weights with float64.
// Forward the plans agree to the last bit, where no channels
// are left to scalar loops.
func TestDepthwiseAgainstRows(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(63)
		for _, s := range convShapes {
			if !s.single() {
				continue
			}
			p, name := New(s), fmt.Sprintf("%+v", s)
			x, w, dy := kerneltest.Slice(r, p.inLen()), kerneltest.Slice(r, p.weightLen()), kerneltest.Slice(r, p.outLen())
			bias, start := kerneltest.Slice(r, s.O), kerneltest.Slice(r, p.inLen())
			agree := func(part string, tol float64, tiles, rows func() []float32) {
				t.Helper()
				one, two := kerneltest.WithThreads(tiles)
				kerneltest.Same(t, name+" "+part, one, two)
				kerneltest.Agree(t, name+" "+part, one, rows(), tol)
				kerneltest.NoAllocs(t, name+" "+part, func() { tiles() })
			}
			images := func(plan imagePlan, y, x, bias []float32, add bool, e Epilogue) func() []float32 {
				out := make([]float32, len(y))
				return func() []float32 {
					copy(out, y)
					plan.call(out, x, w, bias, add, e)
					return out
				}
			}
			tol := 2e-5
			if s.C%8 == 0 {
				tol = 0
			}
			tiles, rows := newDepthwise(s, false), newDepthwiseRows(s, false)
			agree("forward", tol, images(tiles, dy, x, bias, false, Epilogue{}), images(rows, dy, x, bias, false, Epilogue{}))
			agree("ReLU", tol, images(tiles, dy, x, nil, false, Epilogue{ReLU: true}), images(rows, dy, x, nil, false, Epilogue{ReLU: true}))
			tiles, rows = newDepthwise(s, true), newDepthwiseRows(s, true)
			agree("input gradient", 2e-5, images(tiles, start, dy, nil, false, Epilogue{}), images(rows, start, dy, nil, false, Epilogue{}))
			agree("added input gradient", 2e-5, images(tiles, start, dy, nil, true, Epilogue{}), images(rows, start, dy, nil, true, Epilogue{}))
			dw, want, weights := make([]float32, len(w)), make([]float64, len(w)), newDepthwiseWeights(s)
			visit(s, func(yi, xi, wi int) { want[wi] += float64(dy[yi]) * float64(x[xi]) })
			sum := func() []float32 { weights.call(dw, x, dy); return dw }
			one, two := kerneltest.WithThreads(sum)
			kerneltest.Same(t, name+" weight gradient", one, two)
			kerneltest.Near(t, name+" weight gradient", one, want, 2e-5)
			kerneltest.NoAllocs(t, name+" weight gradient", func() { sum() })
		}
	})
}

// TestDepthwiseKeepsNaN puts a NaN into one channel of the input, forward with ReLU and
// moments and in both gradients: all other channels stay numbers.
func TestDepthwiseKeepsNaN(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		const channel, c = 18, 37
		s := plain(2, 9, 20, c, c, 3, 3, 1, 1, 1, 1, c)
		r, p := kerneltest.Rand(62), New(s)
		x, w, dy := kerneltest.Slice(r, p.inLen()), kerneltest.Slice(r, p.weightLen()), kerneltest.Slice(r, p.outLen())
		at := (5*20+4)*c + channel // of image 0
		x[at] = kerneltest.NaN
		y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
		window := func(name string, v []float32) {
			t.Helper()
			for i := range v {
				h, col := i/c/20, i/c%20
				if want := i%c == channel && h >= 4 && h <= 6 && col >= 3 && col <= 5; (v[i] != v[i]) != want {
					t.Fatalf("%s: value %d is %v", name, i, v[i])
				}
			}
		}
		p.Forward(y, x, w, nil, Epilogue{ReLU: true})
		window("ReLU", y)
		mean, variance := make([]float32, c), make([]float32, c)
		p.Forward(y, x, w, nil, Epilogue{Mean: mean, Variance: variance})
		window("forward", y)
		p.BackwardWeights(dw, x, dy)
		dy[at] = kerneltest.NaN
		p.BackwardInput(dx, dy, w, false)
		window("input gradient", dx)
		for i := range c {
			if bad := i == channel; (mean[i] != mean[i]) != bad || (variance[i] != variance[i]) != bad {
				t.Errorf("moments of channel %d: %v %v", i, mean[i], variance[i])
			}
		}
		for i, v := range dw {
			if (v != v) != (i%c == channel) {
				t.Errorf("weight gradient %d is %v", i, v)
			}
		}
	})
}
