package sparse

import (
	"math"
	"testing"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/kerneltest"
)

// TestCounts: layers that always skip execute one multiply-accumulate for each value that is not 0
// and weight that meets it, and layers that never do all of them.
func TestCounts(t *testing.T) {
	r := kerneltest.Rand(71)
	check := func(name string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d multiply-accumulates counted, want %d", name, got, want)
		}
	}
	var sum int64
	taken := func() int { n := int(sum); sum = 0; return n }
	for _, rows := range []int{1, 5, 70} {
		const in, out = 300, 23
		x := uneven(r, rows, in)
		w, y := fanned(r, in, out), make([]float32, rows*out)
		for even, want := range map[*Calibration]int{always: gemm.Count(x) * out, never: rows * in * out} {
			run := NewLinear(w, nil, in, out, even, nil).Run()
			run.Counts = &sum
			run.Forward(y, x, rows, false)
			check("linear", taken(), want)
		}
		clear(w[:len(w)/2])
		compressed := NewCompressed(w, nil, in, out).Run()
		compressed.Counts = &sum
		compressed.Forward(y, x, rows, false)
		check("compressed", taken(), rows*gemm.Count(w))

		const hidden = 150
		f := feedForward(r, x, in, hidden, out, 0.3, true)
		for _, s := range [][]float32{x, f.First, f.FirstBias} { // sums are exact in any order
			for i, v := range s {
				s[i] = float32(math.Round(64*float64(v)) / 64)
			}
		}
		units := 0
		for i := range rows {
			for u := range hidden {
				h := f.FirstBias[u]
				for k := range in {
					h += x[i*in+k] * f.First[k*hidden+u]
				}
				if h > 0 {
					units++
				}
			}
		}
		for even, want := range map[*Calibration]int{always: units, never: rows * hidden} {
			run := NewFFN(f, even).Run()
			var first, up, down int64
			run.Counts.First, run.Counts.Up, run.Counts.Down = &first, &up, &down
			run.Forward(y, x, rows)
			check("first", int(first), rows*in*hidden)
			check("up", int(up), want*in)
			check("down", int(down), want*out)
		}

		const n, units2, steps = 2, 20, 7
		seq := withZeros(r, n*steps*in, 0.3)
		states, h := make([]float32, n*steps*units2), make([]float32, n*units2)
		recurrent := NewRecurrent(fanned(r, in, units2), fanned(r, units2, units2), nil, in, units2, always, nil).Run()
		recurrent.Counts = &sum
		recurrent.Forward(states, seq, h, n, steps)
		check("recurrent", taken(), units2*(gemm.Count(seq)+gemm.Count(states)-gemm.Count(h)))
	}
	for _, n := range []int{1, 3} {
		s := ConvShape{H: 6, W: 7, C: 70, O: 40, KH: 3, KW: 3, PadH: 1, PadW: 1}
		x, y := withZeros(r, n*s.H*s.W*s.C, 0.2), make([]float32, n*s.H*s.W*s.O)
		dense := func(int) func(_, _ []float32) { return nil }
		want := 0
		for row := range n * s.H {
			taps := 3 // rows of the kernel that see the row
			if row%s.H == 0 || row%s.H == s.H-1 {
				taps = 2
			}
			want += gemm.Count(x[row*s.W*s.C:][:s.W*s.C]) * taps * 3 * s.O
		}
		for even, want := range map[*Calibration]int{always: want, never: n * s.H * s.W * s.C * s.O * 9} {
			run := NewConv(s, fanned(r, 9*s.C, s.O), nil, even, dense).Run()
			run.Counts = &sum
			run.Forward(y, x, n, ConvEpilogue{ReLU: true})
			check("convolution", taken(), want)
		}
	}
}
