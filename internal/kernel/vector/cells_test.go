package vector

import (
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/simd"
)

// cellSteps lists the steps with the widths of their operands, in units.
var cellSteps = []struct {
	name   string
	widths []int
	run    func(v [][]float32)
}{
	{"tanh", []int{1, 1, 1}, func(v [][]float32) { TanhStep(v[0], v[1], v[2]) }},
	{"tanh back", []int{1, 1, 1, 1}, func(v [][]float32) { TanhStepBack(v[0], v[1], v[2], v[3]) }},
	{"relu", []int{1, 1, 1}, func(v [][]float32) { ReLUStep(v[0], v[1], v[2]) }},
	{"relu back", []int{1, 1, 1, 1}, func(v [][]float32) { ReLUStepBack(v[0], v[1], v[2], v[3]) }},
	{"lstm", []int{4, 4, 4, 1, 1, 1}, func(v [][]float32) { LSTMStep(v[0], v[1], v[2], v[3], v[4], v[5]) }},
	{"lstm in place of x", []int{4, 4, 1, 1}, func(v [][]float32) { LSTMStep(v[0], v[0], v[1], v[2], v[2], v[3]) }},
	{"lstm in place of u", []int{4, 4, 1, 1}, func(v [][]float32) { LSTMStep(v[0], v[1], v[0], v[2], v[2], v[3]) }},
	{"lstm back", []int{4, 4, 1, 1, 1, 1, 1}, func(v [][]float32) { LSTMStepBack(v[0], v[1], v[2], v[3], v[4], v[5], v[6]) }},
	{"gru", []int{3, 3, 3, 1, 1}, func(v [][]float32) { GRUStep(v[0], v[1], v[2], v[3], v[4]) }},
	{"gru in place of x", []int{3, 3, 1, 1}, func(v [][]float32) { GRUStep(v[0], v[0], v[1], v[2], v[3]) }},
	{"gru in place of u", []int{3, 3, 1, 1}, func(v [][]float32) { GRUStep(v[0], v[1], v[0], v[2], v[3]) }},
	{"gru back", []int{3, 3, 1, 1, 1, 1}, func(v [][]float32) { GRUStepBack(v[0], v[1], v[2], v[3], v[4], v[5]) }},
}

// TestCellSteps holds the assembly against its twin, on every number of units up
// to two vectors and more, at addresses that are not aligned, and checks that
// nothing outside is written.
func TestCellSteps(t *testing.T) {
	if !simd.AVX2 {
		t.Skip("no assembly")
	}
	defer simd.Use(simd.AVX2)
	inf := float32(math.Inf(1))
	odd := []float32{kerneltest.NaN, inf, -inf, 0, 1e-40, -1e-40, 1e30, -1e30, 90, -90, 1, -1}
	for _, c := range cellSteps {
		for n := 1; n <= 41; n++ {
			r := kerneltest.Rand(uint64(n))
			fast, slow := make([][]float32, len(c.widths)), make([][]float32, len(c.widths))
			buffers := make([][]float32, len(c.widths))
			for i, w := range c.widths {
				buffers[i] = kerneltest.Slice(r, n*w+2)
				for j := range buffers[i] {
					if r.IntN(9) == 0 && n > 20 {
						buffers[i][j] = odd[r.IntN(len(odd))]
					}
				}
				slow[i] = append([]float32(nil), buffers[i][1:1+n*w]...)
				fast[i] = buffers[i][1 : 1+n*w]
			}
			edges := func() (e []float32) {
				for _, b := range buffers {
					e = append(e, b[0], b[len(b)-1])
				}
				return e
			}
			before := edges()
			// Special values saturate: 1 − t² of a t next to 1 is a few roundings of t.
			tol := 1e-6
			if n > 20 {
				tol = 1e-4
			}
			simd.Use(false)
			c.run(slow)
			simd.Use(true)
			c.run(fast)
			kerneltest.Same(t, c.name+": outside", edges(), before)
			for i := range fast {
				for j, v := range fast[i] {
					want := slow[i][j]
					if v != v && want != want {
						continue
					}
					if d := math.Abs(float64(v) - float64(want)); v != want && !(d <= tol*(1+math.Abs(float64(want)))) {
						t.Fatalf("%s of %d: operand %d[%d] is %v, want %v", c.name, n, i, j, v, want)
					}
				}
			}
		}
	}
}

// TestCellStepsKeepZero: units with a candidate of zero stay at zero:
// pruning relies on it.
func TestCellStepsKeepZero(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		const n = 11
		r := kerneltest.Rand(70)
		u, x := kerneltest.Slice(r, 4*n), kerneltest.Slice(r, 4*n)
		for _, v := range [][]float32{u, x} {
			clear(v[2*n : 3*n])
		}
		c, h, s := make([]float32, n), make([]float32, n), make([]float32, n)
		gates := make([]float32, 4*n)
		LSTMStep(gates, x, u, c, c, h)
		GRUStep(gates, x, u, s, h)
		TanhStep(s, x[2*n:3*n], u[2*n:3*n])
		for _, v := range append(append(c, h...), s...) {
			if v != 0 {
				t.Fatalf("a value is %v, want 0", v)
			}
		}
	})
}
