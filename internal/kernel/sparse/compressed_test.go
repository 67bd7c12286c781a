package sparse

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

func TestCompressed(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := kerneltest.Rand(51)
		shapes := [][2]int{{1, 1}, {7, 23}, {64, 64}, {300, 20}, {129, 81}}
		if testing.Short() {
			shapes = shapes[:3]
		}
		for _, s := range shapes {
			for _, density := range []float64{0, 0.03, 0.3, 1} {
				w, bias := fanned(r, s[0], s[1]), kerneltest.Slice(r, s[1])
				for i, keep := range withZeros(r, len(w), density) {
					if keep == 0 {
						w[i] = 0
					}
				}
				for _, rows := range []int{1, 3, 17, 70} {
					relu, b := rows%2 == 1, bias
					if rows == 17 {
						b = nil
					}
					x, got := kerneltest.Slice(r, rows*s[0]), make([]float32, rows*s[1])
					NewCompressed(w, b, s[0], s[1]).Run().Forward(got, x, rows, relu)
					kerneltest.Near(t, fmt.Sprint(s, density, rows), got, multiplied(x, w, b, rows, s[0], s[1], relu), 1e-5)
				}
			}
		}
	})
}

// TestCompressedNotFinite: undefined and infinite inputs give the values of the dense product.
func TestCompressedNotFinite(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		const in, out = 30, 20
		r := kerneltest.Rand(52)
		for _, rows := range []int{2, 70} {
			x, w := kerneltest.Strange(kerneltest.Slice(r, rows*in)), fanned(r, in, out)
			for i, keep := range withZeros(r, len(w), 0.3) {
				if keep == 0 {
					w[i] = 0
				}
			}
			for i := range in { // a row with an infinity alone
				x[in+i] = 1
			}
			x[in+4] = float32(math.Inf(1))
			got, want := make([]float32, rows*out), make([]float32, rows*out)
			NewCompressed(w, nil, in, out).Run().Forward(got, x, rows, false)
			for i, v := range multiplied(x, w, nil, rows, in, out, false) {
				want[i] = float32(v)
			}
			kerneltest.Agree(t, fmt.Sprint(rows, " rows"), got, want, 1e-5)
		}
	})
}

func TestCompressedThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(53)
	w := withZeros(r, 300*200, 0.1)
	c := NewCompressed(w, nil, 300, 200)
	if d := c.Density(); d < 0.09 || d > 0.11 {
		t.Errorf("density %g, want 0.1", d)
	}
	for _, rows := range []int{1, 130} {
		x := kerneltest.Slice(r, rows*300)
		one, two := kerneltest.WithThreads(func() []float32 {
			y := make([]float32, rows*200)
			c.Run().Forward(y, x, rows, true)
			return y
		})
		kerneltest.Same(t, fmt.Sprint(rows, " rows"), two, one)
		run := c.Run()
		kerneltest.NoAllocs(t, "compressed weights", func() { run.Forward(two, x, rows, true) })
	}
}
