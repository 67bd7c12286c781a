package sparse

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// TestRecurrent: all states, and the state that goes on, obey the definition.
func TestRecurrent(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := kerneltest.Rand(71)
		for _, s := range [][4]int{{1, 1, 1, 1}, {1, 9, 5, 40}, {3, 4, 30, 17}, {37, 5, 8, 65}} {
			n, steps, in, units := s[0], s[1], s[2], s[3]
			w, u, bias := fanned(r, in, units), fanned(r, units, units), kerneltest.Slice(r, units)
			x, start := uneven(r, n*steps, in), withZeros(r, n*units, 0.3)
			state, want := kerneltest.Float64s(start), []float64{}
			for i := range n {
				for p := range steps {
					next := make([]float64, units)
					for j := range next {
						next[j] = float64(bias[j])
						for k, v := range x[(i*steps+p)*in:][:in] {
							next[j] += float64(v) * float64(w[k*units+j])
						}
						for k, v := range state[i*units:][:units] {
							next[j] += v * float64(u[k*units+j])
						}
						next[j] = max(next[j], 0)
					}
					copy(state[i*units:], next)
					want = append(want, next...)
				}
			}
			for _, c := range []*Calibration{never, usual, always} {
				y, h := make([]float32, len(want)), append([]float32(nil), start...)
				NewRecurrent(w, u, bias, in, units, c, nil).Run().Forward(y, x, h, n, steps)
				kerneltest.Near(t, fmt.Sprint("states ", s, *c.Fixed), y, want, 1e-5)
				kerneltest.Near(t, fmt.Sprint("last state ", s, *c.Fixed), h, state, 1e-5)
			}
		}
	})
}

func TestRecurrentThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(72)
	const n, steps, in, units = 40, 6, 20, 64
	x := withZeros(r, n*steps*in, 0.2)
	l := NewRecurrent(fanned(r, in, units), fanned(r, units, units), nil, in, units, usual, nil)
	one, two := kerneltest.WithThreads(func() []float32 {
		y := make([]float32, n*steps*units)
		l.Run().Forward(y, x, make([]float32, n*units), n, steps)
		return y
	})
	kerneltest.Same(t, "threads", two, one)
	run, h := l.Run(), make([]float32, n*units)
	kerneltest.NoAllocs(t, "a recurrent layer", func() { run.Forward(two, x, h, n, steps) })
}
