package resample

import (
	"fmt"
	"slices"
	"testing"

	"pare/internal/kernel/kerneltest"
)

func TestResample(t *testing.T) {
	r := kerneltest.Rand(60)
	axes := map[string]func(in, out int) Axis{
		"nearest": Nearest, "means": Means,
		"linear":  func(in, out int) Axis { return Linear(in, out, false) },
		"corners": func(in, out int) Axis { return Linear(in, out, true) },
	}
	for name, axis := range axes {
		for _, s := range [][6]int{{2, 3, 4, 5, 6, 8}, {1, 5, 7, 1, 3, 2}, {3, 1, 2, 9, 4, 1}, {1, 6, 5, 3, 6, 5}, {2, 4, 3, 17, 1, 11}} {
			n, h, w, c, oh, ow := s[0], s[1], s[2], s[3], s[4], s[5]
			rows, columns := axis(h, oh), axis(w, ow)
			what := fmt.Sprint(name, s)
			x, dy := kerneltest.Slice(r, n*h*w*c), kerneltest.Slice(r, n*oh*ow*c)
			y, dx := kerneltest.Slice(r, len(dy)), kerneltest.Slice(r, len(x))
			wy, wdx := make([]float64, len(y)), make([]float64, len(x))
			a, b := rows.Matrix(), columns.Matrix()
			for i := range wy {
				k, q, p, m := i%c, i/c%ow, i/c/ow%oh, i/c/ow/oh
				for u := range h {
					for v := range w {
						at, f := ((m*h+u)*w+v)*c+k, float64(a[p*h+u])*float64(b[q*w+v])
						wy[i] += f * float64(x[at])
						wdx[at] += f * float64(dy[i])
					}
				}
			}
			plan := New(n, c, rows, columns)
			plan.Forward(y, x)
			kerneltest.Near(t, what, y, wy, 1e-6)
			plan.Backward(dx, dy)
			kerneltest.Near(t, what+" gradient", dx, wdx, 1e-6)
			one, two := kerneltest.WithThreads(func() []float32 { plan.Backward(dx, dy); return dx })
			kerneltest.Same(t, what, one, two)
			kerneltest.NoAllocs(t, what, func() { plan.Forward(y, x); plan.Backward(dx, dy) })
			for i, r := range append(slices.Clone(rows.Runs), columns.Runs...) {
				sum := float32(0)
				for _, w := range r.Weights {
					sum += w
				}
				if sum < 0.999999 || sum > 1.000001 {
					t.Errorf("%s: weights of %d sum to %v", what, i, sum)
				}
			}
		}
	}
}
